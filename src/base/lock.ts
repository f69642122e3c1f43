import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DkmError, isNotFound, systemCodeOf } from './errors.ts';
import { readIfPresentSync } from './files.ts';
import { bootId, isSameProcess, processStartTime } from './process-identity.ts';
import { isEither, isFlag, isInteger, isOneOf, isRecordWith, isText } from './shape.ts';

/*
 * A lock between processes, made of files alone (Node has no flock). Whoever wants it publishes the next generation,
 * `<path>.<n+1>`, with link(2), which succeeds for one of several. A generation names its holder; it is over when the
 * holder marked it released or is no longer there, so a killed holder blocks nobody.
 *
 * Generations are never used twice: `<path>` holds the number of one that is known to have been reached, and lower
 * ones are removed only after it was written. Someone who was asleep while the others went on may publish a number
 * that was removed meanwhile; then `<path>` has passed that number, and reading it after publishing shows so. Files of
 * a lock are never removed one by one: when its directory is to go, the holder renames it first, so that everything is
 * gone at once. Who read the number before that finds a lower one afterwards.
 */

/** A lock that is held. */
export interface Lock {
  /** Lets the next one in. Harmless when called twice. */
  release: () => void;
  /** Writes its files again if somebody damaged or removed them; false when another process has the lock by now. */
  restore: () => boolean;
  /** Moves the lock's directory to another name, and the lock with it, to be removed there; releases it by that. */
  releaseWithDirectory: (newName: string) => void;
}

interface Holder {
  pid: number;
  startTime: string | null;
  boot: string;
  what: string;
  released: boolean;
}

const POLL_MS = 50;

/**
 * Takes the lock for this process; `what` says what it is wanted for, for whoever finds it taken. The file's directory
 * must exist. Throws `locked` when another process still holds it after `waitMs` (at once by default).
 */
export async function acquireLock(path: string, what: string, options: { waitMs?: number } = {}): Promise<Lock> {
  const deadline = performance.now() + (options.waitMs ?? 0);
  for (;;) {
    const attempt = tryAcquire(path, what);
    if ('release' in attempt) return attempt;
    if (performance.now() >= deadline) throw lockedBy(attempt);
    await delay(POLL_MS);
  }
}

/** True while a process holds the lock. */
export function isLocked(path: string): boolean {
  const holder = readHolder(path, lastGeneration(path, reachedGeneration(path)));
  return holder !== undefined && isHolding(holder);
}

function lockedBy(holder: Holder): DkmError {
  return new DkmError('locked', `Another process is at work here: ${holder.what} (process ${holder.pid}).`, { hint: 'Wait until it is done, then try again.' });
}

function tryAcquire(path: string, what: string): Lock | Holder {
  for (;;) {
    const reached = reachedGeneration(path);
    const last = lastGeneration(path, reached);
    const holder = readHolder(path, last);
    if (holder !== undefined && isHolding(holder)) return holder;
    const own: Holder = { pid: process.pid, startTime: processStartTime(process.pid), boot: bootId(), what, released: false };
    const generation = last + 1;
    if (!publish(path, generation, own)) continue;
    const reachedNow = reachedGeneration(path);
    if (reachedNow >= reached && reachedNow < generation) return held(path, generation, own);
    rmSync(generationFile(path, generation), { force: true }); // we were asleep: see above
  }
}

function held(path: string, generation: number, own: Holder): Lock {
  replace(path, String(generation));
  removeBelow(path, generation);
  let released = false;
  const once = (letGo: () => void): void => {
    if (!released) letGo();
    released = true;
  };
  return {
    release: () => once(() => markReleased(path, generation, own)),
    restore: () => released || restored(path, generation, own),
    releaseWithDirectory: (newName) => once(() => renameSync(dirname(path), newName)),
  };
}

function restored(path: string, generation: number, own: Holder): boolean {
  // When all files were removed, whoever took the lock since may have any generation, ours and lower ones too.
  const last = lastGeneration(path, reachedGeneration(path));
  const latest = readHolder(path, last) ?? NOBODY;
  if (isHolding(latest) && (last > generation || !isSameHolder(latest, own))) return false;
  if (!isSameHolder(readHolder(path, generation) ?? NOBODY, own)) replace(generationFile(path, generation), JSON.stringify(own));
  if (reachedGeneration(path) !== generation) replace(path, String(generation));
  return true;
}

function isSameHolder(a: Holder, b: Holder): boolean {
  return a.pid === b.pid && a.startTime === b.startTime;
}

function markReleased(path: string, generation: number, own: Holder): void {
  try {
    if (!isSameHolder(readHolder(path, generation) ?? own, own)) return; // the files were removed, and it is another's by now
    replace(generationFile(path, generation), JSON.stringify({ ...own, released: true }));
  } catch (error) {
    if (!isNotFound(error)) throw error; // someone removed the directory, and the lock with it
  }
}

/** The highest generation there is. The files are looked at, too: a power failure may have emptied the one with the number. */
function lastGeneration(path: string, reached: number): number {
  return Math.max(reached, ...generationsOf(path));
}

function reachedGeneration(path: string): number {
  const text = readIfPresentSync(path) ?? '';
  return isGeneration(text) ? Number(text) : 0;
}

/** A file that says anything else was damaged. Above 15 digits numbers cannot be counted up any more. */
function isGeneration(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

function generationsOf(path: string): number[] {
  const prefix = `${basename(path)}.`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && isGeneration(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
}

function isHolding(holder: Holder): boolean {
  return !holder.released && holder.boot === bootId() && isSameProcess(holder.pid, holder.startTime);
}

const isHolder = isRecordWith({ pid: isInteger, startTime: isEither(isOneOf(null), isText), boot: isText, what: isText, released: isFlag });
const NOBODY: Holder = { pid: 0, startTime: null, boot: '', what: '', released: true };

/** Who published a generation; undefined when nobody did. A file cut short by a power failure names nobody who is still there. */
function readHolder(path: string, generation: number): Holder | undefined {
  const text = readIfPresentSync(generationFile(path, generation));
  if (text === undefined) return undefined;
  try {
    const holder = JSON.parse(text) as unknown;
    return isHolder(holder) ? (holder as Holder) : NOBODY;
  } catch {
    return NOBODY;
  }
}

function generationFile(path: string, generation: number): string {
  return `${path}.${generation}`;
}

/** True when the generation is ours, false when someone else was quicker. */
function publish(path: string, generation: number, own: Holder): boolean {
  const temporary = writeTemporary(path, JSON.stringify(own));
  try {
    linkSync(temporary, generationFile(path, generation));
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function replace(path: string, content: string): void {
  renameSync(writeTemporary(path, content), path);
}

function writeTemporary(path: string, content: string): string {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' });
  return temporary;
}

function removeBelow(path: string, generation: number): void {
  for (const number of generationsOf(path)) if (number < generation) rmSync(generationFile(path, number), { force: true });
}
