import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { isNotFound } from '../base/errors.ts';
import { archivesOf, readArchive, UNFINISHED, type LogArchive } from './log-archives.ts';

const BLOCK_BYTES = 64 * 1024;

/** How long logs were at a moment, by path. */
export type LogEnds = Partial<Record<string, number>>;

/** How long these logs are now; one that is not there has no length. */
export function endsOfLogs(paths: readonly string[]): LogEnds {
  return Object.fromEntries(paths.map((path) => [path, statSync(path, { throwIfNoEntry: false })?.size ?? 0]));
}

/**
 * The last `count` lines of a file, without the final line break; empty when there is no such file. Of what comes after
 * the first `since` bytes only, unless the file is shorter than that: it was rotated meanwhile.
 */
export async function readTail(path: string, count: number, since = 0): Promise<string> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (isNotFound(error)) return '';
    throw error;
  }
  try {
    let start = (await file.stat()).size;
    const first = start < since ? 0 : since;
    const blocks: Buffer[] = [];
    let breaks = 0;
    // Blocks from the end, until there are enough line breaks: a log may have any size.
    while (start > first && breaks <= count) {
      const length = Math.min(BLOCK_BYTES, start - first);
      start -= length;
      const block = Buffer.alloc(length);
      await file.read(block, 0, length, start);
      breaks += block.toString('latin1').split('\n').length - 1;
      blocks.unshift(block);
    }
    const lines = Buffer.concat(blocks).toString('utf8').replace(/\n$/, '').split('\n');
    return lines.slice(-count).join('\n');
  } finally {
    await file.close();
  }
}

const TRIES_WHILE_ROTATED = 5;

/** As `readTail`, over the boundary to what was rotated where the log itself has fewer lines. */
export async function readTailOfAll(path: string, count: number): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const before = newestOf(path);
    const tail = await tailWithArchives(path, count);
    if (newestOf(path) === before || tries === TRIES_WHILE_ROTATED) return tail;
  }
}

async function tailWithArchives(path: string, count: number): Promise<string> {
  let text = await readTail(path, count);
  for (const archive of archivesOf(path).archives.reverse()) {
    if (linesOf(text).length >= count) break;
    text = (readArchive(archive)?.toString() ?? '') + text;
  }
  return linesOf(text).slice(-count).join('\n');
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function newestOf(path: string): string | undefined {
  return archivesOf(path).archives.at(-1)?.stamp;
}

/**
 * Calls back with every whole line appended to a file from now on, over whatever becomes of the file. When dkm rotates
 * it, what it had is read on in the rotated log, and then the file from its beginning. When something else moves it
 * away, it is read to its end, then the one that took its name; when something else cuts it short, it is read from its beginning, and what was
 * appended just before that is lost. Returns a function that ends it. Throws when it cannot be read; what goes wrong later is
 * thrown too, unless `onError` takes it: then it is tried again, from where it was.
 */
export function followLines(
  path: string,
  onLine: (line: string) => void,
  { intervalMs = 200, onError = rethrow }: { intervalMs?: number; onError?: (error: unknown) => void } = {},
): () => void {
  const follower = new Follower(path, onLine);
  const timer = setInterval(() => {
    try {
      follower.readOn();
    } catch (error) {
      onError(error);
    }
  }, intervalMs);
  return () => {
    clearInterval(timer);
    follower.close();
  };
}

function rethrow(error: unknown): never {
  throw error;
}

/** A copy of a log this old that is not finished was left by a crash. */
const ABANDONED_AFTER_MS = 10_000;

class Follower {
  readonly #path: string;
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #file: number | undefined;
  /** How far it was read: the file, or, while a rotated one is still being written, that. */
  #position = 0;
  /** The newest rotated log that was read to its end. */
  #stamp: string | undefined;
  #unfinished = '';

  constructor(path: string, onLine: (line: string) => void) {
    this.#path = path;
    this.#onLine = onLine;
    this.#stamp = newestOf(path);
    this.#open();
    if (this.#file !== undefined) this.#position = fstatSync(this.#file).size;
  }

  readOn(): void {
    const { archives, unfinished } = archivesOf(this.#path);
    if (unfinished.some(isUnderWay)) return; // what was read now could be read again
    const newer = archives.filter(({ stamp }) => this.#stamp === undefined || stamp > this.#stamp);
    if (newer.length > 0) this.#readArchives(newer);
    else this.#readFile();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#position = 0;
  }

  #readArchives(archives: readonly LogArchive[]): void {
    for (const archive of archives) {
      const content = readArchive(archive);
      if (content === undefined) return; // it was just compressed, and has another name next time
      this.#take(content.subarray(this.#position));
      // Renamed, and not opened anew by its writer yet: more may come.
      const isWritten = archive === archives.at(-1) && !archive.isCompressed && !existsSync(this.#path);
      if (isWritten) this.#position = content.length;
      else this.close();
      if (!isWritten) this.#stamp = archive.stamp;
    }
  }

  /** Reads the file on; what was read while it was rotated counts as not read. */
  #readFile(): void {
    if (this.#file === undefined) this.#open();
    if (this.#file === undefined) return;
    const { blocks, position } = blocksFrom(this.#file, this.#position);
    const { archives, unfinished } = archivesOf(this.#path);
    if (archives.at(-1)?.stamp !== this.#stamp && archives.length > 0) return;
    if (unfinished.some(isUnderWay)) return;
    this.#position = position;
    for (const block of blocks) this.#take(block);
    const named = statSync(this.#path, { throwIfNoEntry: false });
    if (named === undefined || named.ino === fstatSync(this.#file).ino) return;
    this.close();
    this.readOn();
  }

  #open(): void {
    try {
      this.#file = openSync(this.#path, 'r');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #take(bytes: Buffer): void {
    const lines = (this.#unfinished + this.#decoder.write(bytes)).split('\n');
    this.#unfinished = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line);
  }
}

/** True for a copy that is being made of a log; not for one being compressed, nor for what a crash left. */
function isUnderWay(unfinished: string): boolean {
  if (unfinished.endsWith(`.gz${UNFINISHED}`)) return false;
  const found = statSync(unfinished, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs < ABANDONED_AFTER_MS;
}

/** What a file has from a position on, and where it ends; all of it when it is shorter. */
function blocksFrom(file: number, from: number): { blocks: Buffer[]; position: number } {
  let position = fstatSync(file).size < from ? 0 : from;
  const blocks: Buffer[] = [];
  for (;;) {
    const block = Buffer.alloc(BLOCK_BYTES);
    const length = readSync(file, block, 0, block.length, position);
    if (length === 0) return { blocks, position };
    position += length;
    blocks.push(block.subarray(0, length));
  }
}
