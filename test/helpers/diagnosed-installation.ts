import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run, runOrThrow, type Finished } from '../../src/base/exec.ts';
import { layoutOf, type Layout } from '../../src/base/layout.ts';
import { makeFakeBundle, type FakeComponent } from './fake-bundle.ts';
import { freePorts } from './ports.ts';
import { runInstaller } from './run-installer.ts';
import { beforeRemoval, temporaryDirectory } from './temporary.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const SERVICE = join(import.meta.dirname, 'graphite-service.mjs');

/** A directory installed by the installer from a fake bundle of services that really run, to find faults in. */
export interface DiagnosedInstallation {
  layout: Layout;
  port: number;
  dkm: (...args: string[]) => Promise<Finished>;
  /** What `dkm doctor` finds, each as `level check: what`; `what` is a sentence. */
  findings: () => Promise<string[]>;
  /** Replaces, or adds, a file of the installed directory. */
  write: (path: string, text: string) => void;
  /** Copies the installed directory; what it returns puts it back as it was. Only while nothing runs. */
  snapshot: () => Promise<() => Promise<void>>;
  /** Tells the services something (see graphite-service.mjs). */
  order: (name: string, text: string | undefined) => void;
}

/** What the fake components may differ in. */
export interface DiagnosedOptions {
  start?: boolean;
  type?: string;
  args?: string[];
  components?: FakeComponent[];
}

/** Installs and, unless told not to, starts it; everything is stopped after the test. */
export async function diagnosedInstallation({ start = true, type = 'all', args = [], components }: DiagnosedOptions = {}): Promise<DiagnosedInstallation> {
  const folder = temporaryDirectory();
  const orders = join(folder, 'orders');
  mkdirSync(orders);
  const bundle = join(folder, 'bundle');
  await makeFakeBundle(bundle, { components: components ?? standIns(orders) });
  const layout = layoutOf(join(folder, 'install'));
  const port = await freePorts();
  const installed = await runInstaller(bundle, ['-d', layout.root, '-p', String(port), '-t', type, ...LOOPBACK, ...args]);
  if (installed.code !== 0) throw new Error(`installer ended with ${installed.code}: ${installed.stdout}${installed.stderr}`);
  const dkm = (...words: string[]): Promise<Finished> =>
    run(process.execPath, [MAIN, 'dkm', '--directory', layout.root, ...words], { timeoutMs: 90_000, cwd: folder });
  if (start) {
    beforeRemoval(() => dkm('stop'));
    const started = await dkm('start');
    if (started.code !== 0) throw new Error(`dkm start ended with ${started.code}: ${started.stdout}${started.stderr}`);
  }
  return {
    layout,
    port,
    dkm,
    findings: async () => findingsIn(await dkm('doctor', '--json')),
    write: (path, text) => {
      mkdirSync(dirname(join(layout.root, path)), { recursive: true });
      writeFileSync(join(layout.root, path), text, { mode: 0o600 });
    },
    snapshot: async () => {
      const copy = join(folder, 'snapshot');
      await runOrThrow('cp', ['-a', layout.root, copy]); // cpSync does not keep the modes of directories
      return async () => {
        rmSync(layout.root, { recursive: true });
        await runOrThrow('cp', ['-a', copy, layout.root]);
      };
    },
    order: (name, text) => (text === undefined ? rmSync(join(orders, name), { force: true }) : writeFileSync(join(orders, name), text)),
  };
}

const LOOPBACK = ['--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1'];

function findingsIn({ stdout, stderr }: Finished): string[] {
  const { findings } = JSON.parse(stdout || stderr) as { findings: { level: string; check: string; what: string }[] };
  return findings.map(({ level, check, what }) => `${level} ${check}: ${what}`);
}

function standIn(
  name: string,
  role: string,
  port: string,
  orders: string,
  more: { manifest?: string; service?: string; templates?: Record<string, string> } = {},
): FakeComponent {
  const [key, listen] = port.split(' ');
  return {
    manifest: `
name = "${name}"
title = "Fake ${name}"
description = "Stands in for a ${role}."
homepage = "https://example.org/${name}"
version = "1.0.0"
licence = "MIT"
role = "${role}"
preference = 1
${more.manifest ?? ''}
[[sources]]
kind = "built-in"
[[ports]]
name = "${key}"
listen = "${listen}"
title = "${role}"
[service]
command = [${JSON.stringify(process.execPath)}, ${JSON.stringify(SERVICE)}, "{{port.${key}}}", ${JSON.stringify(orders)}]
ready = { kind = "tcp", port = "${key}" }
health = { interval_s = 0.5 }
stop = { timeout_s = 5 }
${more.service ?? ''}
`,
    files: { 'notes.txt': `${name}\n`, 'bin/tool': '#!/bin/sh\nexit 0\n' },
    ...(more.templates && { templates: more.templates }),
  };
}

/** One component for each role, with a configuration file in each format that real ones use. */
function standIns(orders: string): FakeComponent[] {
  return [
    standIn('store', 'store', 'carbon carbon', orders, {
      manifest: 'directories = ["storage/whisper"]',
      service: 'check = [["/bin/sh", "-c", "! grep -n nonsense \\"$0\\"", "{{dir.conf}}/store/store.toml"]]',
      templates: {
        'conf/store/store.toml.hbs': '[store]\ndata = {{quote (path dir.storage "whisper")}}\nmax = 5\n',
        'conf/whisper/storage-schemas.conf': '[default]\npattern = .*\nretentions = 10s:6h\n',
      },
    }),
    standIn('query', 'query', 'query query', orders, {
      templates: { 'conf/query.yaml.hbs': 'listen: {{quote (address listen.query port.query)}}\ncache:\n  size: 5\n' },
    }),
    standIn('web', 'dashboards', 'dashboards dashboards', orders, {
      manifest: 'secrets = ["admin-password"]\nlinks = { static = "current/components/web" }',
      templates: {
        'conf/web/web.ini.hbs': '; the page\n[server]\nport = {{port.dashboards}}\nadmin_password_file = {{secret "admin-password"}}\n',
        'conf/web/host.json': '{ "title": "host" }\n',
      },
    }),
    standIn('measure', 'collector', 'telemetry loopback', orders, {
      service: '[measures]\nmetric = "measured.{{host.reversed}}.load"\ninterval_s = 10\nfree_space = "measured.{{host.reversed}}.{mount}.free"',
      templates: { 'conf/measure.conf.hbs': 'Interval 10\n<Plugin out>\n  Host {{quote connect.carbon.host}}\n</Plugin>\n' },
    }),
  ];
}
