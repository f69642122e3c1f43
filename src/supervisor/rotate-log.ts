import {
  closeSync,
  constants,
  createReadStream,
  createWriteStream,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { archivesOf, nextStamp, UNFINISHED } from '../log-files/log-archives.ts';
import { groupOf, whileHeld, writersOf } from './log-writers.ts';

/*
 * Rotating a log without losing a line and without a restart. Services have their log open through a descriptor that dkm
 * cannot exchange, so a log is cut: what is in it is copied, and in the end, for the milliseconds in which the last
 * of it is copied and the file is emptied, its writers hold still (SIGSTOP). That works for whoever appends (O_APPEND),
 * as all do whose output the shell redirected. One that keeps its own place in the file has it renamed
 * and is told to open it again.
 *
 * After a crash at any point everything is there: the copy counts only once it has its name, and what is `.part` is
 * looked at before it is taken away (`tidyUp`).
 */

/** A log, and who writes it. */
export interface RotatingLog {
  path: string;
  /** The process that leads the group of its service's processes, while there is one. */
  leader?: number | undefined;
  /** Has its service open it by its name again; absent when it cannot. */
  reopen?: (() => void) | undefined;
}

/** What became of it. `refused` is in words. */
export type Rotated = { done: true; archive: string } | { done: false; refused: string };

/** Rotates a log now. Throws what the file system throws; the log is as it was then. */
export async function rotateLog(log: RotatingLog): Promise<Rotated> {
  const archive = `${log.path}.${nextStamp(Date.now(), archivesOf(log.path).archives.at(-1)?.stamp)}`;
  const writers = writersOf(statSync(log.path), log.path);
  if (writers === undefined) return { done: false, refused: 'the system does not tell who writes it' };
  if (writers.every(({ appends }) => appends)) {
    if (writers.length > 0 || log.leader !== undefined) return cut(log, archive);
  } else if (!log.reopen) return { done: false, refused: 'its service keeps its own place in it and cannot open it again; it is rotated at the next restart' };
  renameSync(log.path, archive);
  log.reopen?.();
  return { done: true, archive };
}

/** What is copied while the writers hold still; more of it is copied before. */
const LITTLE_BYTES = 256 * 1024;
/** A log that grows faster than it is copied has its writers held a little longer. */
const COPY_ROUNDS = 8;
/** A writer may be in the midst of a line; it is given this many chances to finish it. */
const WHOLE_LINE_TRIES = 5;
const LINE_PAUSE_MS = 3;

async function cut(log: RotatingLog, archive: string): Promise<Rotated> {
  const unfinished = `${archive}${UNFINISHED}`;
  const copy = { isAllThereIs: false };
  const source = await open(log.path, constants.O_RDWR | constants.O_APPEND);
  try {
    const target = await open(unfinished, 'wx', 0o600);
    try {
      const copied = await copyMost(source, target);
      if (!(await cutRest(log, source, target, copied, archive, copy))) {
        await rm(unfinished);
        return { done: false, refused: 'its writers did not hold still; it is tried again' };
      }
      await target.sync();
    } finally {
      await target.close();
    }
    return { done: true, archive };
  } catch (error) {
    // A copy of a log that was emptied and that cannot have its name now, as on a full disk, gets it when `tidyUp` comes by.
    if (!copy.isAllThereIs) rmSync(unfinished, { force: true });
    throw error;
  } finally {
    await source.close();
  }
}

/** Copies while it is written, until little is left; what is copied is safe on the disk when this is done. Returns its bytes. */
async function copyMost(source: FileHandle, target: FileHandle): Promise<number> {
  let copied = 0;
  for (let round = 0; round < COPY_ROUNDS; round += 1) {
    const { size } = await source.stat();
    if (size - copied <= LITTLE_BYTES) break;
    while (copied < size) {
      const block = Buffer.allocUnsafe(Math.min(LITTLE_BYTES, size - copied));
      const { bytesRead } = await source.read(block, 0, block.length, copied);
      if (bytesRead === 0) break;
      const { bytesWritten } = await target.write(block, 0, bytesRead, copied);
      copied += bytesWritten; // a disk that is nearly full may take a part
    }
  }
  await target.sync();
  return copied;
}

/** Has the writers hold still, copies what is left and empties the log; false when they would not. */
async function cutRest(
  log: RotatingLog,
  source: FileHandle,
  target: FileHandle,
  copied: number,
  archive: string,
  copy: { isAllThereIs: boolean },
): Promise<boolean> {
  const identity = await source.stat();
  // All of the service's processes, as one may be about to open the log just for a line.
  const writers = (): number[] => [...(writersOf(identity, log.path) ?? []).map(({ pid }) => pid), ...(log.leader === undefined ? [] : groupOf(log.leader))];
  for (let tries = 1; ; tries += 1) {
    const outcome = await whileHeld([...new Set(writers())], () => {
      const position = copyRest(source.fd, target.fd, copied);
      if (tries < WHOLE_LINE_TRIES && !endsWithLine(source.fd, position)) return 'in a line';
      ftruncateSync(source.fd, 0);
      copy.isAllThereIs = true;
      renameSync(`${archive}${UNFINISHED}`, archive);
      return 'cut';
    });
    if (outcome !== 'in a line') return outcome === 'cut';
    await pause(LINE_PAUSE_MS);
  }
}

function copyRest(source: number, target: number, from: number): number {
  const block = Buffer.allocUnsafe(LITTLE_BYTES);
  for (let position = from; ;) {
    const length = readSync(source, block, 0, block.length, position);
    if (length === 0) return position;
    for (let written = 0; written < length;) written += writeSync(target, block, written, length - written, position + written);
    position += length;
  }
}

const LINE_BREAK = 0x0a;

function endsWithLine(file: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(file, last, 0, 1, size - 1) === 1 && last[0] === LINE_BREAK);
}

/** Compresses a rotated log, unless somebody may still write to it; false then. It has one of the two names at any moment. */
export async function compressArchive(archive: string): Promise<boolean> {
  const writers = writersOf(statSync(archive), archive);
  if (writers === undefined || writers.length > 0) return false;
  const unfinished = `${archive}.gz${UNFINISHED}`;
  try {
    await pipeline(createReadStream(archive), createGzip(), createWriteStream(unfinished, { mode: 0o600 }));
    await syncFile(unfinished);
    await rename(unfinished, `${archive}.gz`);
  } catch (error) {
    await rm(unfinished, { force: true }); // it would take the room that is lacking
    throw error;
  }
  unlinkSync(archive);
  return true;
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Takes away what a crash left of a rotation. A copy that was not finished is in the log still, unless the crash came
 * between the emptying of the log and the naming of the copy: then the copy gets its name. Nothing else may be rotating
 * the log.
 */
export function tidyUp(log: string): void {
  const { archives, unfinished } = archivesOf(log);
  for (const path of unfinished) {
    const finished = path.slice(0, -UNFINISHED.length);
    if (finished.endsWith('.gz') || isBeginningOf(path, log)) unlinkSync(path);
    else renameSync(path, finished);
  }
  for (const { path, isCompressed } of archives) if (isCompressed) rmSync(path.replace(/\.gz$/, ''), { force: true });
}

function isBeginningOf(part: string, whole: string): boolean {
  if (statSync(whole, { throwIfNoEntry: false }) === undefined) return false;
  const files = [openSync(part, 'r'), openSync(whole, 'r')] as const;
  try {
    const size = fstatSync(files[0]).size;
    const blocks = files.map(() => Buffer.alloc(LITTLE_BYTES)) as [Buffer, Buffer];
    for (let position = 0; position < size; position += LITTLE_BYTES) {
      const wanted = Math.min(LITTLE_BYTES, size - position);
      const [a, b] = blocks.map((block, index) => block.subarray(0, readSync(files[index] as number, block, 0, wanted, position)));
      if (!a || !b || a.length !== wanted || !a.equals(b)) return false;
    }
    return true;
  } finally {
    files.forEach(closeSync);
  }
}
