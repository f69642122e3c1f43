import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { isNotFound } from '../base/errors.ts';
import { LONGEST_HEADER_BYTES, readHeader } from '../whisper/format.ts';

/*
 * Reading files that others write to meanwhile. The size is that at opening: what is added later is not in the backup.
 *
 * The store updates whisper files in place, a point of 12 bytes at a time, and never moves anything, so a file read in
 * one go is good whatever is written meanwhile: each point is the old one or the new one. The worst that can happen is
 * a point that lies across two pages of the page cache and is read half old, half new. Its time then does not fit its
 * place, which readers take for "no point", or its value is wrong in some of its bytes: one point of one archive.
 * What must not be torn is the header, which is written once when the file is made, before the file has its length:
 * a file whose header does not fit its length is read again, and reported when that does not help.
 */

/** Files up to this size are read in one go; whisper files are far smaller. */
const ONE_GO_BYTES = 32 << 20;
const CHUNK_BYTES = 4 << 20;
const TRIES = 3;
const BETWEEN_TRIES_MS = 50;
/** A file that was written to so recently may be in the making; others are damaged and will stay so. */
const IN_THE_MAKING_MS = 1_000;

/** A file as it was read. */
export interface ReadFile {
  size: number;
  mode: number;
  mtime: Date;
  /** The content, `size` bytes in all; to be read once. Closes the file. */
  chunks: Generator<Buffer, void>;
  /** What was not as expected, in words; complete once `chunks` were read. */
  remarks: string[];
}

/** Opens a file to be read now; undefined when it is gone. */
export async function readForBackup(absolute: string): Promise<ReadFile | undefined> {
  for (let tries = 1; ; tries += 1) {
    const read = open(absolute);
    if (read === undefined) return undefined;
    if (read.whole === undefined || !absolute.endsWith('.wsp')) return read;
    const header = readHeader(read.whole.subarray(0, LONGEST_HEADER_BYTES), read.size);
    if (header.kind !== 'damaged') return read;
    const isFresh = Date.now() - read.mtime.getTime() < IN_THE_MAKING_MS;
    if (tries === TRIES || !isFresh) return { ...read, remarks: [`damaged, backed up as it is: ${header.why}`] };
    await pause(BETWEEN_TRIES_MS);
  }
}

function open(absolute: string): (ReadFile & { whole?: Buffer }) | undefined {
  let file: number;
  try {
    file = openSync(absolute, 'r');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  const { size, mode, mtime } = fstatSync(file);
  const about = { mode: mode & 0o777, mtime };
  if (size > ONE_GO_BYTES) {
    const remarks: string[] = [];
    return { ...about, size, remarks, chunks: inChunks(file, size, remarks) };
  }
  try {
    const whole = readUpTo(file, size);
    return { ...about, size: whole.length, remarks: [], chunks: once(whole), whole };
  } finally {
    closeSync(file);
  }
}

function* once(whole: Buffer): Generator<Buffer, void> {
  yield whole;
}

/** A file that became shorter while it was read is filled up with zeros, as GNU tar does: its size was announced. */
function* inChunks(file: number, size: number, remarks: string[]): Generator<Buffer, void> {
  try {
    for (let done = 0; done < size;) {
      const wanted = Math.min(CHUNK_BYTES, size - done);
      const chunk = readUpTo(file, wanted);
      if (chunk.length < wanted && remarks.length === 0) remarks.push('became shorter while it was read; the rest is zeros');
      yield chunk.length === wanted ? chunk : Buffer.concat([chunk], wanted);
      done += wanted;
    }
  } finally {
    closeSync(file);
  }
}

/** The next bytes of a file, fewer only at its end. */
function readUpTo(file: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let done = 0;
  while (done < bytes) {
    const read = readSync(file, buffer, done, bytes - done, null);
    if (read === 0) break;
    done += read;
  }
  return buffer.subarray(0, done);
}
