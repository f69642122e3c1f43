import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../base/digest.ts';
import { existsAs, listTree, makeDirectory, writeAtomic } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { mergeFile } from '../configuration/merge.ts';
import { besideOf } from '../configuration/written.ts';
import { SNAPSHOT_PARTS } from './snapshot.ts';

/*
 * The configuration of an earlier version, with what was edited since. A snapshot holds the configuration as it was when
 * the version was left, and as the change then made it; what differs from the latter now was edited since, and is
 * merged with the former. Secrets are not configuration: the present ones stay.
 */

/** A file's content and mode; undefined where there is none. */
interface Content {
  bytes: Buffer;
  mode: number;
}
type Files = ReadonlyMap<string, Content>;

/** What becomes of one file of conf/. */
export type EarlierChange =
  | { kind: 'write'; path: string; content: Content; edited: boolean }
  | { kind: 'remove'; path: string }
  /** Edited since where the versions differ: it stays, and the earlier one goes beside it. */
  | { kind: 'conflict'; path: string; content: Content };

/** What going back through these snapshots (the last one first) makes of conf/; changes nothing. Paths are relative to the installed directory. */
export async function earlierConfiguration(layout: Layout, snapshots: readonly string[]): Promise<EarlierChange[]> {
  const present = await filesOf(layout.conf);
  const conflicts = new Map<string, Content>();
  let files = present;
  for (const snapshot of snapshots) {
    const [before, after] = await Promise.all([filesOf(join(snapshot, SNAPSHOT_PARTS.conf)), filesOf(join(snapshot, SNAPSHOT_PARTS.after))]);
    files = oneBack(files, before, after, conflicts);
  }
  return [...new Set([...present.keys(), ...files.keys()])].sort().flatMap((path) => changeOf(path, present.get(path), files.get(path), conflicts.get(path)));
}

function oneBack(present: Files, before: Files, after: Files, conflicts: Map<string, Content>): Files {
  const result = new Map<string, Content>();
  for (const path of new Set([...present.keys(), ...before.keys()])) {
    const content = earlier(path, { present: present.get(path), before: before.get(path), after: after.get(path) }, conflicts);
    if (content) result.set(path, content);
  }
  return result;
}

interface Three {
  present: Content | undefined;
  before: Content | undefined;
  after: Content | undefined;
}

function earlier(path: string, { present, before, after }: Three, conflicts: Map<string, Content>): Content | undefined {
  if (path.startsWith('secrets/')) return present ?? before;
  if (isSame(present, after)) return before;
  if (isSame(before, after) || isSame(present, before)) return present;
  const merged = merge(path, present, before, after);
  if (merged !== 'conflict') return merged;
  if (before) conflicts.set(path, before);
  return present;
}

function merge(path: string, present: Content | undefined, before: Content | undefined, after: Content | undefined): Content | undefined | 'conflict' {
  const texts = [present, before, after].map((content) => content && textOf(content));
  if ([present, before, after].some((content, index) => content !== undefined && texts[index] === undefined)) return 'conflict'; // not text
  const [mine, wanted, base] = texts;
  const change = mergeFile({ path, writtenDigest: base === undefined ? undefined : sha256(base), written: base, present: mine, generated: wanted });
  switch (change.kind) {
    case 'write':
      return { bytes: Buffer.from(change.content), mode: (before ?? present)?.mode ?? 0o600 };
    case 'remove':
      return undefined;
    case 'conflict':
      return 'conflict';
    case 'unchanged':
    case 'kept':
    case 'obsolete':
      return present;
  }
}

function textOf({ bytes }: Content): string | undefined {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : undefined;
}

function isSame(a: Content | undefined, b: Content | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.bytes.equals(b.bytes);
}

function changeOf(path: string, present: Content | undefined, content: Content | undefined, conflict: Content | undefined): EarlierChange[] {
  const inRoot = `conf/${path}`;
  if (conflict && content) return [{ kind: 'conflict', path: inRoot, content: conflict }];
  if (isSame(present, content) && present?.mode === content?.mode) return [];
  return content ? [{ kind: 'write', path: inRoot, content, edited: present !== undefined }] : [{ kind: 'remove', path: inRoot }];
}

async function filesOf(folder: string): Promise<Files> {
  if (!existsAs(folder)) return new Map();
  const paths = (await listTree(folder)).filter((path) => lstatSync(join(folder, path)).isFile());
  return new Map(paths.map((path) => [path, { bytes: readFileSync(join(folder, path)), mode: lstatSync(join(folder, path)).mode & 0o7777 }]));
}

/** Carries changes out. */
export async function applyEarlier(layout: Layout, changes: readonly EarlierChange[]): Promise<void> {
  for (const change of changes) {
    const absolute = join(layout.root, change.path);
    if (change.kind === 'remove') {
      rmSync(absolute, { force: true });
      continue;
    }
    await makeDirectory(dirname(absolute));
    await writeAtomic(change.kind === 'conflict' ? besideOf(absolute) : absolute, change.content.bytes, change.content.mode);
  }
}

/** Paths that changes make. */
export function madeBy(changes: readonly EarlierChange[]): string[] {
  return changes.flatMap((change) => (change.kind === 'remove' ? [] : [change.kind === 'conflict' ? besideOf(change.path) : change.path]));
}

/** A change in words, for people. */
export function earlierInWords(change: EarlierChange): string {
  switch (change.kind) {
    case 'write':
      return `${change.path}: ${change.edited ? 'as it was' : 'written again'}`;
    case 'remove':
      return `${change.path}: removed, as that version does not have it`;
    case 'conflict':
      return `${change.path}: edited since where the versions differ: stays as it is; the earlier text is in ${besideOf(change.path)}`;
  }
}
