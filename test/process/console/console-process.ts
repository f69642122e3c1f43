import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bootId, processStartTime } from '../../../src/base/process-identity.ts';
import type { PromisesStatus } from '../../../src/contract/promise.ts';
import type { ServiceStatus, SupervisorStatus } from '../../../src/contract/status.ts';
import { buildConsolePage } from '../../../src/package/console-page.ts';
import { freePorts } from '../../helpers/ports.ts';
import { eventually } from '../../helpers/wait.ts';

export const PASSWORD = 'correct horse battery staple';
export const HOST = 'org.example.host';

export interface ConsoleProcess {
  url: string;
  directory: string;
  child: ChildProcess;
  /** What it has printed. */
  log: () => string;
  writeStatus: (status: SupervisorStatus) => void;
  writePromises: (status: PromisesStatus) => void;
  setPassword: (password: string) => void;
  /** Ends it and starts it again, with another `child` and an empty log. */
  restart: () => Promise<void>;
  /** Ends it and removes its directory; returns its exit code. */
  stop: () => Promise<number | null>;
}

const MAIN = fileURLToPath(new URL('../../../src/console/main.ts', import.meta.url));

/** Makes the console one file, as it is in the executable: it starts as quickly as there, and its memory can be measured. */
async function bundle(outfile: string): Promise<void> {
  const contents = `import { runConsole } from ${JSON.stringify(MAIN)};
    runConsole(process.argv[2]).then(() => process.exit(0), (error) => { process.stderr.write(error.message + '\\n'); process.exit(1); });`;
  await build({ stdin: { contents, resolveDir: import.meta.dirname }, outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'silent' });
}

/** What else a console is started with: an address, and more of its configuration, given its directory. */
export interface Overrides {
  listen?: string;
  more?: (directory: string) => string | Promise<string>;
}

/** Runs the console as a process of its own, with a page built from the sources, and waits until it is ready. */
export async function startConsole(queryUrl: string, overrides: Overrides = {}): Promise<ConsoleProcess> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'dkm-console-')));
  const file = (name: string): string => join(directory, name);
  mkdirSync(file('page'));
  mkdirSync(file('run'));
  await buildConsolePage(file('page'));
  const port = await freePorts(1);
  const setPassword = (password: string): void => writeFileSync(file('password'), `${password}\n`, { mode: 0o600 });
  setPassword(PASSWORD);
  writeFileSync(file('secret'), 'a secret for the sessions of a test\n', { mode: 0o600 });
  const writeStatus = (status: SupervisorStatus): void => writeFileSync(file('run/status.json'), JSON.stringify(status));
  const writePromises = (status: PromisesStatus): void => writeFileSync(file('run/promises.json'), JSON.stringify(status));
  writeStatus(statusOf(SERVICES));
  const more = (await overrides.more?.(directory)) ?? '';
  writeFileSync(file('console.toml'), configText(directory, { port, queryUrl, listen: overrides.listen ?? '127.0.0.1' }) + more);
  await bundle(file('console.cjs'));
  const url = `http://127.0.0.1:${port}`;
  let { child, log } = start(file('console.toml'));
  const ready = async (): Promise<void> => {
    await eventually('the console is ready', async () => child.exitCode !== null || (await fetch(`${url}/healthz`)).ok);
    if (child.exitCode !== null) throw new Error(`the console ended: ${log()}`);
  };
  const end = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    await eventually('the console ended', () => child.exitCode !== null || child.signalCode !== null, 10_000);
    return child.exitCode;
  };
  await ready();
  return {
    url,
    directory,
    get child() {
      return child;
    },
    log: () => log(),
    writeStatus,
    writePromises,
    setPassword,
    async restart() {
      await end();
      ({ child, log } = start(file('console.toml')));
      await ready();
    },
    async stop() {
      const code = await end();
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
}

/** Runs the console with a configuration file, whatever is in it. */
export async function launch(configFile: string): Promise<{ child: ChildProcess; log: () => string }> {
  await bundle(join(dirname(configFile), 'console.cjs'));
  return start(configFile);
}

function start(configFile: string): { child: ChildProcess; log: () => string } {
  const child = spawn(process.execPath, [join(dirname(configFile), 'console.cjs'), configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return { child, log: () => output };
}

/** A complete configuration of the console. */
export function configText(directory: string, values: { port: number; queryUrl: string; listen: string }): string {
  return `
    listen = "${values.listen}"
    port = ${values.port}
    query_url = "${values.queryUrl}"
    host = "${HOST}"
    title = "Monitoring of example.org"
    password_file = "${directory}/password"
    session_secret_file = "${directory}/secret"
    root = "${directory}"
    page = "${directory}/page"
  `;
}

const service = (name: string, title: string, version: string, role: string, upMs: number, ports: ServiceStatus['ports']): ServiceStatus => ({
  name,
  title,
  version,
  role,
  state: 'RUNNING',
  pid: process.pid,
  pidStartTime: processStartTime(process.pid),
  startedAtMs: Date.now() - upMs,
  restarts: 0,
  ready: true,
  health: 'healthy',
  reason: '',
  lastExit: null,
  ports,
  logFiles: [],
});

const HOUR_MS = 3_600_000;

/** The services of a full installation, all well. */
export const SERVICES: readonly ServiceStatus[] = [
  service('carbon-cache', 'Carbon cache', '1.1.10', 'store', 53 * HOUR_MS, [
    { name: 'carbon', title: 'Carbon plaintext', address: '0.0.0.0', port: 16001, protocols: ['tcp', 'udp'] },
    { name: 'pickle', title: 'Carbon pickle', address: '0.0.0.0', port: 16004, protocols: ['tcp'] },
    { name: 'carbonlink', title: 'Cache queries', address: '127.0.0.1', port: 16007, protocols: ['tcp'] },
  ]),
  service('graphite-web', 'Graphite web API', '1.1.10', 'query', 53 * HOUR_MS, [
    { name: 'query', title: 'Graphite query API', address: '127.0.0.1', port: 16002, protocols: ['tcp'] },
  ]),
  service('console', 'Console', '0.1.0', 'dashboards', 53 * HOUR_MS, [
    { name: 'dashboards', title: 'This page', address: '0.0.0.0', port: 16000, protocols: ['tcp'] },
  ]),
  service('collectd', 'collectd', '5.12.0', 'collector', 0.3 * HOUR_MS, []),
];

/** A status as a supervisor that is this very process would write it. */
export function statusOf(services: readonly ServiceStatus[], supervisor: Partial<SupervisorStatus> = {}): SupervisorStatus {
  return {
    schema: 1,
    version: '0.1.0',
    pid: process.pid,
    pidStartTime: processStartTime(process.pid),
    bootId: bootId(),
    startedAtMs: Date.now() - 54 * HOUR_MS,
    services: [...services],
    ...supervisor,
  };
}

/** What a browser keeps of cookies, for requests made without one. */
export class CookieJar {
  readonly cookies = new Map<string, string>();

  /** Requests like a browser's page of `url` would; follows no redirect. */
  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const origin = init.method === 'POST' ? { origin: new URL(url).origin } : {};
    const response = await fetch(url, { redirect: 'manual', ...init, headers: { ...origin, cookie, ...(init.headers as Record<string, string> | undefined) } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** Fills in the login form and sends it. */
  async logIn(base: string, password = PASSWORD, headers: Record<string, string> = {}, username = 'admin'): Promise<Response> {
    const page = await (await this.request(`${base}/login`, { headers })).text();
    const token = /name="token" value="([^"]*)"/.exec(page)?.[1] ?? '';
    return this.request(`${base}/login`, { method: 'POST', body: new URLSearchParams({ token, username, password }), headers });
  }

  /** The token that a page's script sends along. */
  async csrf(base: string): Promise<Record<string, string>> {
    const page = await (await this.request(`${base}/`)).text();
    return { 'x-csrf-token': /name="x-csrf-token" content="([^"]*)"/.exec(page)?.[1] ?? '' };
  }
}
