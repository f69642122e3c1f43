import { createTwoFilesPatch } from 'diff';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DkmError, EXIT } from '../../base/errors.ts';
import { readIfPresent, writeAtomic } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { acquireLock } from '../../base/lock.ts';
import { parseToml } from '../../base/structured.ts';
import { coloured, say, sayAside } from '../../base/terminal.ts';
import { flattened, keyParts, valueAt, valueInToml, withKey, withoutKey } from '../../configuration/edit-settings.ts';
import { generatedFiles } from '../../configuration/generated-files.ts';
import { besideOf, writtenText } from '../../configuration/written.ts';
import { readGenerated, type Generated } from '../../contract/generated.ts';
import { readSettings } from '../../contract/settings.ts';
import { openInstalled } from '../../configuration/installed-bundle.ts';
import { takeBackInterruptedChange } from './interrupted-change.ts';

/** `dkm config get [KEY]`: what stands in conf/dkm.toml and the defaults of what does not; a single value bare, for scripts. */
export async function get(layout: Layout, key: string | undefined, options: { json?: boolean }): Promise<number> {
  const settings: Record<string, unknown> = await readSettings(layout.settings);
  const value = key === undefined ? settings : valueAt(settings, keyParts(key));
  if (value === undefined) throw new DkmError('usage', `${key} is not set.`, { hint: '"dkm config get" lists what is.' });
  if (options.json) say(JSON.stringify(value, null, 1));
  else if (typeof value !== 'object' || value === null || Array.isArray(value)) say(typeof value === 'string' ? value : valueInToml(value));
  else for (const [name, each] of flattened(value as Record<string, unknown>, key === undefined ? [] : keyParts(key))) say(`${name} = ${valueInToml(each)}`);
  return EXIT.fine;
}

/** `dkm config set KEY VALUE`. */
export function set(layout: Layout, key: string, value: string): Promise<number> {
  return change(layout, (text) => withKey(text, layout.settings, key, value));
}

/** `dkm config unset KEY`. */
export function unset(layout: Layout, key: string): Promise<number> {
  return change(layout, (text) => withoutKey(text, layout.settings, key));
}

const LOCK_WITHIN_MS = 10_000;

async function change(layout: Layout, edit: (text: string) => string): Promise<number> {
  await takeBackInterruptedChange(layout);
  const lock = await acquireLock(layout.installLock, 'a change of conf/dkm.toml', { waitMs: LOCK_WITHIN_MS });
  try {
    const text = await readFile(layout.settings, 'utf8');
    const edited = edit(text);
    if (edited !== text) {
      await refuseUnknownServices(layout, edited);
      await writeAtomic(layout.settings, edited, 0o600);
    }
    say(edited === text ? 'It is so already; nothing was changed.' : `Changed ${layout.settings}. "dkm reconfigure" puts it into effect.`);
  } finally {
    lock.release();
  }
  return EXIT.fine;
}

/** A section for a service that does not exist would stop every command that reads the file. */
async function refuseUnknownServices(layout: Layout, text: string): Promise<void> {
  const { services = {} } = parseToml(text, layout.settings) as { services?: Record<string, unknown> };
  const { bundle } = await openInstalled(layout);
  const known = bundle.manifests.filter(({ service }) => service !== undefined).map(({ name }) => name);
  const unknown = Object.keys(services).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new DkmError('service-unknown', `There is no service ${unknown.join(' or ')} to set something for.`, { hint: `Services are ${known.join(', ')}.` });
}

interface Difference {
  path: string;
  /** `edited`: not as dkm wrote it. `missing`: not there. `as-written`: nothing to show. */
  state: 'edited' | 'missing' | 'as-written';
  /** True while the new text of an unsettled conflict lies beside it. */
  conflict: boolean;
  /** A unified diff; empty when there is none. */
  diff: string;
}

/** `dkm config diff [file...]`: 0 when nothing differs, 1 when something does, as diff(1). */
export async function diff(layout: Layout, files: readonly string[], options: { pending?: boolean; json?: boolean }): Promise<number> {
  const generated = await readGenerated(layout.generated);
  const texts = options.pending ? await pendingTexts(layout) : await writtenTexts(layout, generated);
  refuseUnknownFiles(files, [...texts.keys()]);
  const chosen = [...texts].filter(([path]) => files.length === 0 || files.includes(path));
  const differences = await Promise.all(chosen.map(([path, text]) => difference(layout, path, text, options.pending ? 'to be written' : 'as written')));
  if (options.json) say(JSON.stringify({ schema: 1, files: differences }, null, 1));
  else show(differences);
  return differences.some(({ state }) => state !== 'as-written') ? EXIT.failed : EXIT.fine;
}

async function pendingTexts(layout: Layout): Promise<Map<string, string | undefined>> {
  const { bundle, components, settings } = await openInstalled(layout);
  const promiseSettings = await readIfPresent(layout.promiseSettings);
  return new Map(generatedFiles({ bundle, components, settings, layout, promiseSettings }).map(({ path, content }) => [path, content]));
}

async function writtenTexts(layout: Layout, generated: Generated): Promise<Map<string, string | undefined>> {
  const paths = Object.keys(generated.files).sort();
  return new Map(await Promise.all(paths.map(async (path) => [path, await writtenText(layout, generated, path)] as const)));
}

function refuseUnknownFiles(files: readonly string[], known: readonly string[]): void {
  const unknown = files.filter((file) => !known.includes(file));
  if (unknown.length === 0) return;
  throw new DkmError('usage', `${unknown.join(', ')}: not generated by dkm.`, { hint: `What is: ${known.join(', ')}.` });
}

async function difference(layout: Layout, path: string, text: string | undefined, label: string): Promise<Difference> {
  const present = await readIfPresent(join(layout.root, path));
  const conflict = (await readIfPresent(join(layout.root, besideOf(path)))) !== undefined;
  if (present === undefined) return { path, state: 'missing', conflict, diff: '' };
  if (present === text) return { path, state: 'as-written', conflict, diff: '' };
  return { path, state: 'edited', conflict, diff: text === undefined ? '' : createTwoFilesPatch(path, path, text, present, label, 'present') };
}

function show(differences: readonly Difference[]): void {
  for (const { path, state, diff: patch } of differences) {
    if (state === 'missing') say(`${path} is missing; "dkm reconfigure" writes it.`);
    else if (patch !== '') say(patch.split('\n').slice(1).map(inColour).join('\n').trimEnd());
    else if (state === 'edited') say(`${path} was edited; the text as it was written is not known any more.`);
  }
  const unsettled = differences.filter(({ conflict }) => conflict).map(({ path }) => besideOf(path));
  if (unsettled.length > 0) sayAside(`Beside your edits lies a new text in the same place: ${unsettled.join(', ')}. Take over what you need and remove it.`);
  if (differences.every(({ state }) => state === 'as-written')) say('No file differs.');
}

function inColour(line: string): string {
  if (line.startsWith('+')) return coloured(line, 'green');
  return line.startsWith('-') ? coloured(line, 'red') : line;
}
