import { closeSync, openSync, readSync, statSync, statfsSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { DkmError, isNotFound } from '../base/errors.ts';
import { bytesInWords } from '../base/terminal.ts';
import type { DiskLimits } from '../contract/service.ts';
import { thresholdsOf } from '../supervisor/disk-space.ts';
import type { BackedUpFile } from './contents.ts';
import { GZIP_LEVEL } from './write-archive.ts';

const SAMPLES = 48;
const SAMPLE_BYTES = 256 << 10;
/** A tar header and a line of SHA256SUMS, compressed. */
const BYTES_PER_FILE = 200;
/** A sample may mislead. */
const MARGIN = 1.15;

/** How large the backup of these files will be about: some of them, from all over, are compressed. */
export function estimatedBytes(files: readonly BackedUpFile[]): number {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const step = Math.max(1, Math.floor(files.length / SAMPLES));
  let [read, packed] = [0, 0];
  for (let index = 0; index < files.length; index += step) {
    const sample = beginningOf(files[index]?.absolute ?? '');
    read += sample.length;
    packed += gzipSync(sample, { level: GZIP_LEVEL }).length;
  }
  return Math.ceil(total * (read === 0 ? 1 : packed / read) * MARGIN) + files.length * BYTES_PER_FILE;
}

function beginningOf(path: string): Buffer {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (isNotFound(error)) return Buffer.alloc(0);
    throw error;
  }
  try {
    const buffer = Buffer.allocUnsafe(SAMPLE_BYTES);
    return buffer.subarray(0, readSync(file, buffer, 0, SAMPLE_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

/**
 * Refuses to fill a disk: `bytes` must fit in `directory`, and where that is on the file system of an installation, so
 * that its stores are not stopped for lack of space. Throws `preflight-refused`.
 */
export function refuseTooLittleSpace(directory: string, bytes: number, what: string, installation?: { root: string; disk: DiskLimits }): void {
  const { bavail, blocks, bsize, files } = statfsSync(directory);
  const free = bavail * bsize;
  const isShared = installation !== undefined && statSync(installation.root).dev === statSync(directory).dev;
  const reserved = isShared ? thresholdsOf(installation.disk, { totalBytes: blocks * bsize, totalInodes: files }).stopBytes : 0;
  if (free - reserved >= bytes) return;
  const rest = reserved > 0 ? `, of which ${bytesInWords(reserved)} must stay free for the stores to go on` : '';
  throw new DkmError(
    'preflight-refused',
    `${directory} has too little space: ${what} needs about ${bytesInWords(bytes)}, ${bytesInWords(free)} are free${rest}.`,
    {
      hint: 'Make room, or choose a place on another file system.',
    },
  );
}
