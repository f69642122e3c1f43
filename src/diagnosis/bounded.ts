import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { DkmError } from '../base/errors.ts';

/*
 * Looking at what may be broken in any way: nothing here waits longer, or reads more, than it was told.
 */

/** Waits for work no longer than `timeoutMs`; its signal is aborted then, and the error says what took too long. */
export async function within<T>(timeoutMs: number, what: string, work: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
  const abort = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new DkmError('timed-out', `${what} did not end within ${timeoutMs / 1000} s.`));
    abort.abort();
  }, timeoutMs);
  const working = Promise.resolve().then(() => work(abort.signal));
  working.catch(() => undefined); // when it fails after its time nobody waits for it any more
  try {
    return await Promise.race([working, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A piece of a file. */
export interface Piece {
  bytes: Buffer;
  /** Size of the whole file in bytes. */
  size: number;
}

/** The first bytes of a regular file. Links are not followed; what is no file (a pipe would never end) is an error. */
export async function readStart(path: string, mostBytes: number): Promise<Piece> {
  return withFile(path, async (file, size) => ({ bytes: await readAt(file, 0, Math.min(size, mostBytes)), size }));
}

/** The last bytes of a regular file; see `readStart`. */
export async function readEnd(path: string, mostBytes: number): Promise<Piece> {
  return withFile(path, async (file, size) => {
    const length = Math.min(size, mostBytes);
    return { bytes: await readAt(file, size - length, length), size };
  });
}

/** The text of a regular file of this size at most; a larger one, and one that is not UTF-8, is an error. */
export async function readWholeText(path: string, mostBytes: number): Promise<string> {
  const { bytes, size } = await readStart(path, mostBytes);
  if (size > mostBytes) throw new DkmError('file-invalid', `${path} has ${size} bytes; at most ${mostBytes} are read.`);
  return decodeText(bytes, path);
}

/** Bytes as text; what is not UTF-8, or holds a NUL, is an error. */
export function decodeText(bytes: Uint8Array, path: string): string {
  if (bytes.includes(0)) throw new DkmError('file-invalid', `${path} is not text.`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new DkmError('file-invalid', `${path} is not text in UTF-8.`, { cause: error });
  }
}

async function withFile<T>(path: string, work: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  // Before it is opened, for a message; and on the open file, as it may have been exchanged meanwhile.
  if (!(await lstat(path)).isFile()) throw notRegular(path);
  // O_NONBLOCK: opening a pipe would wait for its other end.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw notRegular(path);
    return await work(file, stat.size);
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, start + done);
    if (bytesRead === 0) break; // it was cut short meanwhile
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

function notRegular(path: string): DkmError {
  return new DkmError('file-invalid', `${path} is not a regular file.`);
}
