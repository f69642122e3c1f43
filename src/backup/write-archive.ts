import { createHash } from 'node:crypto';
import { createWriteStream, openSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Header, Pax } from 'tar';
import { sha256 } from '../base/digest.ts';
import { ABOUT_FILE, SUMS_FILE, sumLine, type BackupAbout } from '../contract/backup.ts';
import type { BackedUpFile, LeftOut } from './contents.ts';
import { readForBackup } from './read-file.ts';

/** Measured on whisper files (test/bench/backup.ts): higher levels take up to twice as long for 3 per cent. */
export const GZIP_LEVEL = 1;
const GZIP = { level: GZIP_LEVEL, chunkSize: 1 << 18 } as const;
const BLOCK_BYTES = 512;

/** What was put into a backup. */
export interface Written {
  files: number;
  /** Before compression. */
  contentBytes: number;
  /** Files that were not as expected, or were gone when their turn came. */
  remarks: LeftOut[];
}

/**
 * Writes a backup to a new file (mode 0600); returns when it is on the disk. The digests are those of what was written,
 * whatever became of a file while it was read.
 */
export async function writeArchive(
  path: string,
  about: BackupAbout,
  files: readonly BackedUpFile[],
  { signal, onBytes }: { signal: AbortSignal; onBytes: (contentBytes: number) => void },
): Promise<Written> {
  const written: Written = { files: 0, contentBytes: 0, remarks: [] };
  const output = createWriteStream(path, { fd: openSync(path, 'wx', 0o600), flush: true, highWaterMark: 1 << 20 });
  await pipeline(Readable.from(blocks(about, files, written, onBytes), { objectMode: true, highWaterMark: 2 }), createGzip(GZIP), output, { signal });
  return written;
}

async function* blocks(
  about: BackupAbout,
  files: readonly BackedUpFile[],
  written: Written,
  onBytes: (contentBytes: number) => void,
): AsyncGenerator<Buffer, void> {
  const sums: string[] = [];
  const text = Buffer.from(`${JSON.stringify(about, null, 1)}\n`);
  sums.push(sumLine(sha256(text), ABOUT_FILE));
  yield* ownEntry(ABOUT_FILE, text, about);
  for (const { path, absolute } of files) {
    const file = await readForBackup(absolute);
    if (file === undefined) {
      written.remarks.push({ path, why: 'was removed before its turn came' });
      continue;
    }
    yield entryHeader({ path, size: file.size, mode: file.mode, mtime: file.mtime });
    const hash = createHash('sha256');
    for (const chunk of file.chunks) {
      hash.update(chunk);
      if (chunk.length > 0) yield chunk;
      written.contentBytes += chunk.length;
      onBytes(written.contentBytes);
    }
    yield padding(file.size);
    sums.push(sumLine(hash.digest('hex'), path));
    written.files += 1;
    written.remarks.push(...file.remarks.map((why) => ({ path, why })));
  }
  yield* ownEntry(SUMS_FILE, Buffer.from(sums.join('')), about);
  yield Buffer.alloc(2 * BLOCK_BYTES); // the end of a tar archive
}

function* ownEntry(path: string, content: Buffer, { at }: BackupAbout): Generator<Buffer, void> {
  yield entryHeader({ path, size: content.length, mode: 0o600, mtime: new Date(at) });
  yield content;
  yield padding(content.length);
}

interface Entry {
  path: string;
  size: number;
  mode: number;
  mtime: Date;
}

/** A tar header, after an extended one (pax) where path or size do not fit. Nothing in it tells who made it. */
function entryHeader({ path, size, mode, mtime }: Entry): Buffer {
  const header = new Header({ path, size, mode, mtime: wholeSeconds(mtime), type: 'File', uid: 0, gid: 0, uname: '', gname: '' });
  const block = Buffer.alloc(BLOCK_BYTES);
  const needsPax = header.encode(block, 0) || !/^[\x20-\x7e]*$/.test(path);
  return needsPax ? Buffer.concat([new Pax({ path, size }).encode(), block]) : block;
}

function wholeSeconds(time: Date): Date {
  return new Date(Math.max(0, Math.floor(time.getTime() / 1000)) * 1000);
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}
