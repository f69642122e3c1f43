import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Finished } from '../../src/base/exec.ts';
import { layoutOf, type Layout } from '../../src/base/layout.ts';
import { isSameProcess } from '../../src/base/process-identity.ts';
import { parseStatus } from '../../src/contract/status.ts';
import { makeFakeBundle, type FakeBundleOptions, type FakeComponent } from './fake-bundle.ts';
import { freePorts } from './ports.ts';
import { runInstaller } from './run-installer.ts';
import { beforeRemoval, temporaryDirectory } from './temporary.ts';
import { eventually } from './wait.ts';

const HELPERS = import.meta.dirname;
const MAIN = join(HELPERS, '..', '..', 'src', 'main.ts');

/** Where the services of each version get their orders, below one folder. */
export function ordersOf(folder: string, version: string, service: string): string {
  const path = join(folder, 'orders', version, service);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A service that answers HTTP, and whose database every version adds a line to before it starts. */
function component(folder: string, version: string, name: 'store' | 'page', templates: Record<string, string>): FakeComponent {
  const [role, port] = name === 'store' ? ['store', 'carbon'] : ['query', 'query'];
  const command = [process.execPath, join(HELPERS, 'fake-service.mjs'), `{{port.${port}}}`, ordersOf(folder, version, name)];
  const migrate = `["/bin/sh", "-c", "echo opened by ${version} >> '{{dir.storage}}/page/page.db'"]`;
  return {
    manifest: `name = "${name}"
title = "The ${name}"
description = "Answers HTTP."
homepage = "https://example.org"
version = "${version}"
licence = "MIT"
role = "${role}"
preference = 1
directories = ["storage/${name}"${version === '2.0.0' ? `, "storage/${name}/new"` : ''}]
secrets = ["${name}-key"${version === '2.0.0' ? `, "${name}-new-key"` : ''}]
${name === 'page' ? `links = { static = "current/components/page/public"${version === '2.0.0' ? ', more = "current/components/page/public"' : ''} }` : ''}
[[sources]]
kind = "built-in"
[[ports]]
name = "${port}"
listen = "loopback"
title = "answers"
[service]
command = ${JSON.stringify(command)}
check = [["/bin/sh", "-c", "! grep -n '^faulty' '{{dir.conf}}/${name}/'*"]]
${name === 'page' ? `before_start = [${migrate}]\nafter = ["store"]` : ''}
ready = { kind = "http", url = "http://127.0.0.1:{{port.${port}}}/" }
health = { interval_s = 0.2, timeout_s = 0.5, failures = 2 }
stop = { timeout_s = 3 }
start_timeout_s = 20
${name === 'page' ? '[backup]\nsqlite = ["storage/page/page.db"]' : ''}
`,
    files: { 'bin/tool': `#!/bin/sh\necho ${version}\n`, 'public/index.html': `${version}\n` },
    templates,
  };
}

const LINES = Array.from({ length: 12 }, (_, index) => `key${index} = ${index}`);

/** A configuration file of twelve lines, some of them another. */
export function lines(changed: Record<number, string> = {}): string {
  return `${LINES.map((line, index) => changed[index] ?? line).join('\n')}\n`;
}

/** Makes an unpacked bundle of `store` and `page` in `folder`/<name> and returns its path. Version 2.0.0 has other files. */
export async function updateBundle(folder: string, version: '1.0.0' | '2.0.0' | '3.0.0', options: FakeBundleOptions & { name?: string } = {}): Promise<string> {
  const root = join(folder, options.name ?? version);
  const isFirst = version === '1.0.0';
  const components = [
    component(folder, version, 'store', { 'conf/store/store.conf': lines(isFirst ? {} : { 10: `key10 = from ${version}` }) }),
    component(folder, version, 'page', {
      'conf/page/page.ini.hbs': `port = {{port.query}}\nversion = ${version}\n`,
      ...(isFirst ? { 'conf/page/gone.ini': 'gone\n' } : { 'conf/page/new.ini': 'new\n' }),
    }),
  ];
  await makeFakeBundle(root, { version, components, ...options });
  return root;
}

/** An installation of version 1.0.0, and bundles of it and 2.0.0. */
export interface Updatable {
  folder: string;
  layout: Layout;
  port: number;
  v1: string;
  v2: string;
  dkm: (...args: string[]) => Promise<Finished>;
  update: (bundle: string, ...args: string[]) => Promise<Finished>;
  /** Gives a service of a version an order; see fake-service.mjs. */
  order: (version: string, service: string, name: string, text?: string) => void;
  read: (path: string) => string;
  write: (path: string, text: string) => void;
}

/** Installs version 1.0.0 and starts it, unless `start` is false; everything is stopped after the test. */
export async function updatable(options: { start?: boolean; root?: string } = {}): Promise<Updatable> {
  const folder = temporaryDirectory();
  const root = options.root ?? join(folder, 'dkm');
  const layout = layoutOf(root);
  const port = await freePorts();
  const [v1, v2] = [await updateBundle(folder, '1.0.0'), await updateBundle(folder, '2.0.0')];
  beforeRemoval(() => stopSupervisor(layout));
  const installed = await runInstaller(v1, ['-d', root, '-p', String(port), '-t', 'backend']);
  if (installed.code !== 0) throw new Error(installed.stderr);
  const dkm = (...args: string[]): Promise<Finished> => run(process.execPath, [MAIN, 'dkm', '-d', root, ...args], { timeoutMs: 90_000 });
  writeFileSync(join(root, 'storage/page/page.db'), 'rows\n');
  if (options.start !== false) {
    const started = await dkm('start');
    if (started.code !== 0) throw new Error(started.stdout + started.stderr);
  }
  return {
    folder,
    layout,
    port,
    v1,
    v2,
    dkm,
    update: (bundle, ...args) => runInstaller(bundle, ['-d', root, '-u', '--watch', '1', ...args], { timeoutMs: 90_000 }),
    order: (version, service, name, text = 'yes') => writeFileSync(join(ordersOf(folder, version, service), name), text),
    read: (path) => readFileSync(join(root, path), 'utf8'),
    write: (path, text) => writeFileSync(join(root, path), text),
  };
}

async function stopSupervisor(layout: Layout): Promise<void> {
  const account = existsSync(layout.status) ? parseStatus(readFileSync(layout.status, 'utf8')) : undefined;
  if (!account || !isSameProcess(account.pid, account.pidStartTime)) return;
  process.kill(account.pid, 'SIGTERM');
  await eventually('the supervisor stopped everything and ended', () => !isSameProcess(account.pid, account.pidStartTime));
}

/** What says how an installation is at this moment, not what it is: status, locks, logs, sockets. */
const PASSING = /^run\/(?!generated)/;

/** Everything of an installation, byte for byte and with modes, by path; what only passes (below run/) left out. */
export function imageOf(root: string, below = ''): Record<string, string> {
  const image: Record<string, string> = {};
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (PASSING.test(path)) continue;
    const absolute = join(root, path);
    const mode = (lstatSync(absolute).mode & 0o7777).toString(8);
    if (entry.isSymbolicLink()) image[path] = `-> ${readlinkSync(absolute)}`;
    else if (entry.isDirectory()) Object.assign(image, { [`${path}/`]: mode }, imageOf(root, path));
    else if (entry.isFile()) image[path] = `${mode} ${createHash('sha256').update(readFileSync(absolute)).digest('hex')}`;
  }
  return image;
}

/** `STATE VERSION` of every service, by name. */
export async function statesOf({ dkm }: Pick<Updatable, 'dkm'>): Promise<Record<string, string>> {
  const { services } = JSON.parse((await dkm('status', '--json')).stdout) as { services: { name: string; state: string; version: string }[] };
  return Object.fromEntries(services.map(({ name, state, version }) => [name, `${state} ${version}`]));
}
