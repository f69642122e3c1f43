import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '../base/digest.ts';
import { makeDirectory, readIfPresent, writeAtomic } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { readGenerated, writeGenerated, type Generated } from '../contract/generated.ts';
import type { GeneratedFile } from './generated-files.ts';
import { mergeFile, type FileChange } from './merge.ts';

/*
 * The configuration on disk: what dkm wrote last (digests in run/generated.json, texts below run/generated/), what is
 * there, and the way from there to what it would write now.
 */

/** What becomes of every configuration file when these are generated, by path; changes nothing. */
export async function configurationChanges(layout: Layout, files: readonly GeneratedFile[]): Promise<FileChange[]> {
  const generated = await readGenerated(layout.generated);
  const wanted = new Map(files.map(({ path, content }) => [path, content]));
  const paths = [...new Set([...wanted.keys(), ...Object.keys(generated.files)])].sort();
  return Promise.all(paths.map((path) => changeOf(layout, generated, path, wanted.get(path))));
}

/** What becomes of one configuration file when dkm would write this text, or none; changes nothing. */
export async function changeOf(layout: Layout, generated: Generated, path: string, content: string | undefined): Promise<FileChange> {
  const [present, written] = await Promise.all([readIfPresent(join(layout.root, path)), writtenText(layout, generated, path)]);
  return mergeFile({ path, writtenDigest: generated.files[path]?.sha256, written, present, generated: content });
}

/** The text that dkm wrote last; undefined when it is not known, or was damaged. */
export async function writtenText(layout: Layout, generated: Generated, path: string): Promise<string | undefined> {
  const text = await readIfPresent(join(layout.generatedTexts, path));
  return text !== undefined && sha256(text) === generated.files[path]?.sha256 ? text : undefined;
}

/** Where the new text of a file goes that the administrator edited in the same place. */
export function besideOf(path: string): string {
  return `${path}.new`;
}

/**
 * Carries one change out; `content` is what dkm would write, and is from then on what it wrote last, so that a conflict
 * is told once. Interrupted anywhere and done again it ends in the same.
 */
export async function applyChange(layout: Layout, generated: Generated, change: FileChange, content: string | undefined): Promise<void> {
  const absolute = join(layout.root, change.path);
  if (change.kind === 'write') {
    await makeDirectory(dirname(absolute));
    await writeAtomic(absolute, change.content, 0o600);
  }
  if (change.kind === 'remove') await rm(absolute, { force: true });
  if (change.kind === 'conflict') await writeAtomic(besideOf(absolute), change.content, 0o600);
  else if (change.kind !== 'kept') await removeStaleBeside(layout, generated, change.path);
  await record(layout, generated, change.path, content);
}

/** A text that was put beside a file at a conflict, and that nobody touched, has had its day when the file is written anew. */
async function removeStaleBeside(layout: Layout, generated: Generated, path: string): Promise<void> {
  const beside = besideOf(join(layout.root, path));
  const text = await readIfPresent(beside);
  if (text !== undefined && sha256(text) === generated.files[path]?.sha256) await rm(beside, { force: true });
}

async function record(layout: Layout, generated: Generated, path: string, content: string | undefined): Promise<void> {
  const text = join(layout.generatedTexts, path);
  const digest = content === undefined ? undefined : sha256(content);
  const isKnown = generated.files[path]?.sha256 === digest && (await writtenText(layout, generated, path)) === content;
  if (isKnown) return;
  // The text first: a digest that does not fit its text only means that the text is not known.
  if (content === undefined) await rm(text, { force: true });
  else {
    await makeDirectory(dirname(text));
    await writeAtomic(text, content, 0o600);
  }
  if (digest === undefined) Reflect.deleteProperty(generated.files, path);
  else generated.files[path] = { sha256: digest };
  await writeGenerated(layout.generated, generated);
}

/** Carries changes out, as `configurationChanges` gave them for the same files. */
export async function applyChanges(layout: Layout, changes: readonly FileChange[], files: readonly GeneratedFile[]): Promise<void> {
  const generated = await readGenerated(layout.generated);
  const wanted = new Map(files.map(({ path, content }) => [path, content]));
  for (const change of changes) await applyChange(layout, generated, change, wanted.get(change.path));
}

/** A change in words, for people; undefined where there is nothing to tell. */
export function changeInWords(change: FileChange): string | undefined {
  switch (change.kind) {
    case 'unchanged':
      return undefined;
    case 'kept':
      return `${change.path}: edited by you, stays as it is`;
    case 'write':
      return `${change.path}: ${{ missing: 'written', unedited: 'written anew', merged: 'written anew, with your edits' }[change.why]}`;
    case 'conflict':
      return `${change.path}: edited by you where it changes: stays as it is; the new text is in ${besideOf(change.path)}`;
    case 'remove':
      return `${change.path}: not needed any more, removed`;
    case 'obsolete':
      return `${change.path}: not needed any more; it was edited by you and stays`;
  }
}
