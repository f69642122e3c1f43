import { chown, link, lstat, open, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { DkmError, isNotFound } from '../base/errors.ts';
import { methodName, type Dialect } from '../whisper/aggregation.ts';
import { convert, type Source } from '../whisper/convert.ts';
import { hasShape, type Shape } from '../whisper/format.ts';
import { faultOf } from '../whisper/verify.ts';
import type { LockFile } from './file-lock.ts';
import { BEFORE_SUFFIX, NEW_SUFFIX, OLD_SUFFIX } from './metric-files.ts';
import { isOpenElsewhere } from './open-files.ts';
import { settle } from './settle.ts';
import { openSources } from './sources.ts';
import { diskBytesOf, readWhole, syncDirectory, writeSparse } from './whole-file.ts';

/*
 * One file takes a new shape while the store runs. Beside `x.wsp` there are, for a moment:
 *   x.wsp.retention-new     the new file, until it is complete, verified and renamed to x.wsp
 *   x.wsp.retention-old     a second name of the old file, from just before that, until nothing can be written to it
 *   x.wsp.retention-before  what the old file was when it was converted; only when somebody had it open
 * The rename is done while the old file is locked and is what it was when it was converted. A store that had opened the
 * old file before, and waited for the lock, writes to it afterwards: what it wrote is brought over (settle.ts). When nobody
 * has it open, nobody ever will. Whatever moment a kill comes, the names tell what was done: see `recover`.
 */

export type Step = 'locked' | 'written' | 'verified' | 'linked' | 'replaced' | 'kept' | 'released' | 'settled';

export interface Surroundings {
  dialect: Dialect;
  lock: LockFile;
  /** How long to wait for a file that the store has locked or open. */
  patienceMs: number;
  /** Told after each step; tests end the process there. */
  onStep?: (step: Step) => void;
}

/** What became of a file. `as-wanted`: it had the shape. `refused`: it was left as it was, `why` says why.
 * `isSettled`: false when the store still has the old file open, so that `recover` must be called again. */
export type Outcome =
  | { kind: 'converted'; bytesBefore: number; bytesAfter: number; isSettled: boolean }
  | { kind: 'as-wanted' }
  | { kind: 'gone' }
  | { kind: 'refused'; why: string };

/** Above this a file is not taken into memory; ten points a second for three years are less. */
const LARGEST_BYTES = 2 ** 30;

/** Gives the file a shape. Throws only what has nothing to do with this one file, or when the disk does not do its work. */
export async function convertFile(path: string, shape: Shape, surroundings: Surroundings): Promise<Outcome> {
  await recover(path, surroundings);
  const file = await openExisting(path);
  if (file === undefined) return { kind: 'gone' };
  let done: { outcome: Outcome; isSettled: boolean };
  try {
    // Without the lock first, so that the store waits for the rename alone. What changed meanwhile is done again.
    const prepared = await prepare(path, file, shape, surroundings);
    if ('kind' in prepared && prepared.kind === 'as-wanted') return prepared;
    await surroundings.lock(file, surroundings.patienceMs).catch(async (error: unknown) => {
      await rm(path + NEW_SUFFIX, { force: true });
      throw error;
    });
    surroundings.onStep?.('locked');
    done = await replace(path, file, shape, prepared, surroundings);
  } finally {
    await file.close(); // and lets the store go on
  }
  surroundings.onStep?.('released');
  if (done.outcome.kind !== 'converted') return done.outcome;
  const isSettled = done.isSettled || (await settle(path, surroundings).catch(lockedIsFalse));
  surroundings.onStep?.('settled');
  return { ...done.outcome, isSettled };
}

/** Ends what a conversion that was cut short began; harmless where there is nothing. Throws `locked` while the store has the old file open. */
export async function recover(path: string, surroundings: Surroundings): Promise<void> {
  const [present, old] = await Promise.all([stat(path).catch(absent), stat(path + OLD_SUFFIX).catch(absent)]);
  if (old !== undefined && present === undefined)
    await rename(path + OLD_SUFFIX, path); // somebody removed the new one: better the old one than none
  else if (old !== undefined && present !== undefined && old.ino !== present.ino) return mustSettle(path, surroundings);
  // Before the rename nothing had been changed yet.
  for (const suffix of [NEW_SUFFIX, OLD_SUFFIX, BEFORE_SUFFIX]) await rm(path + suffix, { force: true });
}

/** A new file that lies beside the old one, complete and verified. */
interface Prepared {
  /** The old file. */
  bytes: Buffer;
  made: Buffer;
  /** Seconds since the epoch that the archives of the new one reach back from. */
  now: number;
}

async function mustSettle(path: string, surroundings: Surroundings): Promise<void> {
  if (await settle(path, surroundings)) return;
  throw new DkmError(
    'locked',
    `another program has had its old file open for ${surroundings.patienceMs / 1000} s; both stay until "dkm retention apply" runs again`,
  );
}

async function prepare(path: string, file: FileHandle, shape: Shape, { dialect, onStep }: Surroundings): Promise<Prepared | Outcome> {
  const facts = await file.stat();
  const refuse = (why: string): Outcome => ({ kind: 'refused', why });
  if (facts.size > LARGEST_BYTES) return refuse(`it is larger than ${LARGEST_BYTES / 2 ** 30} GiB`);
  const bytes = await readWhole(file);
  const opened = openSources(bytes);
  if ('why' in opened) return refuse(opened.why);
  if (hasShape(opened.header, shape)) return { kind: 'as-wanted' };
  if (methodName(shape.method, dialect) === undefined) return refuse(`${dialect} has no aggregation method ${shape.method}`);
  const now = Math.floor(Date.now() / 1000);
  const made = convert(opened.sources, { dialect, shape, now });
  const fault = await writeVerified(path + NEW_SUFFIX, made, opened.sources, { shape, now, like: facts }, onStep);
  if (fault !== undefined) return refuse(`its new file was not right and was thrown away: ${fault}`);
  onStep?.('verified');
  return { bytes, made, now };
}

/** Puts the new file in the place of the old one, which is locked. */
async function replace(
  path: string,
  file: FileHandle,
  shape: Shape,
  earlier: Prepared | Outcome,
  surroundings: Surroundings,
): Promise<{ outcome: Outcome; isSettled: boolean }> {
  const facts = await file.stat();
  if ((await stat(path).catch(absent))?.ino !== facts.ino) {
    await rm(path + NEW_SUFFIX, { force: true });
    return { outcome: { kind: 'gone' }, isSettled: true }; // another one has taken its place just now
  }
  const prepared = await upToDate(path, file, shape, earlier, surroundings);
  if ('kind' in prepared) return { outcome: prepared, isSettled: true };
  const { onStep } = surroundings;
  await link(path, path + OLD_SUFFIX).catch(async (error: unknown) => {
    await rm(path + NEW_SUFFIX, { force: true });
    throw error; // a file system without hard links
  });
  onStep?.('linked');
  await rename(path + NEW_SUFFIX, path);
  await syncDirectory(dirname(path));
  onStep?.('replaced');
  const isSettled = isOpenElsewhere(facts) === false;
  if (isSettled) await rm(path + OLD_SUFFIX);
  else await keepBefore(path, prepared.bytes, prepared.now, facts.mode);
  onStep?.('kept');
  return { outcome: { kind: 'converted', bytesBefore: facts.blocks * 512, bytesAfter: diskBytesOf(prepared.made), isSettled }, isSettled };
}

/** What was prepared, or what is prepared now, when the store wrote to the old file meanwhile or was at it. */
async function upToDate(path: string, file: FileHandle, shape: Shape, earlier: Prepared | Outcome, surroundings: Surroundings): Promise<Prepared | Outcome> {
  if ('bytes' in earlier && (await readWhole(file)).equals(earlier.bytes)) return earlier;
  await rm(path + NEW_SUFFIX, { force: true });
  return prepare(path, file, shape, surroundings);
}

/** Writes the new file, reads it back, and says what is wrong with it; then it has gone. */
async function writeVerified(
  path: string,
  made: Buffer,
  sources: readonly Source[],
  { shape, now, like }: { shape: Shape; now: number; like: Stats },
  onStep: Surroundings['onStep'],
): Promise<string | undefined> {
  try {
    await writeSparse(path, made, like.mode & 0o777);
    await inheritOwner(path, like);
    await utimes(path, like.atime, like.mtime); // scripts that look for metrics nobody sends any more go by it
    onStep?.('written');
    const file = await open(path, 'r');
    const written = await readWhole(file).finally(() => file.close());
    const fault = written.equals(made) ? faultOf(written, sources, shape, now) : 'what was read back is not what was written';
    if (fault !== undefined) await rm(path, { force: true });
    return fault;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function inheritOwner(path: string, { uid, gid }: Stats): Promise<void> {
  const made = await lstat(path);
  if (made.uid !== uid || made.gid !== gid) await chown(path, uid, gid);
}

/** Its time of change is that of the conversion, which settling needs. */
async function keepBefore(path: string, bytes: Buffer, now: number, mode: number): Promise<void> {
  await writeSparse(path + NEW_SUFFIX, bytes, mode & 0o777);
  await utimes(path + NEW_SUFFIX, now, now);
  await rename(path + NEW_SUFFIX, path + BEFORE_SUFFIX); // whole, or not there
}

async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw new DkmError('command-failed', `it cannot be opened: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function absent(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}

function lockedIsFalse(error: unknown): false {
  if (error instanceof DkmError && error.code === 'locked') return false;
  throw error;
}
