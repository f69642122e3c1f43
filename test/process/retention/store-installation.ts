import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { outputOf, run, type Finished } from '../../../src/base/exec.ts';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { formatSettings, type Settings } from '../../../src/contract/settings.ts';
import { parseStatus } from '../../../src/contract/status.ts';
import { templateContext } from '../../../src/manifest/context.ts';
import { loadRetention } from '../../../src/manifest/retention.ts';
import { freePorts } from '../../helpers/ports.ts';
import { renderTemplates } from '../../helpers/render-templates.ts';
import { beforeRemoval, temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** The machine's Python; undefined when it has none. */
export const PYTHON = outputOf('python3', ['-c', 'import sys; print(sys.executable)'])?.trim();

export type StoreName = 'go-carbon' | 'carbon-cache';

export interface StoreInstallation {
  layout: Layout;
  port: number;
  whisper: string;
  /** Runs a dkm command on it. */
  dkm: (...args: string[]) => Promise<Finished>;
  /** Writes conf/whisper/storage-schemas.conf, sections by name. */
  setSchemas: (rules: Record<string, { pattern: string; retentions: string }>) => void;
}

/** Where `make-package` left a store; undefined before it ran. */
export function builtStore(store: StoreName): string | undefined {
  const cache = join(ROOT, 'build', 'cache', 'components');
  if (!existsSync(cache)) return undefined;
  const found = readdirSync(cache).filter((name) => name.startsWith(`${store}.`));
  return found.map((name) => join(cache, name, 'files')).find((path) => existsSync(path));
}

/** An installed directory with a store alone, its configuration as the installer writes it. With a `component` it can be started. */
export async function storeInstallation(store: StoreName, component?: string): Promise<StoreInstallation> {
  const layout = layoutOf(join(temporaryDirectory(), 'install'));
  const port = await freePorts();
  const whisper = join(layout.storage, 'whisper');
  const manifests = join(layout.current, 'vendor-manifests');
  for (const directory of [layout.conf, layout.logs, manifests, whisper, join(layout.current, 'components'), join(layout.storage, 'go-carbon', 'dump')])
    mkdirSync(directory, { recursive: true });
  const settings: Settings = {
    install: {
      type: 'all',
      port,
      hostname: 'host.example.org',
      listen: { dashboards: '127.0.0.1', carbon: '127.0.0.1', query: '127.0.0.1' },
      ...(PYTHON && { python: PYTHON }),
      providers: { store },
    },
    services: {},
  };
  for (const file of [`${store}.toml`, '_retention.toml']) cpSync(join(ROOT, 'vendor-manifests', file), join(manifests, file));
  if (component !== undefined) symlinkSync(component, join(layout.current, 'components', store));
  const context = templateContext(store, settings, layout, await loadRetention(manifests));
  for (const [file, text] of await renderTemplates(store, context)) {
    mkdirSync(dirname(join(layout.root, file)), { recursive: true });
    writeFileSync(join(layout.root, file), text);
  }
  writeFileSync(layout.settings, formatSettings(settings));
  beforeRemoval(() => stopSupervisor(layout));
  return {
    layout,
    port,
    whisper,
    dkm: (...args) => run(process.execPath, [join(ROOT, 'src', 'main.ts'), 'dkm', '--directory', layout.root, ...args], { timeoutMs: 90_000 }),
    setSchemas: (rules) => {
      const sections = Object.entries(rules).map(([name, { pattern, retentions }]) => `[${name}]\npattern = ${pattern}\nretentions = ${retentions}\n`);
      writeFileSync(join(layout.conf, 'whisper', 'storage-schemas.conf'), sections.join('\n'));
    },
  };
}

async function stopSupervisor(layout: Layout): Promise<void> {
  const supervisor = existsSync(layout.status) ? parseStatus(readFileSync(layout.status, 'utf8')) : undefined;
  if (!supervisor || !isSameProcess(supervisor.pid, supervisor.pidStartTime)) return;
  process.kill(supervisor.pid, 'SIGTERM');
  await eventually('the supervisor stopped everything and ended', () => !isSameProcess(supervisor.pid, supervisor.pidStartTime));
}
