import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, readdir, realpath, type FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { systemCodeOf } from '../../base/errors.ts';

/*
 * From names in an address to what is on the disk. The links that the path lists of the monitoring tree make stand in
 * its folders or one below; they may lead anywhere, as whoever configured them wanted it. What they lead to is a world
 * of its own: no link in it leads out of it again.
 */

/** Where to look, and what is never shown. */
export interface Area {
  /** The folder that the names are looked up in. */
  folder: string;
  /** Directories of which nothing is served, whatever leads there. */
  never: readonly string[];
}

/** Links that path lists make have at most this many names: `<basename>`, or `<promise>/<basename>`. */
const DEEPEST_LINK = 2;

/** The real path of what the names lead to; undefined when there is nothing, or nothing that may be shown. */
export async function placeOf({ folder, never }: Area, names: readonly string[]): Promise<string | undefined> {
  try {
    const place = await follow(folder, names);
    if (place === undefined) return undefined;
    const hidden = await Promise.all(never.map(realOrSame));
    return hidden.some((directory) => isWithin(place, directory)) ? undefined : place;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function follow(folder: string, names: readonly string[]): Promise<string | undefined> {
  const tree = await realpath(folder);
  let world = tree;
  let place = tree;
  for (const [index, name] of names.entries()) {
    const next = join(place, name);
    if (!(await lstat(next)).isSymbolicLink()) {
      place = next;
      continue;
    }
    place = await realpath(next);
    if (isWithin(place, world)) continue;
    if (world !== tree || index >= DEEPEST_LINK) return undefined;
    world = place;
  }
  return place;
}

async function realOrSame(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

const ABSENT = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG', 'ENXIO'];

function isAbsent(error: unknown): boolean {
  return ABSENT.includes(systemCodeOf(error) ?? '');
}

/** A file that is open to be read, or that a place is a directory. */
export type Found = { kind: 'file'; handle: FileHandle; status: BigIntStats } | { kind: 'directory'; status: BigIntStats };

/** Opens what is at a real path; undefined for what is neither file nor directory, or may not be read. The caller closes the file. */
export async function openPlace(path: string): Promise<Found | undefined> {
  let handle: FileHandle | undefined;
  try {
    // Not blocking: a pipe would wait for its writer. Not following: it was a real path a moment ago.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = await handle.stat({ bigint: true });
    if (status.isFile()) return { kind: 'file', handle, status };
    await handle.close();
    return status.isDirectory() ? { kind: 'directory', status } : undefined;
  } catch (error) {
    await handle?.close().catch(() => undefined);
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Something in a directory. */
export interface Member {
  name: string;
  status: BigIntStats;
  isDirectory: boolean;
}

/** What of a directory is shown at most. */
const MOST_MEMBERS = 5000;

/** What is in a directory of an area and may be shown, by name; `isWhole` is false when there was more than is read. */
export async function membersOf(
  area: Area,
  names: readonly string[],
  show: (name: string) => boolean,
): Promise<{ members: Member[]; isWhole: boolean } | undefined> {
  const place = await placeOf(area, names);
  if (place === undefined) return undefined;
  const all = (await readdir(place)).filter((name) => show(name)).sort();
  const members: Member[] = [];
  for (const name of all.slice(0, MOST_MEMBERS)) {
    const member = await memberOf(area, names, name);
    if (member !== undefined) members.push(member);
  }
  return { members, isWhole: all.length <= MOST_MEMBERS };
}

async function memberOf(area: Area, names: readonly string[], name: string): Promise<Member | undefined> {
  const place = await placeOf(area, [...names, name]);
  if (place === undefined) return undefined;
  try {
    const status = await lstat(place, { bigint: true });
    return status.isFile() || status.isDirectory() ? { name, status, isDirectory: status.isDirectory() } : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined; // gone since
    throw error;
  }
}
