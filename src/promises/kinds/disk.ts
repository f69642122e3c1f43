import { stat, statfs } from 'node:fs/promises';
import { isNotFound, messageOf, systemCodeOf } from '../../base/errors.ts';
import { bytesInWords } from '../../base/terminal.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import type { RunKind } from './kind.ts';
import { broken, kept } from './outcome.ts';

/** There is room on a file system. */
export interface DiskSettings {
  /** Anything on it. */
  path: string;
  /** Where this is on the same file system nothing is said: another promise does. */
  apart_from?: string | undefined;
  /** Percent that must be free, unless `enough_free_mib` are. */
  min_free_percent: number;
  /** Free MiB that are enough on any disk. */
  enough_free_mib: number;
  /** Percent of the files that can be made on it. */
  min_free_inodes_percent: number;
}

/** A file system, in bytes and inodes that this user may still take. `totalInodes` is 0 where they are made as needed. */
export interface Room {
  freeBytes: number;
  totalBytes: number;
  freeInodes: number;
  totalInodes: number;
}

export const disk: RunKind<DiskSettings> = async (settings) => {
  const { path, apart_from } = settings;
  try {
    if (await isOnDiskOf(path, apart_from)) return sameDisk(path, apart_from ?? '');
    return diskOutcome(settings, await roomAt(path));
  } catch (error) {
    return notThere(path, error);
  }
};

/** What there is means this. Pure. */
export function diskOutcome(settings: DiskSettings, room: Room): PromiseOutcome {
  const { path, min_free_percent, enough_free_mib, min_free_inodes_percent } = settings;
  const freePercent = percentOf(room.freeBytes, room.totalBytes);
  const freeInodesPercent = room.totalInodes === 0 ? undefined : percentOf(room.freeInodes, room.totalInodes);
  const values = { free_bytes: room.freeBytes, free_percent: freePercent, total_bytes: room.totalBytes, free_inodes_percent: freeInodesPercent };
  const enoughBytes = enough_free_mib * 2 ** 20;
  const isShort = freePercent < min_free_percent && room.freeBytes < enoughBytes;
  if (isShort) return broken(`Less than ${smaller(min_free_percent, room.totalBytes, enoughBytes)} is free where ${path} is.`, values);
  if (freeInodesPercent !== undefined && freeInodesPercent < min_free_inodes_percent)
    return broken(`Less than ${min_free_inodes_percent} % of the files that can be made are left where ${path} is.`, values);
  return kept(`There is room where ${path} is.`, values);
}

function smaller(percent: number, totalBytes: number, enoughBytes: number): string {
  return (totalBytes * percent) / 100 <= enoughBytes ? `${percent} %` : bytesInWords(enoughBytes);
}

function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

/** What a file system has to give to this user. */
export async function roomAt(path: string): Promise<Room> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeInodes: ffree, totalInodes: files };
}

/** True when both are on one file system. */
export async function isOnDiskOf(path: string, other: string | undefined): Promise<boolean> {
  if (other === undefined) return false;
  const [one, two] = await Promise.all([stat(path), stat(other)]);
  return one.dev === two.dev;
}

/** The outcome of a promise that another one keeps as well. */
export function sameDisk(path: string, other: string): PromiseOutcome {
  return kept(`${path} is on the same disk as ${other}, which is looked at already.`);
}

/** A file system that cannot be looked at. */
export function notThere(path: string, error: unknown): PromiseOutcome {
  if (isNotFound(error)) return broken(`${path} is not there.`);
  return broken(`${path} cannot be looked at: ${systemCodeOf(error) ?? messageOf(error)}.`);
}
