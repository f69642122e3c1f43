import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { isNotFound } from '../base/errors.ts';

/*
 * What logs are called once they are rotated: `store.log.20261121-044512-345`, the moment (UTC, to the millisecond) at
 * which it was rotated, and `.gz` when it is compressed. Names sort as time went, and one rename makes each, so nothing
 * has to be renumbered. `.part` is what is not finished: a copy under way, or what a crash left.
 */

/** The end of the name of what is under way. */
export const UNFINISHED = '.part';

/** A rotated log. */
export interface LogArchive {
  path: string;
  /** When it was rotated, as in its name; later ones are greater. */
  stamp: string;
  isCompressed: boolean;
}

const ARCHIVE = /^\.(\d{8}-\d{6}-\d{3})(\.gz)?$/;

/** What a directory's names say of one log. */
export interface LogNames {
  /** Oldest first. One that is there plain and compressed counts as compressed: that is made before the plain one goes. */
  archives: LogArchive[];
  /** Paths of what is under way or was left behind. */
  unfinished: string[];
}

/** The rotated logs of `log` among the names in its directory. Pure. */
export function namesOf(log: string, names: readonly string[]): LogNames {
  const found = new Map<string, LogArchive>();
  const unfinished: string[] = [];
  for (const name of names) {
    if (!name.startsWith(`${basename(log)}.`)) continue;
    const rest = name.slice(basename(log).length);
    const path = join(dirname(log), name);
    if (rest.endsWith(UNFINISHED) && ARCHIVE.test(rest.slice(0, -UNFINISHED.length))) unfinished.push(path);
    const [, stamp, gz] = ARCHIVE.exec(rest) ?? [];
    if (stamp === undefined) continue;
    if (gz !== undefined || !found.has(stamp)) found.set(stamp, { path, stamp, isCompressed: gz !== undefined });
  }
  return { archives: [...found.values()].sort((a, b) => (a.stamp < b.stamp ? -1 : 1)), unfinished };
}

/** What is there of `log`'s rotated logs; nothing when its directory is not there. */
export function archivesOf(log: string): LogNames {
  try {
    return namesOf(log, readdirSync(dirname(log)));
  } catch (error) {
    if (isNotFound(error)) return { archives: [], unfinished: [] };
    throw error;
  }
}

/** The stamp for a log that is rotated now: after `newest`, whatever the clock says. Pure. */
export function nextStamp(nowMs: number, newest: string | undefined): string {
  const stamp = stampOf(nowMs);
  return newest === undefined || newest < stamp ? stamp : stampOf(timeOf(newest) + 1);
}

function stampOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:Z]/g, '').replace(/[T.]/g, '-');
}

/** The moment a stamp stands for, in milliseconds since the epoch. Pure. */
export function timeOf(stamp: string): number {
  return Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(\d{3})$/, '$1-$2-$3T$4:$5:$6.$7Z'));
}

/** The text of a rotated log, as it was; undefined when it is not there any more. */
export function readArchive({ path, isCompressed }: LogArchive): Buffer | undefined {
  try {
    const content = readFileSync(path);
    return isCompressed ? gunzipSync(content) : content;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
