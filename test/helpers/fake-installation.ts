import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Finished } from '../../src/base/exec.ts';
import { layoutOf, type Layout } from '../../src/base/layout.ts';
import { formatSettings } from '../../src/contract/settings.ts';
import { isSameProcess } from '../../src/base/process-identity.ts';
import { parseStatus, type SupervisorStatus } from '../../src/contract/status.ts';
import { freePorts } from './ports.ts';
import { beforeRemoval, temporaryDirectory } from './temporary.ts';
import { eventually } from './wait.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const FAKE_SERVICE = join(import.meta.dirname, 'fake-service.mjs');

export interface FakeInstallation {
  layout: Layout;
  port: number;
  /** Runs a dkm command on it. */
  dkm: (...args: string[]) => Promise<Finished>;
  /** Runs `dkm logs -f` on it until `end`, which gives its exit code. */
  follow: (service: string) => { printed: () => string; end: () => Promise<number | null> };
  /** The directory a fake service takes its orders from. */
  orders: (service: string) => string;
  status: () => SupervisorStatus;
}

/**
 * An installed directory with two services: `store` (port+1, stops on SIGTERM, reloads and reopens on signals) and
 * `web` (port, starts after the store). Everything it starts is stopped after the test.
 */
export async function fakeInstallation(options: { root?: string; store?: string; web?: string } = {}): Promise<FakeInstallation> {
  const root = options.root ?? join(temporaryDirectory(), 'install');
  const layout = layoutOf(root);
  const port = await freePorts();
  for (const directory of [layout.conf, layout.logs, join(layout.current, 'vendor-manifests'), join(root, 'orders-store'), join(root, 'orders-web')])
    mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(layout.current, 'vendor-manifests', 'store.toml'),
    manifest('store', 'store', 'carbon', root, `reload_signal = "SIGHUP"\nreopen = "SIGUSR1"\n${options.store ?? ''}`),
  );
  writeFileSync(
    join(layout.current, 'vendor-manifests', 'web.toml'),
    manifest('web', 'dashboards', 'dashboards', root, `after = ["store"]\n${options.web ?? ''}`),
  );
  writeFileSync(
    layout.settings,
    formatSettings({
      install: {
        type: 'all',
        port,
        hostname: 'host.example.org',
        listen: { dashboards: '127.0.0.1', carbon: '127.0.0.1', query: '127.0.0.1' },
        providers: { store: 'store', dashboards: 'web' },
      },
      services: {},
    }),
  );
  const dkm = (...args: string[]): Promise<Finished> => run(process.execPath, [MAIN, 'dkm', '--directory', root, ...args], { timeoutMs: 90_000 });
  beforeRemoval(async () => {
    const supervisor = existsSync(layout.status) ? parseStatus(readFileSync(layout.status, 'utf8')) : undefined;
    if (!supervisor) return;
    if (!isSameProcess(supervisor.pid, supervisor.pidStartTime)) {
      // One that was killed leaves its services behind.
      for (const { pid, pidStartTime } of supervisor.services) if (pid !== null && isSameProcess(pid, pidStartTime)) process.kill(-pid, 'SIGKILL');
      return;
    }
    process.kill(supervisor.pid, 'SIGTERM');
    await eventually('the supervisor stopped everything and ended', () => !isSameProcess(supervisor.pid, supervisor.pidStartTime));
  });
  const follow: FakeInstallation['follow'] = (service) => {
    let printed = '';
    const child = spawn(process.execPath, [MAIN, 'dkm', '--directory', root, 'logs', '-f', service]);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const { promise, resolve } = Promise.withResolvers<number | null>();
    child.once('close', (code) => resolve(code));
    const end = (): Promise<number | null> => {
      child.kill('SIGINT');
      return promise;
    };
    return { printed: () => printed, end };
  };
  return {
    follow,
    layout,
    port,
    dkm,
    orders: (service) => join(root, `orders-${service}`),
    status: () => JSON.parse(readFileSync(layout.status, 'utf8')) as SupervisorStatus,
  };
}

function manifest(name: string, role: string, port: string, root: string, service: string): string {
  return `
name = "${name}"
title = "A ${name} for tests"
description = "Answers HTTP."
homepage = "https://example.org"
version = "1.0"
licence = "Apache-2.0"
role = "${role}"
preference = 1
[[sources]]
kind = "built-in"
[[ports]]
name = "${port}"
listen = "loopback"
title = "answers"
[service]
command = [${JSON.stringify(process.execPath)}, ${JSON.stringify(FAKE_SERVICE)}, "{{port.${port}}}", ${JSON.stringify(join(root, `orders-${name}`))}]
ready = { kind = "http", url = "http://127.0.0.1:{{port.${port}}}/" }
${service.includes('health') ? '' : 'health = { interval_s = 0.2, timeout_s = 1, failures = 3 }'}
stop = { timeout_s = 3 }
start_timeout_s = 20
${service}
`;
}
