import { bytesInWords } from '../base/terminal.ts';
import type { DiskLimits } from '../contract/service.ts';

/*
 * When a file system has too little space, in whose words, and how soon it is looked at again. Pure.
 */

/** A file system. Bytes and inodes are those that this user may still take. `totalInodes` is 0 where there is no limit. */
export interface Space {
  totalBytes: number;
  freeBytes: number;
  totalInodes: number;
  freeInodes: number;
}

/** Free space below which is warned, and below which stores are stopped. 0 is never reached. */
export interface Thresholds {
  warnBytes: number;
  stopBytes: number;
  warnInodes: number;
  stopInodes: number;
}

/** `little`: there is a warning. `too-little`: the services that store data there are stopped. */
export type Level = 'enough' | 'little' | 'too-little';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/**
 * A part of the disk, within bounds that make sense on any disk: 128 and 256 MiB of 2 GiB, 2 and 10 GiB of 2 TiB. The
 * second must hold what is written between two looks (see `FASTEST_FILL_BYTES_PER_MS`) and what a store writes while
 * it stops: 5,000,000 points waiting in memory are 80 to 130 MB of go-carbon's dump, but a cache is that full only when
 * the disk is far too slow. What conf/dkm.toml says goes before; the other threshold then keeps its distance.
 */
export function thresholdsOf({ warnFreeBytes, stopFreeBytes }: DiskLimits, { totalBytes, totalInodes }: Pick<Space, 'totalBytes' | 'totalInodes'>): Thresholds {
  const usualStop = Math.min(totalBytes * 0.1, Math.max(totalBytes * 0.03, 128 * MIB), 2 * GIB);
  const usualWarn = Math.min(totalBytes * 0.2, Math.max(totalBytes * 0.1, 256 * MIB), 10 * GIB);
  const stopBytes = stopFreeBytes ?? Math.min(usualStop, (warnFreeBytes ?? Infinity) / 2);
  return {
    stopBytes,
    warnBytes: warnFreeBytes ?? Math.max(usualWarn, stopBytes * 2),
    // A stop needs a handful: go-carbon's dump, status.json. Before that new metrics have a use for them.
    warnInodes: Math.min(totalInodes * 0.05, 50_000),
    stopInodes: Math.min(totalInodes * 0.01, 1_000),
  };
}

/** What a file system is like now. The way back is longer than the way there, so that a store does not go off and on. */
export function levelOf(before: Level, space: Space, thresholds: Thresholds): Level {
  const byBytes = levelOfAmount(before, space.freeBytes, thresholds.warnBytes, thresholds.stopBytes);
  const byInodes = space.totalInodes === 0 ? 'enough' : levelOfAmount(before, space.freeInodes, thresholds.warnInodes, thresholds.stopInodes);
  return [byBytes, byInodes].find((level) => level === 'too-little') ?? [byBytes, byInodes].find((level) => level === 'little') ?? 'enough';
}

function levelOfAmount(before: Level, free: number, warn: number, stop: number): Level {
  if (free < (before === 'too-little' ? backAbove(warn, stop) : stop)) return 'too-little';
  return free < (before === 'enough' ? warn : warn + (warn - stop) / 4) ? 'little' : 'enough';
}

/** Where stores that were stopped go on: half-way between the thresholds. */
function backAbove(warn: number, stop: number): number {
  return (warn + stop) / 2;
}

/**
 * No store fills a disk faster than this: go-carbon makes at most 25,000 files of 16 KiB a second per processor core
 * and is given four at most (max-cpu), and writes to files that exist already take no new space. The next look comes
 * when a store at that speed could have come to the second threshold, so that it is passed by what fits into the
 * shortest pause at most: 51 MiB, two fifths of what is left then of 2 GiB.
 */
const FASTEST_FILL_BYTES_PER_MS = (512 * MIB) / 1_000;
const FASTEST_FILL_INODES_PER_MS = 100;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** While the stores are stopped nothing is in a hurry but who waits for them. */
const HELD_PAUSE_MS = 2_000;

/** How long nothing can go wrong, in milliseconds. A look costs some 50 µs, so it is never worth mentioning. */
export function pauseBeforeLookMs(level: Level, space: Space | undefined, thresholds: Thresholds | undefined, hasStores: boolean): number {
  if (level === 'too-little') return HELD_PAUSE_MS;
  if (!hasStores || !space || !thresholds) return LONGEST_PAUSE_MS;
  const untilStop = Math.min(
    (space.freeBytes - thresholds.stopBytes) / FASTEST_FILL_BYTES_PER_MS,
    space.totalInodes === 0 ? Infinity : (space.freeInodes - thresholds.stopInodes) / FASTEST_FILL_INODES_PER_MS,
  );
  return Math.round(Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, untilStop)));
}

/** A file system's level in words: what is free, what follows from it, and when it ends. */
export function describeSpace(level: Level, space: Space, thresholds: Thresholds, directory: string, stores: readonly string[]): string {
  const { what, free, total, stop, back } = scarcest(space, thresholds);
  const amounts = `${free} of ${total}${what} free under ${directory}`;
  const names = stores.join(' and ');
  if (level === 'enough') return `enough space again: ${amounts}`;
  if (stores.length === 0 || stop === undefined) return `little space: ${amounts}`;
  if (level === 'little') return `little space: ${amounts}; below ${stop} ${names} is stopped, so that no data is damaged`;
  return `the disk is nearly full: ${amounts}; ${names} is stopped, so that no data is damaged, and started again by itself when ${back} are free`;
}

/** Bytes or inodes, whichever there is less of compared to its threshold. */
function scarcest(
  space: Space,
  { warnBytes, stopBytes, warnInodes, stopInodes }: Thresholds,
): Record<'what' | 'free' | 'total' | 'back', string> & { stop?: string } {
  const ofInodes = space.totalInodes === 0 ? Infinity : space.freeInodes / warnInodes;
  if (ofInodes < 1.25 && ofInodes < space.freeBytes / warnBytes) {
    const count = (inodes: number): string => `${Math.round(inodes)}`;
    const [free, total] = [count(space.freeInodes), count(space.totalInodes)];
    return { what: ' inodes', free, total, stop: count(stopInodes), back: count(backAbove(warnInodes, stopInodes)) };
  }
  const [free, total] = [bytesInWords(space.freeBytes), bytesInWords(space.totalBytes)];
  return { what: '', free, total, back: bytesInWords(backAbove(warnBytes, stopBytes)), ...(stopBytes > 0 && { stop: bytesInWords(stopBytes) }) };
}
