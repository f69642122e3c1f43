import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { DkmError, messageOf, systemCodeOf } from '../base/errors.ts';
import { checked, parseJson } from '../base/structured.ts';
import { ABOUT_FILE, backupSchema, SUMS_FILE, sumLine, type BackupAbout } from '../contract/backup.ts';
import { admission } from './admit.ts';

/** A file of a backup, as it is being read. */
export interface BackupEntry {
  path: string;
  size: number;
  /** Permission bits. */
  mode: number;
  mtime: Date;
}

/** Takes the files of a backup, one after the other; `chunk` returns before the next one comes. */
export interface EntryTaker {
  begin: (entry: BackupEntry) => void;
  chunk: (chunk: Buffer) => void;
  end: () => void;
}

/** A backup that was read to its end and found to be whole. */
export interface ReadBackup {
  about: BackupAbout;
  files: number;
  /** Before compression. */
  contentBytes: number;
}

export interface ReadOptions {
  signal: AbortSignal;
  /** Bytes of the file that were read. */
  onBytes: (doneBytes: number, totalBytes: number) => void;
  taker?: EntryTaker;
}

const LONGEST_ABOUT_BYTES = 1 << 20;
/** Of SHA256SUMS more than it should hold, so that a file that is missing can be named. */
const LONGEST_SURPLUS_BYTES = 1 << 16;

/**
 * Reads a backup to its end and compares every file with its digest. Throws `backup-damaged` for anything that dkm would
 * not have written. What the taker was given counts only when this returns.
 */
export async function readArchive(file: string, options: ReadOptions): Promise<ReadBackup> {
  const reading = new Reading(file, options);
  try {
    await feed(file, reading, options);
    return reading.result();
  } catch (error) {
    options.signal.throwIfAborted();
    throw error instanceof DkmError || isOurs(error) ? error : damaged(file, messageOf(error));
  }
}

/** A failure of the machine (disk full, no permission) and not of the archive. */
function isOurs(error: unknown): boolean {
  return systemCodeOf(error) !== undefined && (error as { syscall?: unknown }).syscall !== undefined;
}

function damaged(file: string, why: string): DkmError {
  return new DkmError('backup-damaged', `${file} is damaged or no backup of dkm: ${why}`, {
    hint: 'Nothing was touched. Take another copy of this backup, or an earlier one.',
  });
}

async function feed(file: string, reading: Reading, { signal, onBytes }: ReadOptions): Promise<void> {
  const total = statSync(file).size;
  const packed = createReadStream(file, { highWaterMark: 1 << 20, signal });
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  let done = 0;
  packed.on('data', (chunk) => onBytes((done += chunk.length), total));
  packed.once('error', (error) => gunzip.destroy(error));
  gunzip.once('close', () => packed.destroy());
  const parser = new Parser({ strict: true, maxMetaEntrySize: LONGEST_ABOUT_BYTES });
  const failures = watch(parser, reading);
  for await (const chunk of packed.pipe(gunzip)) {
    // Every entry takes its data at once, so the parser is never full and what a chunk holds is done when this returns.
    parser.write(chunk as Buffer);
    if (failures.length > 0) throw failures[0] as Error;
  }
  const ended = once(parser, 'end');
  parser.end();
  await ended;
  if (failures.length > 0) throw failures[0] as Error;
}

/** Hands what a parser finds to a reading until something is wrong; returns what was, as it becomes known. */
function watch(parser: Parser, reading: Reading): readonly unknown[] {
  const failures: unknown[] = [];
  const attempt = (work: () => void): void => {
    if (failures.length > 0) return;
    try {
      work();
    } catch (error) {
      failures.push(error);
    }
  };
  const take = (entry: ReadEntry): void => {
    entry.on('error', (error) => failures.push(error));
    attempt(() => reading.begin(entry));
    entry.on('data', (chunk) => attempt(() => reading.chunk(chunk)));
    entry.once('end', () => attempt(() => reading.end()));
  };
  parser.on('entry', take).on('ignoredEntry', take); // ignored are kinds the library does not know: refused here
  parser.on('error', (error) => failures.push(error));
  return failures;
}

class Reading {
  readonly #file: string;
  readonly #options: ReadOptions;
  readonly #refusalOf = admission();
  readonly #sums: string[] = [];
  #entry: BackupEntry | undefined;
  #hash = createHash('sha256');
  /** Of the backup's own files, which are short. */
  #text: Buffer[] = [];
  #about: BackupAbout | undefined;
  #files = 0;
  #contentBytes = 0;
  #isWhole = false;

  constructor(file: string, options: ReadOptions) {
    this.#file = file;
    this.#options = options;
  }

  begin({ path, type, size = 0, mode = 0o600, mtime = new Date(0) }: ReadEntry): void {
    const refusal = this.#refusalOf(path, type);
    if (refusal !== undefined) throw damaged(this.#file, `${JSON.stringify(path)}: ${refusal}`);
    const longest = path === ABOUT_FILE ? LONGEST_ABOUT_BYTES : path === SUMS_FILE ? this.#expectedSums().length + LONGEST_SURPLUS_BYTES : Infinity;
    if (size > longest) throw damaged(this.#file, `${path} is longer than it may be.`);
    this.#entry = { path, size, mode: mode & 0o777, mtime };
    this.#hash = createHash('sha256');
    this.#text = [];
    if (this.#isContent(path)) this.#options.taker?.begin(this.#entry);
  }

  chunk(chunk: Buffer): void {
    this.#hash.update(chunk);
    if (!this.#isContent(this.#entry?.path)) this.#text.push(chunk);
    else {
      this.#contentBytes += chunk.length;
      this.#options.taker?.chunk(chunk);
    }
  }

  end(): void {
    const path = this.#entry?.path ?? '';
    if (path === SUMS_FILE) return this.#compareSums();
    this.#sums.push(sumLine(this.#hash.digest('hex'), path));
    if (path === ABOUT_FILE) return this.#readAbout();
    this.#files += 1;
    this.#options.taker?.end();
  }

  result(): ReadBackup {
    if (!this.#isWhole || this.#about === undefined) throw damaged(this.#file, 'its end is missing.');
    return { about: this.#about, files: this.#files, contentBytes: this.#contentBytes };
  }

  #isContent(path: string | undefined): boolean {
    return path !== ABOUT_FILE && path !== SUMS_FILE;
  }

  #readAbout(): void {
    try {
      this.#about = checked(backupSchema, parseJson(Buffer.concat(this.#text).toString(), ABOUT_FILE), ABOUT_FILE);
    } catch (error) {
      throw damaged(this.#file, messageOf(error));
    }
  }

  #expectedSums(): Buffer {
    return Buffer.from(this.#sums.join(''));
  }

  #compareSums(): void {
    const found = Buffer.concat(this.#text);
    if (!found.equals(this.#expectedSums())) throw damaged(this.#file, firstDifference(this.#sums, found.toString()));
    this.#isWhole = true;
  }
}

/** Which file is not as SHA256SUMS says. Pure. */
function firstDifference(expected: readonly string[], found: string): string {
  const lines = found.split(/(?<=\n)/);
  const index = expected.findIndex((line, at) => line !== lines[at]);
  const line = index < 0 ? lines[expected.length] : expected[index];
  return `${(line ?? '').slice(66).trim() || SUMS_FILE} is not as ${SUMS_FILE} says.`;
}
