import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DkmError, messageOf, systemCodeOf } from '../base/errors.ts';
import { existsAs } from '../base/files.ts';
import { bytesInWords } from '../base/terminal.ts';
import { fileBytesOf } from '../whisper/format.ts';
import { lossesOf } from '../whisper/losses.ts';
import { convertFile, recover, type Outcome, type Surroundings } from './convert-file.ts';
import { leftoverOf, OLD_SUFFIX } from './metric-files.ts';
import { bytesToMove, type Throttle } from './plan.ts';
import type { Rules } from './rules.ts';
import { standings, type Obstacle, type Selection, type Standing } from './survey.ts';

/*
 * Converts every file that differs from the rules, one after the other. There is no journal: a file has the shape that
 * the rules want or it does not, and what a kill left beside it tells the rest. Running it again goes on.
 */

export interface ApplyOptions {
  selection?: Selection;
  throttle: Throttle;
  /** Also convert files whose new shape cannot hold all that the old one does. */
  allowLoss: boolean;
  /** Free space that is left alone. */
  reserveBytes: number;
  signal: AbortSignal;
  /** Told after each file. */
  onFile?: (done: { files: number; bytes: number }) => void;
}

/** What was done. `stopped`: why not all of it was. */
export interface Applied {
  converted: number;
  diskBytesBefore: number;
  diskBytesAfter: number;
  /** Conversions that an earlier run had begun, and this one ended. */
  recovered: number;
  /** Files whose new shape would hold less; left alone. */
  losing: number;
  /** Files that could not be converted, left as they were: how many, and the first of them. */
  failed: number;
  failures: { file: string; why: string }[];
  /** Files that dkm does not convert by design. */
  leftAlone: Partial<Record<Obstacle, number>>;
  stopped?: 'interrupted' | 'disk';
  /** What to do about `stopped: disk`. */
  stoppedWhy?: string;
}

const MOST_FAILURES = 100;
/** What an administrator has to see to; the rest dkm leaves alone by design. */
const FAILURES: ReadonlySet<Obstacle> = new Set(['damaged', 'undecided']);

/** What the store has locked or open is left for the end. */
const SHORT_PATIENCE_MS = 3_000;
/**
 * go-carbon 0.19.1 forgets to close, and so to unlock, a file whose points another of its workers has written meanwhile
 * (persister/whisper.go, `store`: it returns after `pop`). Go's collector closes it, which runs every two minutes at
 * the latest.
 */
const LONG_PATIENCE_MS = 150_000;

/** Converts what is to be converted. Throws nothing for single files. */
export async function applyRules(root: string, rules: Rules, surroundings: Omit<Surroundings, 'patienceMs'>, options: ApplyOptions): Promise<Applied> {
  const applied: Applied = { converted: 0, diskBytesBefore: 0, diskBytesAfter: 0, recovered: 0, losing: 0, failed: 0, failures: [], leftAlone: {} };
  const postponed: Standing[] = [];
  const work = { root, applied, surroundings, options, pace: new Pace(options.throttle), postponed };
  for await (const standing of standings(root, rules, options.selection)) {
    if (options.signal.aborted) return { ...applied, stopped: 'interrupted' };
    const stop = await treat(standing, { ...work, patienceMs: SHORT_PATIENCE_MS });
    if (stop !== undefined) return { ...applied, stopped: 'disk', stoppedWhy: stop };
  }
  for (const standing of postponed.splice(0)) {
    if (options.signal.aborted) return { ...applied, stopped: 'interrupted' };
    const stop = await treat(standing, { ...work, postponed: undefined, patienceMs: LONG_PATIENCE_MS });
    if (stop !== undefined) return { ...applied, stopped: 'disk', stoppedWhy: stop };
  }
  return applied;
}

interface Work {
  root: string;
  applied: Applied;
  surroundings: Omit<Surroundings, 'patienceMs'>;
  options: ApplyOptions;
  pace: Pace;
  /** Takes what the store has locked or open just now; undefined when it is not put off again. */
  postponed: Standing[] | undefined;
  patienceMs: number;
}

/** Does what one file needs; a reason to stop altogether when there is one. */
async function treat(standing: Standing, work: Work): Promise<string | undefined> {
  const { applied, postponed } = work;
  try {
    return await treatOrThrow(standing, work);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOSPC') return messageOf(error);
    if (postponed && error instanceof DkmError && error.code === 'locked') postponed.push(standing);
    else fail(applied, standing.relative, messageOf(error));
    return undefined;
  }
}

async function treatOrThrow(standing: Standing, work: Work): Promise<string | undefined> {
  const { root, applied, options, pace, postponed, patienceMs } = work;
  const surroundings = { ...work.surroundings, patienceMs };
  const path = join(root, standing.relative);
  if (standing.kind === 'leftover') {
    const isThere = existsAs(path);
    await recover(leftoverOf(path), surroundings);
    if (isThere && !standing.isOurs) applied.recovered += 1;
  } else if (standing.kind === 'obstacle') {
    if (FAILURES.has(standing.obstacle)) fail(applied, standing.relative, standing.why);
    else applied.leftAlone[standing.obstacle] = (applied.leftAlone[standing.obstacle] ?? 0) + 1;
  } else if (standing.kind === 'differs') {
    const { header, ruled, facts } = standing;
    if (!options.allowLoss && lossesOf(header.archives, ruled.shape.archives).length > 0) {
      applied.losing += 1;
      return undefined;
    }
    const little = await whyTooLittleSpace(root, fileBytesOf(ruled.shape), options.reserveBytes);
    if (little !== undefined) return little;
    const outcome = await convertFile(path, ruled.shape, surroundings);
    if (outcome.kind === 'refused') fail(applied, standing.relative, outcome.why);
    if (outcome.kind === 'converted') {
      take(applied, outcome);
      const left: Standing = { kind: 'leftover', relative: standing.relative + OLD_SUFFIX, isOurs: true };
      if (!outcome.isSettled && postponed) postponed.push(left);
      else if (!outcome.isSettled) await recover(path, surroundings);
    }
    const bytes = bytesToMove(facts.diskBytes, ruled.shape);
    options.onFile?.({ files: applied.converted, bytes });
    await pace.after(bytes, options.signal);
  }
  return undefined;
}

function fail(applied: Applied, file: string, why: string): void {
  applied.failed += 1;
  if (applied.failures.length < MOST_FAILURES) applied.failures.push({ file, why });
}

function take(applied: Applied, outcome: Extract<Outcome, { kind: 'converted' }>): void {
  applied.converted += 1;
  applied.diskBytesBefore += outcome.bytesBefore;
  applied.diskBytesAfter += outcome.bytesAfter;
}

/** Why a file of this size should not be written now; undefined when it may. */
export async function whyTooLittleSpace(root: string, bytes: number, reserveBytes: number): Promise<string | undefined> {
  const { bavail, bsize } = await statfs(root);
  const free = bavail * bsize;
  if (free >= bytes + reserveBytes) return undefined;
  return `${bytesInWords(free)} are free under ${root}; a new file needs up to ${bytesInWords(bytes)} for a moment, and ${bytesInWords(reserveBytes)} are to stay free, so that the store is not stopped`;
}

/** Refuses to begin where there is no room for the largest file. */
export async function refuseLittleSpace(root: string, bytes: number, reserveBytes: number): Promise<void> {
  const why = await whyTooLittleSpace(root, bytes, reserveBytes);
  if (why !== undefined) throw new DkmError('preflight-refused', `Nothing was changed: ${why}.`, { hint: 'Free some space, then try again.' });
}

/** Waits after each file, so that no more of them, and no more bytes, are done in a second than allowed. */
class Pace {
  readonly #throttle: Throttle;
  readonly #startMs = performance.now();
  #files = 0;
  #bytes = 0;

  constructor(throttle: Throttle) {
    this.#throttle = throttle;
  }

  async after(bytes: number, signal: AbortSignal): Promise<void> {
    this.#files += 1;
    this.#bytes += bytes;
    const dueMs = 1000 * Math.max(this.#files / this.#throttle.filesPerSecond, this.#bytes / 2 ** 20 / this.#throttle.mibPerSecond);
    const waitMs = dueMs - (performance.now() - this.#startMs);
    if (waitMs < 1) return;
    // An interruption only ends the wait; who called looks for it.
    await pause(waitMs, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
