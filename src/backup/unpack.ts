import { closeSync, fchmodSync, ftruncateSync, futimesSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canRun, run } from '../base/exec.ts';
import type { BackupAbout } from '../contract/backup.ts';
import { readArchive, type EntryTaker, type ReadOptions } from './read-archive.ts';

/** Unpacks a backup below a directory, comparing every digest again; returns when everything is on the disk. */
export async function unpack(file: string, directory: string, about: BackupAbout, options: Pick<ReadOptions, 'signal' | 'onBytes'>): Promise<void> {
  const writer = new FileWriter(directory, about.sparse);
  try {
    await readArchive(file, { ...options, taker: writer });
  } finally {
    writer.close();
  }
  // One for all: a hundred thousand files one by one take minutes.
  if (await canRun('sync')) await run('sync', []);
}

/** A page, which is what a hole in a file consists of. */
const HOLE_BYTES = 4096;
const ZEROS = Buffer.alloc(HOLE_BYTES);

class FileWriter implements EntryTaker {
  readonly #directory: string;
  readonly #makesHoles: boolean;
  readonly #made = new Set<string>();
  #file: number | undefined;
  #position = 0;
  #entry: Parameters<EntryTaker['begin']>[0] | undefined;

  constructor(directory: string, makesHoles: boolean) {
    this.#directory = directory;
    this.#makesHoles = makesHoles;
  }

  begin(entry: Parameters<EntryTaker['begin']>[0]): void {
    const path = join(this.#directory, entry.path);
    const folder = dirname(path);
    if (!this.#made.has(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#made.add(folder);
    this.#entry = entry;
    this.#position = 0;
    this.#file = openSync(path, 'wx', 0o600);
  }

  chunk(chunk: Buffer): void {
    for (let done = 0; done < chunk.length;) {
      const length = this.#makesHoles ? HOLE_BYTES - (this.#position % HOLE_BYTES) : chunk.length;
      const piece = chunk.subarray(done, done + length);
      const isHole = this.#makesHoles && piece.length === HOLE_BYTES && piece.equals(ZEROS);
      if (!isHole) this.#write(piece);
      this.#position += piece.length;
      done += piece.length;
    }
  }

  #write(piece: Buffer): void {
    for (let done = 0; done < piece.length;) done += writeSync(this.#file ?? -1, piece, done, piece.length - done, this.#position + done);
  }

  end(): void {
    if (this.#file === undefined || this.#entry === undefined) return;
    ftruncateSync(this.#file, this.#position); // a hole may be the end
    fchmodSync(this.#file, this.#entry.mode | 0o600);
    futimesSync(this.#file, this.#entry.mtime, this.#entry.mtime);
    this.close();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
