import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { entryGuard, type Admitted, type ArchiveEntry, type GuardOptions } from './entry-guard.ts';

/** Writes what a guard admits below `root`; modes are 0755 and 0644, whatever the archive says. */
export interface EntryWriter {
  /** Writes one entry; `content` is read for files only, and only when the entry is admitted. */
  write(entry: ArchiveEntry, content: () => Readable | Promise<Readable>): Promise<void>;
}

/** A writer of an archive's entries below an existing, empty directory. */
export function entryWriter(root: string, options: GuardOptions): EntryWriter {
  const guard = entryGuard(options);
  const writeAdmitted = async (admitted: Admitted, content: () => Readable | Promise<Readable>): Promise<void> => {
    const path = join(root, admitted.path);
    await mkdir(admitted.kind === 'directory' ? path : dirname(path), { recursive: true, mode: 0o755 });
    if (admitted.kind === 'symlink') await symlink(admitted.target, path);
    if (admitted.kind === 'hardlink') await copyFile(join(root, admitted.target), path);
    if (admitted.kind !== 'file') return;
    const counter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        try {
          guard.count(chunk.length, admitted.path);
          done(null, chunk);
        } catch (error) {
          done(error as Error);
        }
      },
    });
    await pipeline(await content(), counter, createWriteStream(path, { flags: 'wx', mode: admitted.executable ? 0o755 : 0o644 }));
  };
  return {
    write: async (entry, content) => {
      const admitted = guard.admit(entry);
      if (admitted) await writeAdmitted(admitted, content);
    },
  };
}

/** Runs `fill` on a new directory beside `destination`; when it fails, nothing stays. Returns the directory. */
export async function filledDirectory(destination: string, fill: (directory: string) => Promise<void>): Promise<string> {
  await mkdir(dirname(destination), { recursive: true });
  const directory = await mkdtemp(`${destination}.unpack-`);
  try {
    await fill(directory);
    return directory;
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}
