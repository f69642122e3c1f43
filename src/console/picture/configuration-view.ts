import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../base/digest.ts';
import { isNotFound, messageOf } from '../../base/errors.ts';
import { readIfPresent } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { isListOf, isRecordWith, isText } from '../../base/shape.ts';
import { readGenerated, type Generated } from '../../contract/generated.ts';
import { configurationEntries } from '../../redaction/configuration-files.ts';
import { redactConfiguration } from '../../redaction/redact-configuration.ts';
import { redactorOf } from '../../redaction/redact-text.ts';
import { accountsFile, tokensFile } from '../accounts/account-files.ts';

/*
 * The configuration as the console may show it: which files there are, which of them somebody edited, and what stands in
 * one of them, without secrets.
 */

/** A configuration file. `generated`: as dkm wrote it; `edited`: somebody changed that; `own`: dkm did not write it; `kept-apart`: it is all secrets. */
export interface ConfigurationFile {
  /** Relative to the installed directory. */
  path: string;
  state: 'generated' | 'edited' | 'own' | 'kept-apart' | 'unreadable';
  bytes: number;
}

/** A larger file is not configuration that a person reads here. */
const MOST_BYTES = 512 << 10;

/** Every file below conf/ but its secrets, by path; none when there is no conf/. */
export async function configurationFiles(layout: Layout): Promise<ConfigurationFile[]> {
  const generated = await generatedOf(layout);
  const entries = await entriesOf(layout);
  return Promise.all(entries.map((path) => fileAt(layout, generated, path)));
}

async function entriesOf(layout: Layout): Promise<string[]> {
  try {
    return (await configurationEntries(layout)).filter(({ kind }) => kind === 'file').map(({ path }) => path);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** Without it every file is taken for one that somebody wrote, and less of it is shown. */
async function generatedOf(layout: Layout): Promise<Generated> {
  return readGenerated(layout.generated).catch(() => ({ schema: 1, files: {} }));
}

async function fileAt(layout: Layout, generated: Generated, path: string): Promise<ConfigurationFile> {
  const absolute = join(layout.root, path);
  const bytes = await stat(absolute).then(
    ({ size }) => size,
    () => 0,
  );
  if (isKeptApart(layout, absolute)) return { path, bytes, state: 'kept-apart' };
  const written = generated.files[path]?.sha256;
  if (written === undefined) return { path, bytes, state: 'own' };
  try {
    return { path, bytes, state: sha256(await readFile(absolute)) === written ? 'generated' : 'edited' };
  } catch {
    return { path, bytes, state: 'unreadable' };
  }
}

/** Accounts and tokens are shown by name; their files hold nothing else but what belongs to nobody. */
function isKeptApart(layout: Layout, absolute: string): boolean {
  return [accountsFile(layout), tokensFile(layout)].includes(absolute);
}

/** A file's text without secrets, or why it is not shown. */
export type ShownText = { kind: 'text'; text: string } | { kind: 'hidden'; why: string };

/** What may be shown of a configuration file; undefined when there is no such file. `path` is compared with those that there are and never opened as it comes. */
export async function shownConfiguration(layout: Layout, path: string): Promise<{ file: ConfigurationFile; shown: ShownText } | undefined> {
  const file = (await configurationFiles(layout)).find((known) => known.path === path);
  return file === undefined ? undefined : { file, shown: await textOf(layout, file) };
}

async function textOf(layout: Layout, { path, state, bytes }: ConfigurationFile): Promise<ShownText> {
  if (state === 'kept-apart')
    return { kind: 'hidden', why: 'It holds digests of passwords or tokens, and nothing else. Who is in it stands on the page before.' };
  if (bytes > MOST_BYTES) return { kind: 'hidden', why: `It has ${bytes} bytes, which is more than is shown here.` };
  try {
    const text = await readFile(join(layout.root, path), 'utf8');
    if (text.includes('\0')) return { kind: 'hidden', why: 'It is not a text.' };
    const redacted = redactConfiguration({ path, text, written: await writtenText(layout, path) });
    return { kind: 'text', text: redactorOf([...redacted.secrets, ...(await storedSecrets(layout))]).own(redacted.text) };
  } catch (error) {
    return { kind: 'hidden', why: `It is not shown, as secrets in it could not be told from the rest: ${messageOf(error)}` };
  }
}

/** What dkm wrote there last; undefined when that is not known for certain. */
async function writtenText(layout: Layout, path: string): Promise<string | undefined> {
  const text = await readIfPresent(join(layout.generatedTexts, path)).catch(() => undefined);
  return text !== undefined && sha256(text) === (await generatedOf(layout)).files[path]?.sha256 ? text : undefined;
}

/** Every secret of conf/secrets, as a whole and line by line. What cannot be read throws: then nothing is shown. */
async function storedSecrets({ secrets }: Layout): Promise<string[]> {
  const names = await readdir(secrets).catch((error: unknown) => {
    if (isNotFound(error)) return [];
    throw error;
  });
  const texts = await Promise.all(names.map((name) => readFile(join(secrets, name), 'utf8')));
  return texts.flatMap((text) => [text, ...text.split(/\r?\n/)]).map((part) => part.trim()).filter((part) => part !== ''); // prettier-ignore
}

/** A component of the installed version. */
export interface InstalledComponent {
  name: string;
  title: string;
  version: string;
  role: string;
  licence: string;
  verified: string;
}

const isBundle = isRecordWith({
  version: isText,
  components: isListOf(isRecordWith({ name: isText, title: isText, version: isText, role: isText, licence: isText, verified: isText })),
});

/** The installed version and its components; undefined where bundle.json tells nothing. It lists every file of the bundle, so that it is read only when it changed. */
export function createComponentsReader({ current }: Pick<Layout, 'current'>): () => Promise<{ version: string; components: InstalledComponent[] } | undefined> {
  const path = join(current, 'bundle.json');
  let known: { mark: string; bundle: { version: string; components: InstalledComponent[] } | undefined } | undefined;
  return async () => {
    const mark = await stat(path).then(
      ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
      () => 'none',
    );
    if (known?.mark !== mark) known = { mark, bundle: await readBundle(path) };
    return known.bundle;
  };
}

async function readBundle(path: string): Promise<{ version: string; components: InstalledComponent[] } | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (!isBundle(value)) return undefined;
    const { version, components } = value as { version: string; components: InstalledComponent[] };
    return {
      version,
      components: components.map(({ name, title, version: own, role, licence, verified }) => ({ name, title, version: own, role, licence, verified })),
    };
  } catch {
    return undefined; // run from the sources, or being exchanged at this moment
  }
}
