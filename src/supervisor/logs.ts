import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { isNotFound } from '../base/errors.ts';

const BLOCK_BYTES = 64 * 1024;

/** The last `count` lines of a file, without the final line break; empty when there is no such file. */
export async function readTail(path: string, count: number): Promise<string> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (isNotFound(error)) return '';
    throw error;
  }
  try {
    let start = (await file.stat()).size;
    const blocks: Buffer[] = [];
    let breaks = 0;
    // Blocks from the end, until there are enough line breaks: a log may have any size.
    while (start > 0 && breaks <= count) {
      const length = Math.min(BLOCK_BYTES, start);
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

/**
 * Calls back with every whole line appended to a file from now on. A file that is moved away (rotated) is read to its
 * end, then the one that took its name from its beginning; a file cut short is read from its beginning. Returns a
 * function that ends it.
 */
export function followLines(path: string, onLine: (line: string) => void, intervalMs = 200): () => void {
  const follower = new Follower(path, onLine);
  const timer = setInterval(() => follower.readOn(), intervalMs);
  return () => {
    clearInterval(timer);
    follower.close();
  };
}

class Follower {
  readonly #path: string;
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #file: number | undefined;
  #position = 0;
  #unfinished = '';

  constructor(path: string, onLine: (line: string) => void) {
    this.#path = path;
    this.#onLine = onLine;
    this.#open();
    if (this.#file !== undefined) this.#position = fstatSync(this.#file).size;
  }

  readOn(): void {
    if (this.#file === undefined) this.#open();
    if (this.#file === undefined) return;
    this.#readToEnd(this.#file);
    const named = statSync(this.#path, { throwIfNoEntry: false });
    if (named === undefined || named.ino === fstatSync(this.#file).ino) return;
    this.close();
    this.readOn();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#position = 0;
  }

  #open(): void {
    try {
      this.#file = openSync(this.#path, 'r');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #readToEnd(file: number): void {
    if (fstatSync(file).size < this.#position) this.#position = 0;
    const block = Buffer.alloc(BLOCK_BYTES);
    for (;;) {
      const length = readSync(file, block, 0, block.length, this.#position);
      if (length === 0) return;
      this.#position += length;
      const lines = (this.#unfinished + this.#decoder.write(block.subarray(0, length))).split('\n');
      this.#unfinished = lines.pop() ?? '';
      for (const line of lines) this.#onLine(line);
    }
  }
}
