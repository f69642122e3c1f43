import { crc32 } from 'node:zlib';
import { Transform, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import type { ArchiveEntry } from '../entry-guard.ts';
import type { EntryWriter } from '../entry-writer.ts';

/** Feeds every entry of a zip archive to a writer, under the path that `placed` gives it. */
export async function readZipFile(path: string, writer: EntryWriter, placed: (path: string) => string = (same) => same): Promise<void> {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true });
  try {
    for await (const entry of zip.eachEntry()) {
      const described = await describe(zip, entry);
      await writer.write({ ...described, path: placed(described.path) }, async () => checkedContent(zip, entry));
    }
  } finally {
    zip.close();
  }
}

const TYPE_MASK = 0o170000;
const KINDS: Record<number, ArchiveEntry['kind']> = {
  0o040000: 'directory',
  0o100000: 'file',
  0o120000: 'symlink',
  0o060000: 'device',
  0o020000: 'device',
  0o010000: 'fifo',
  0o140000: 'other',
};

/** A link's target is its content. */
const LONGEST_TARGET = 4096;

async function describe(zip: ZipFile, entry: Entry): Promise<ArchiveEntry> {
  const mode = entry.externalFileAttributes >>> 16;
  const kind = entry.fileName.endsWith('/') ? 'directory' : (KINDS[mode & TYPE_MASK] ?? 'file'); // made on Windows: no Unix mode
  if (kind !== 'symlink') return { path: entry.fileName, kind, mode };
  if (entry.uncompressedSize > LONGEST_TARGET) return { path: entry.fileName, kind: 'other', mode };
  return { path: entry.fileName, kind, mode, target: await text(await zip.openReadStreamPromise(entry)) };
}

/** The library looks at sizes, not at check sums. */
async function checkedContent(zip: ZipFile, entry: Entry): Promise<Readable> {
  let sum = 0;
  const check = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
    flush: (done) => done(sum === entry.crc32 ? null : new Error(`the check sum of ${entry.fileName} is wrong`)),
  });
  const packed = await zip.openReadStreamPromise(entry);
  packed.once('error', (error) => check.destroy(error));
  return packed.pipe(check);
}

/**
 * Where a wheel's file goes. Files below `<name>.data/` have places of their own:
 * https://packaging.python.org/en/latest/specifications/binary-distribution-format/
 */
export function wheelPath(path: string): string {
  const match = /^[^/]+\.data\/([^/]+)\/(.+)$/.exec(path);
  if (!match) return path;
  const [, scheme = '', rest = ''] = match;
  if (scheme === 'purelib' || scheme === 'platlib') return rest;
  return scheme === 'scripts' ? `bin/${rest}` : path;
}
