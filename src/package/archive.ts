import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { create } from 'tar';
import { writeAtomic } from '../base/files.ts';

/** The time of every file in an archive where SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/) names no other. */
const USUAL_EPOCH_SECONDS = 1_700_000_000;

/** The time, in seconds since 1970, that files get in archives. */
export function archiveEpoch(environment: NodeJS.ProcessEnv = process.env): number {
  const given = environment['SOURCE_DATE_EPOCH'];
  return given !== undefined && /^\d{1,10}$/.test(given) ? Number(given) : USUAL_EPOCH_SECONDS;
}

/** What is larger with the next level (7) is slower by half, and smaller by less than one per cent. */
const GZIP_LEVEL = 6;

export interface WrittenArchive {
  path: string;
  sha256: string;
  /** bytes */
  size: number;
}

/**
 * Packs a directory's files and links, its own name as the single root, into a gzipped tar: in the given order, owner
 * 0, one fixed time. The same files give the same bytes. Writes `<path>.sha256` beside it, as sha256sum does.
 */
export async function writeArchive(directory: string, paths: readonly string[], path: string, signal?: AbortSignal): Promise<WrittenArchive> {
  const root = basename(directory);
  // Without directories, which tar makes as it needs them (and which the library gives another time than files).
  const entries = paths.map((each) => join(root, each));
  const partial = `${path}.partial`;
  const hash = createHash('sha256');
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  try {
    // noMtime would leave zero; `portable` leaves out owners and everything else that differs between machines.
    const pack = create(
      { cwd: dirname(directory), portable: true, noDirRecurse: true, mtime: new Date(archiveEpoch() * 1000), maxReadSize: 1 << 20, jobs: 1 },
      entries,
    );
    await pipeline(pack as unknown as NodeJS.ReadableStream, createGzip({ level: GZIP_LEVEL, chunkSize: 1 << 18 }), measure, createWriteStream(partial), {
      signal,
    });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  const digest = hash.digest('hex');
  await writeAtomic(`${path}.sha256`, `${digest}  ${basename(path)}\n`, 0o644);
  return { path, sha256: digest, size };
}
