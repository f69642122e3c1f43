import type { Dirent } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isNotFound, messageOf } from '../base/errors.ts';
import { LONGEST_HEADER_BYTES, readHeader, type ReadHeader } from '../whisper/format.ts';

/*
 * The whisper files of a store: where they are and which metrics they are of.
 */

/** What dkm puts beside a metric's file while it is converted. No store takes names that do not end in .wsp for a metric. */
export const NEW_SUFFIX = '.retention-new';
export const OLD_SUFFIX = '.retention-old';
export const BEFORE_SUFFIX = '.retention-before';
const LEFTOVER = /\.wsp\.retention-(new|old|before)$/;

/** The metric's file that something was left of. */
export function leftoverOf(path: string): string {
  return path.replace(/\.retention-(new|old|before)$/, '');
}

/** A file of the tree, by its path relative to it. `leftover`: of a conversion that was cut short. */
export interface FoundFile {
  relative: string;
  kind: 'metric' | 'leftover';
  isLink: boolean;
}

/** A directory of the tree that cannot be read. */
export interface ClosedDirectory {
  relative: string;
  kind: 'closed';
  why: string;
}

/** Every metric's file below a directory, and what conversions left. Directories are taken in the order that `arrange` gives them. */
export async function* metricFiles(
  root: string,
  arrange: <Entry>(entries: Entry[]) => Entry[] = (entries) => entries,
): AsyncGenerator<FoundFile | ClosedDirectory> {
  const visited = new Set<string>();
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const entries = await entriesOf(join(root, folder), visited).catch((error: unknown) => {
      if (folder === '') throw error;
      return messageOf(error);
    });
    if (typeof entries === 'string') {
      yield { relative: folder, kind: 'closed', why: entries };
      continue;
    }
    for (const entry of arrange(entries)) {
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() || (entry.isSymbolicLink() && (await mayBeDirectory(join(root, relative))))) waiting.push(relative);
      else if (entry.name.endsWith('.wsp')) yield { relative, kind: 'metric', isLink: entry.isSymbolicLink() };
      else if (LEFTOVER.test(entry.name)) yield { relative, kind: 'leftover', isLink: false };
    }
  }
}

/** What is in a directory, the first time it is come to. */
async function entriesOf(path: string, visited: Set<string>): Promise<Dirent[]> {
  return (await isVisited(path, visited)) ? [] : readdir(path, { withFileTypes: true }).catch(goneIsEmpty);
}

/** Links may lead to a directory a second time, or around in a circle. */
async function isVisited(path: string, visited: Set<string>): Promise<boolean> {
  const found = await stat(path).catch(goneIsUndefined);
  if (found === undefined) return true;
  const identity = `${found.dev} ${found.ino}`;
  if (visited.has(identity)) return true;
  visited.add(identity);
  return false;
}

/** Where a link leads to; one that cannot be followed is told when it is come to. */
async function mayBeDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => !isNotFound(error),
  );
}

function goneIsEmpty(error: unknown): never[] {
  if (isNotFound(error)) return [];
  throw error;
}

function goneIsUndefined(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}

/**
 * The metric a file is of, by its path relative to the tree; undefined when its name does not tell (names of tagged
 * series may be hashed), or when no store would ever look there: a dot in a metric's name is a directory, so a
 * directory has none in its own.
 * https://github.com/graphite-project/carbon, lib/carbon/util.py, TaggedSeries.encode; go-carbon's tags.FilePath
 */
export function metricOf(relative: string): string | undefined {
  const path = relative.slice(0, -'.wsp'.length);
  const tagged = /^_tagged\/[0-9a-f]{3}\/[0-9a-f]{3}\/([^/]+)$/.exec(path)?.[1];
  if (tagged !== undefined) return tagged.includes(';') ? tagged.replaceAll('_DOT_', '.') : undefined;
  return path === '' || path.includes('.') ? undefined : path.replaceAll('/', '.');
}

/** A metric's file as its header tells. */
export interface FileFacts {
  read: ReadHeader;
  bytes: number;
  /** What it takes of the disk: less than its bytes where it is sparse. */
  diskBytes: number;
  /** When it was last written to, milliseconds since the epoch. */
  modifiedMs: number;
}

/** Reads a file's header; undefined when it has gone. */
export async function inspect(path: string): Promise<FileFacts | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  try {
    const { size, blocks, mtimeMs } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, LONGEST_HEADER_BYTES));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return { read: readHeader(buffer.subarray(0, bytesRead), size), bytes: size, diskBytes: blocks * 512, modifiedMs: mtimeMs };
  } finally {
    await file.close();
  }
}
