import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveEntry } from '../entry-guard.ts';
import type { EntryWriter } from '../entry-writer.ts';
import { byCodeUnits } from '../../base/files.ts';

/** Feeds every entry of a folder to a writer. */
export async function readTree(root: string, writer: EntryWriter, below = ''): Promise<void> {
  for (const name of (await readdir(join(root, below))).sort(byCodeUnits)) {
    const path = below === '' ? name : `${below}/${name}`;
    const entry = await describe(root, path);
    await writer.write(entry, () => createReadStream(join(root, path)));
    if (entry.kind === 'directory') await readTree(root, writer, path);
  }
}

async function describe(root: string, path: string): Promise<ArchiveEntry> {
  const status = await lstat(join(root, path));
  if (status.isSymbolicLink()) return { path, kind: 'symlink', mode: 0, target: await readlink(join(root, path)) };
  const kind = status.isDirectory()
    ? 'directory'
    : status.isFile()
      ? 'file'
      : status.isFIFO()
        ? 'fifo'
        : status.isBlockDevice() || status.isCharacterDevice()
          ? 'device'
          : 'other';
  return { path, kind, mode: status.mode };
}
