import type { LogLimits } from '../contract/service.ts';
import { timeOf } from '../log-files/log-archives.ts';

/* When a log is rotated, when it is looked at next, and which rotated logs go. All pure. */

/** A log as it is found. */
export interface LogState {
  bytes: number;
  /** When it was begun, milliseconds since the epoch. */
  begunAtMs: number;
}

/** True when a log is to be rotated. An empty one never is. */
export function isDue({ bytes, begunAtMs }: LogState, { maxBytes, maxAgeMs }: LogLimits, nowMs: number): boolean {
  return bytes > maxBytes || (bytes > 0 && nowMs - begunAtMs > maxAgeMs);
}

/**
 * When a log was begun: the first one when its file was made, others when the one before was rotated. That is told by
 * the newest rotated log, and, where none is kept, by who rotated it (`rotatedAtMs`): a log that is cut has its old file.
 */
export function begunAtMs(newestStamp: string | undefined, birthtimeMs: number, rotatedAtMs: number | undefined): number {
  return Math.max(newestStamp === undefined ? birthtimeMs : timeOf(newestStamp), rotatedAtMs ?? 0);
}

const LONGEST_PAUSE_MS = 2_000;
const SHORTEST_PAUSE_MS = 100;

/**
 * When to look at a log again, in milliseconds: at half of what is left until it is too large if it goes on growing as
 * it did, so that one that suddenly grows fast is caught, and quiet ones cost nothing.
 */
export function pauseBeforeLookMs(bytes: number, grownBytes: number, withinMs: number, maxBytes: number): number {
  if (grownBytes <= 0 || withinMs <= 0) return LONGEST_PAUSE_MS;
  const leftMs = (Math.max(0, maxBytes - bytes) / grownBytes) * withinMs;
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, leftMs / 2));
}

const LONGEST_PAUSE_AFTER_TROUBLE_MS = 60_000;

/**
 * When to try again what failed `times` times in a row. A try copies the log or has its writers wait, which must not
 * go on every two seconds for as long as the disk is full or one of them does not hold still.
 */
export function pauseAfterTroubleMs(times: number): number {
  return Math.min(LONGEST_PAUSE_AFTER_TROUBLE_MS, LONGEST_PAUSE_MS * 2 ** (times - 1));
}

/** A rotated log with its size. */
export interface KeptArchive {
  path: string;
  stamp: string;
  bytes: number;
}

/**
 * The paths of the rotated logs that are too many: of each log all but the newest `keep`, then the oldest of all until
 * they and the logs themselves (`liveBytes`) are within the total. `byLog` has those of each log, oldest first.
 */
export function surplusArchives(byLog: readonly (readonly KeptArchive[])[], liveBytes: number, { keep, totalBytes }: LogLimits): string[] {
  const tooMany = byLog.flatMap((archives) => archives.slice(0, Math.max(0, archives.length - keep)));
  const rest = byLog.flatMap((archives) => archives.slice(Math.max(0, archives.length - keep))).sort((a, b) => timeOf(a.stamp) - timeOf(b.stamp));
  let bytes = rest.reduce((sum, archive) => sum + archive.bytes, liveBytes);
  const tooMuch = rest.filter((archive) => {
    const goes = bytes > totalBytes;
    if (goes) bytes -= archive.bytes;
    return goes;
  });
  return [...tooMany, ...tooMuch].map(({ path }) => path);
}
