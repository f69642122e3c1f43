import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DkmError, isNotFound, messageOf, systemCodeOf } from '../base/errors.ts';
import { runOrThrow } from '../base/exec.ts';
import { readIfPresent, writeAtomic } from '../base/files.ts';
import type { MonitorParameter, MonitorSpec } from '../contract/monitor.ts';
import type { MonitorTree } from './tree.ts';
import { toAsciiJson } from './write.ts';

/*
 * Parameters that are shown, and may be changed, through SlapOS's interface: a client puts a list like config.json beside
 * it as config.tmp.json; what it changes is applied, and the list becomes config.json. Files are named by
 * conf/dkm.toml alone, never by the client.
 */

/** An entry of config.json. What cannot be changed has no key. */
export interface ConfigEntry {
  key: string;
  title: string;
  value: string;
}

const LARGEST_VALUE_BYTES = 65_536;
const LARGEST_EDIT_BYTES = 1_048_576;
const PROGRAM_TIMEOUT_MS = 20_000;

/** Which domains were given through the interface: the original keeps them beside the file that it makes of them. */
const givenFile = (file: string): string => join(dirname(file), `prev_${basename(file)}`);

/** Writes config.json, config.parameters.json and the parameter file as things are now; what could not be read is logged and left out. */
export async function writeParameters(spec: MonitorSpec, tree: MonitorTree, log: (line: string) => void): Promise<void> {
  const known: [MonitorParameter, ConfigEntry][] = [];
  for (const parameter of spec.parameters) {
    try {
      known.push([parameter, await entryOf(parameter)]);
      if (parameter.type === 'httpdcors') await writeDomains(spec, tree, parameter.file);
    } catch (error) {
      log(`parameter ${parameter.key} of [monitor] is left out: ${messageOf(error)}`);
    }
  }
  const entries = known.map(([, entry]) => entry);
  await writeAtomic(tree.configParameters, toAsciiJson(Object.fromEntries(known.flatMap(([parameter]) => description(parameter)))));
  await writeAtomic(tree.config, toAsciiJson(entries));
  await writeAtomic(tree.parameterFile, parameterFile(entries));
}

async function entryOf(parameter: MonitorParameter): Promise<ConfigEntry> {
  const { key, type } = parameter;
  if (type === 'raw') return { key: '', title: key, value: parameter.value };
  const file = type === 'file' ? parameter.path : type === 'htpasswd' ? parameter.textFile : givenFile(parameter.file);
  if (!(await isDirectory(dirname(file)))) throw new DkmError('file-missing', `${dirname(file)} is no directory.`);
  return { key, title: key, value: await valueIn(file) };
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function valueIn(file: string): Promise<string> {
  const text = (await readIfPresent(file)) ?? '';
  if (Buffer.byteLength(text) > LARGEST_VALUE_BYTES) throw new DkmError('file-invalid', `${file} has more than ${LARGEST_VALUE_BYTES} bytes.`);
  return text.toWellFormed();
}

/** What config.parameters.json says of a parameter; the names of its keys are SlapOS's, misspelt ones included. */
function description(parameter: MonitorParameter): [string, Record<string, string>][] {
  const { key, type } = parameter;
  switch (type) {
    case 'raw':
      return [];
    case 'file':
      return [[key, { type, file: parameter.path }]];
    case 'htpasswd':
      return [[key, { type, file: parameter.textFile, user: parameter.user, htpasswd: parameter.htpasswdFile }]];
    case 'httpdcors':
      return [[key, { type, cors_file: parameter.file, gracefull_bin: parameter.gracefulBin }]];
  }
}

/** `[public]` and a line for each parameter; further lines of a value are indented, as an INI file has them. */
function parameterFile(entries: readonly ConfigEntry[]): string {
  const lines = entries.filter(({ key }) => key !== '').map(({ key, value }) => `${key} = ${value.trim().replaceAll(/\r?\n/g, '\n  ')}\n`);
  return `[public]\n${lines.join('')}`;
}

/** Applies config.tmp.json when there is one; true when it did. Throws with what is wrong; what a client put stays where it is then. */
export async function applyEdit(spec: MonitorSpec, tree: MonitorTree): Promise<boolean> {
  const edit = await readEdit(tree.configEdit);
  if (edit === undefined) return false;
  const present = parseEntries(await readFile(tree.config, 'utf8'), 'config.json');
  const wanted = parseEntries(edit.text, 'config.tmp.json');
  const changed = changes(present, wanted);
  const faults: string[] = [];
  for (const { key, value } of changed) {
    const parameter = spec.parameters.find((each) => each.key === key);
    await (parameter === undefined ? Promise.reject(new Error('it is not configured')) : apply(parameter, value, spec, tree)).catch((error: unknown) =>
      faults.push(`${key}: ${messageOf(error)}`),
    );
  }
  if (faults.length > 0) throw new DkmError('change-failed', faults.join('; '));
  await writeAtomic(tree.parameterFile, parameterFile(wanted));
  await writeAtomic(tree.config, toAsciiJson(wanted));
  await removeIfSame(tree.configEdit, edit.identity);
  return true;
}

/** Reads what a client put; a link or something else than a file is refused. */
async function readEdit(path: string): Promise<{ text: string; identity: string } | undefined> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw systemCodeOf(error) === 'ELOOP' ? new DkmError('file-invalid', 'config.tmp.json is a link.') : error;
  }
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > LARGEST_EDIT_BYTES)
      throw new DkmError('file-invalid', `config.tmp.json is no file of at most ${LARGEST_EDIT_BYTES} bytes.`);
    return { text: await file.readFile('utf8'), identity: identityOf(found) };
  } finally {
    await file.close();
  }
}

const identityOf = ({ dev, ino, size, mtimeMs }: { dev: number; ino: number; size: number; mtimeMs: number }): string => [dev, ino, size, mtimeMs].join(' ');

/** A client may put another one while the one before it is applied: that one is not lost. */
async function removeIfSame(path: string, identity: string): Promise<void> {
  const aside = `${path}.applied`;
  await rename(path, aside);
  if (identityOf(await stat(aside)) === identity) await rm(aside, { force: true });
  else await rename(aside, path);
}

function parseEntries(text: string, file: string): ConfigEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DkmError('file-invalid', `${file} is no JSON: ${messageOf(error)}`);
  }
  if (!Array.isArray(value) || !value.every(isEntry)) throw new DkmError('file-invalid', `${file} is no list of { key, title, value }, all texts.`);
  return value;
}

function isEntry(value: unknown): value is ConfigEntry {
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const isFitting = ([key, text]: [string, unknown]): boolean =>
    ['key', 'title', 'value'].includes(key) && typeof text === 'string' && text.isWellFormed() && Buffer.byteLength(text) <= LARGEST_VALUE_BYTES;
  return keys.length === 3 && keys.every(isFitting);
}

/** The entries whose value is another. The list must have the same entries otherwise: what is missing could not be shown any more. */
function changes(present: readonly ConfigEntry[], wanted: readonly ConfigEntry[]): ConfigEntry[] {
  const nameOf = ({ key, title, value }: ConfigEntry): string => JSON.stringify(key === '' ? [title, value] : [key, title, '']);
  const [here, there] = [present, wanted].map((entries) => entries.map(nameOf).sort().join('\n'));
  if (here !== there) throw new DkmError('change-failed', 'config.tmp.json has other parameters than config.json, or changes one that cannot be changed.');
  const before = new Map(present.map(({ key, value }) => [key, value]));
  return wanted.filter(({ key, value }) => key !== '' && before.get(key) !== value);
}

async function apply(parameter: MonitorParameter, value: string, spec: MonitorSpec, tree: MonitorTree): Promise<void> {
  switch (parameter.type) {
    case 'raw':
      throw new DkmError('change-failed', 'it cannot be changed.');
    case 'file':
      return writeValue(parameter.path, value.trim());
    case 'htpasswd':
      await setPassword(parameter.htpasswdFile, parameter.user, value);
      return writeValue(parameter.textFile, value);
    case 'httpdcors':
      return setDomains(parameter, value, spec, tree);
  }
}

/** Replaces a file that somebody named, or what a link there leads to; it keeps its mode. */
async function writeValue(path: string, value: string): Promise<void> {
  const target = await realpath(path).catch((error: unknown) => {
    if (isNotFound(error)) return path;
    throw error;
  });
  const found = await stat(target).catch(() => undefined);
  if (found !== undefined && !found.isFile()) throw new DkmError('file-invalid', `${path} is no file.`);
  await writeAtomic(target, value, found === undefined ? 0o600 : found.mode & 0o777);
}

/** Sets a user's password in a file that Apache's servers read; others in it stay. In apr1, as `htpasswd` does without being told otherwise. */
async function setPassword(file: string, user: string, password: string): Promise<void> {
  if (password === '' || /[\r\n\0]/.test(password)) throw new DkmError('change-failed', 'expected a password of one line.');
  // Its types say it is a module with a default export; it is a function.
  const apacheMd5 = (await import('apache-md5')).default as unknown as (password: string, salt: string) => string;
  const salt = randomBytes(6).toString('base64').replaceAll('+', '.');
  // It takes each character for a byte.
  const hash = apacheMd5(Buffer.from(password).toString('latin1'), `$apr1$${salt}`);
  const others = ((await readIfPresent(file)) ?? '').split('\n').filter((line) => line !== '' && !line.startsWith(`${user}:`));
  await writeValue(file, [...others, `${user}:${hash}`, ''].join('\n'));
}

const DOMAIN = /^(?=.{1,253}(:\d{1,5})?$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*(:\d{1,5})?$/;

async function setDomains({ file, gracefulBin }: { file: string; gracefulBin: string }, value: string, spec: MonitorSpec, tree: MonitorTree): Promise<void> {
  const wrong = domainsIn(value).find((domain) => !DOMAIN.test(domain));
  if (wrong !== undefined) throw new DkmError('change-failed', `${JSON.stringify(wrong.slice(0, 100))} is no domain.`);
  await writeValue(givenFile(file), value);
  await writeDomains(spec, tree, file);
  if (gracefulBin !== '') await runOrThrow(gracefulBin, [], { timeoutMs: PROGRAM_TIMEOUT_MS });
}

/** The domains, one a line: for our own console those of conf/dkm.toml, too. */
async function writeDomains({ corsDomains }: MonitorSpec, tree: MonitorTree, file: string): Promise<void> {
  const given = domainsIn((await readIfPresent(givenFile(file))) ?? '').filter((domain) => DOMAIN.test(domain));
  const domains = [...new Set([...(file === tree.corsDomains ? corsDomains : []), ...given])];
  const text = domains.map((domain) => `${domain}\n`).join('');
  if (text !== (await readIfPresent(file))) await writeValue(file, text);
}

function domainsIn(value: string): string[] {
  return value
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}
