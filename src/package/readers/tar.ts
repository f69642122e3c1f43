import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { canRun, filterThrough } from '../../base/exec.ts';
import type { ArchiveEntry } from '../entry-guard.ts';
import type { EntryWriter } from '../entry-writer.ts';

export type TarCompression = 'none' | 'gz' | 'xz' | 'zst';

/** Feeds every entry of a tar archive to a writer. */
export async function readTarFile(path: string, compression: TarCompression, writer: EntryWriter): Promise<void> {
  await readTar(await decompressed(createReadStream(path, { highWaterMark: 1 << 18 }), compression), writer);
}

/** A compressed stream's content; a failure of the stream is one of the content. */
export async function decompressed(packed: Readable, compression: TarCompression): Promise<Readable> {
  if (compression === 'none') return packed;
  const filter =
    compression === 'gz' ? createGunzip({ chunkSize: 1 << 18 }) : compression === 'zst' ? (await import('node:zlib')).createZstdDecompress() : await xzFilter();
  packed.once('error', (error) => filter.destroy(error));
  filter.once('close', () => packed.destroy());
  return packed.pipe(filter);
}

/** Node reads no xz: the host's own program does, or Python's library. */
async function xzFilter(): Promise<ReturnType<typeof filterThrough>> {
  if (await canRun('xz')) return filterThrough('xz', ['--decompress', '--stdout']);
  return filterThrough('python3', ['-c', 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.stdin.buffer), sys.stdout.buffer)']);
}

const KINDS: Record<string, ArchiveEntry['kind']> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Directory: 'directory',
  GNUDumpDir: 'directory',
  SymbolicLink: 'symlink',
  Link: 'hardlink',
  CharacterDevice: 'device',
  BlockDevice: 'device',
  FIFO: 'fifo',
};

function describe(entry: ReadEntry): ArchiveEntry {
  const kind = KINDS[entry.type] ?? 'other';
  return { path: entry.path, kind, mode: entry.mode ?? 0, ...(entry.linkpath !== undefined && { target: entry.linkpath }) };
}

/** Feeds every entry of an uncompressed tar stream to a writer. */
export async function readTar(stream: Readable, writer: EntryWriter): Promise<void> {
  const parser = new Parser({ strict: true });
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined); // it is looked at below, perhaps later than it fails
  let work: Promise<void> = Promise.resolve();
  let underway: Promise<void> = work;
  let content: Readable | undefined;
  let isOver = false;
  const contentOf = (entry: ReadEntry): Readable => {
    // The directory for the file was made while the archive came to its bad end: no byte of the file will ever come.
    if (isOver) throw new Error('it ends within a file');
    return (content = Readable.from(entry));
  };
  const take = (entry: ReadEntry): void => {
    work = work.then(async () => {
      if (isOver) return;
      const written = writer.write(describe(entry), () => contentOf(entry));
      underway = written.catch(() => undefined);
      await written;
      entry.resume(); // what was not read
    });
    work.catch(failed.reject);
  };
  parser.on('entry', take);
  parser.on('ignoredEntry', take); // kinds the library does not know; the guard refuses them
  parser.on('error', failed.reject);
  const ended = once(parser, 'end');
  ended.catch(failed.reject);
  try {
    for await (const chunk of stream) {
      if (!parser.write(chunk as Buffer)) await Promise.race([once(parser, 'drain'), failed.promise]);
    }
    parser.end();
    await Promise.race([ended, failed.promise]);
    await Promise.race([work, failed.promise]);
  } finally {
    isOver = true;
    stream.destroy();
    parser.removeListener('entry', take);
    content?.destroy(); // after a failure, what is missing of it will never come
    await underway; // so that whoever clears up is not overtaken by a last write
  }
}
