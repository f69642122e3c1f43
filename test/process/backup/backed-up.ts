import { mkdirSync, readdirSync, readFileSync, lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sha256 } from '../../../src/base/digest.ts';
import { run, type Finished } from '../../../src/base/exec.ts';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import { layOut, writeHeader, fileBytesOf } from '../../../src/whisper/format.ts';
import { makeFakeBundle, type FakeComponent } from '../../helpers/fake-bundle.ts';
import { freePorts } from '../../helpers/ports.ts';
import { runInstaller } from '../../helpers/run-installer.ts';
import { beforeRemoval, temporaryDirectory } from '../../helpers/temporary.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
export const MAIN = join(ROOT, 'src', 'main.ts');

/** A service that answers HTTP on one of the ports; its configuration names the directory and the port. */
function component(name: string, role: string, port: string, more: string): FakeComponent {
  const command = [process.execPath, join(ROOT, 'test/helpers/fake-service.mjs'), `{{port.${port}}}`, `{{dir.run}}/orders-${name}`];
  return {
    manifest: `name = "${name}"\ntitle = "${name}"\ndescription = "Answers HTTP."\nhomepage = "https://example.org"\nversion = "1"\nlicence = "MIT"
role = "${role}"\npreference = 1\nsecrets = ["${name}-key"]\ndirectories = ["storage/${name}"]\n[[sources]]\nkind = "built-in"\n[[ports]]\nname = "${port}"\nlisten = "loopback"\ntitle = "answers"
[service]\ncommand = ${JSON.stringify(command)}\nbefore_start = [["/bin/mkdir", "-p", "{{dir.run}}/orders-${name}"]]\nready = { kind = "tcp", port = "${port}" }\nstop = { timeout_s = 3 }\nstart_timeout_s = 20\n${more}\n`,
    templates: { [`conf/${name}.toml.hbs`]: `port = {{port.${port}}}\n\n# yours:\n\n\ndata = {{quote (path dir.storage "${name}")}}\n` },
    files: { 'about.txt': `${name}\n` },
  };
}

/** An installation with a store (data) and a page (a database), made by the installer. */
export interface BackedUp {
  folder: string;
  bundle: string;
  layout: Layout;
  port: number;
  dkm: (...args: string[]) => Promise<Finished>;
  /** dkm on another installed directory, which is stopped after the test. */
  dkmIn: (root: string) => (...args: string[]) => Promise<Finished>;
  read: (path: string) => string;
  write: (path: string, content: string | Buffer) => void;
}

export async function backedUp(version = '1.0.0'): Promise<BackedUp> {
  const folder = temporaryDirectory();
  const layout = layoutOf(join(folder, 'dkm'));
  const bundle = join(folder, 'bundle');
  const port = await freePorts();
  await makeFakeBundle(bundle, {
    version,
    components: [
      component('store', 'store', 'carbon', '[backup]\npaths = ["storage/store"]'),
      component('page', 'query', 'query', '[backup]\nsqlite = ["storage/page/page.db"]'),
    ],
  });
  const installed = await runInstaller(bundle, ['-d', layout.root, '-p', String(port), '-t', 'backend']);
  if (installed.code !== 0) throw new Error(installed.stderr);
  const dkmIn: BackedUp['dkmIn'] = (root) => {
    const dkm = (...args: string[]): Promise<Finished> => run(process.execPath, [MAIN, 'dkm', '-d', root, ...args], { timeoutMs: 90_000 });
    beforeRemoval(async () => void (await dkm('stop')));
    return dkm;
  };
  const write = (path: string, content: string | Buffer): void => {
    mkdirSync(join(layout.root, path, '..'), { recursive: true });
    writeFileSync(join(layout.root, path), content, { mode: 0o600 });
  };
  write('storage/store/a/one.wsp', whisperFile(1));
  write('storage/store/a/two.wsp', whisperFile(2));
  addRows(layout, 10);
  return { folder, bundle, layout, port, dkm: dkmIn(layout.root), dkmIn, read: (path) => readFileSync(join(layout.root, path), 'utf8'), write };
}

/** A whisper file of one archive, each point with the same value. */
export function whisperFile(value: number): Buffer {
  const shape = { archives: [{ stepSeconds: 10, points: 100 }], method: 1, xFilesFactor: 0 };
  const bytes = Buffer.alloc(fileBytesOf(shape));
  writeHeader(bytes, layOut(shape));
  for (let point = 0; point < 100; point += 1) {
    bytes.writeUInt32BE(1_700_000_000 + 10 * point, 28 + 12 * point);
    bytes.writeDoubleBE(value, 32 + 12 * point);
  }
  return bytes;
}

/** Adds rows to the page's database. */
export function addRows(layout: Layout, count: number): void {
  const database = new DatabaseSync(join(layout.storage, 'page', 'page.db'));
  database.exec('PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS rows (text TEXT)');
  const insert = database.prepare('INSERT INTO rows VALUES (?)');
  for (let row = 0; row < count; row += 1) insert.run(`row ${row}`);
  database.close();
}

export function countRows(root: string): number {
  const database = new DatabaseSync(join(root, 'storage', 'page', 'page.db'), { readOnly: true });
  try {
    return (database.prepare('SELECT count(*) AS count FROM rows').get() as { count: number }).count;
  } finally {
    database.close();
  }
}

/** Configuration, data and dkm's records of them, by path with the digest of their content; what a restore must not change when it fails. */
export function stateOf({ root }: Layout): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (path: string): void => {
    const absolute = join(root, path);
    if (!lstatSync(absolute, { throwIfNoEntry: false })) return;
    if (!lstatSync(absolute).isDirectory()) found[path] = sha256(readFileSync(absolute));
    else for (const name of readdirSync(absolute)) if (!/-(wal|shm)$/.test(name)) visit(join(path, name)); // SQLite's, made by looking
  };
  for (const path of ['conf', 'storage', 'run/generated', 'run/generated.json']) visit(path);
  for (const name of readdirSync(root)) found[name] ??= 'there';
  return found;
}
