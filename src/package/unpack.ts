import { createReadStream } from 'node:fs';
import { lstat, mkdir, readdir, readlink, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256File } from '../base/digest.ts';
import { DkmError, messageOf } from '../base/errors.ts';
import { existsAs, listTree } from '../base/files.ts';
import type { Artifact } from '../sources/api.ts';
import { UNPACK_LIMITS, type UnpackLimits } from './entry-guard.ts';
import { entryWriter, filledDirectory, type EntryWriter } from './entry-writer.ts';
import { readDebFile } from './readers/deb.ts';
import { readTarFile } from './readers/tar.ts';
import { readTree } from './readers/tree.ts';
import { readZipFile, wheelPath } from './readers/zip.ts';

/** What `unpack` needs to know of an artifact. */
export type Packed = Pick<Artifact, 'file' | 'path' | 'size' | 'archive' | 'pick'>;

export interface UnpackOptions {
  limits?: UnpackLimits;
  /** The files end up where upper and lower case are the same. */
  foldsCase?: boolean;
  /** An archive that holds a single directory gives that directory's content. */
  stripSingleRoot?: boolean;
  /** For a single program: its path in the component; its own name when left out. */
  binaryPath?: string;
}

/**
 * Unpacks an artifact into `destination`, which may hold files of other artifacts already. Nothing is written outside
 * it whatever the archive says; on failure nothing of the archive stays. Throws `archive-refused` naming archive and entry.
 */
export async function unpack(artifact: Packed, destination: string, options: UnpackOptions = {}): Promise<void> {
  const unpacked = await filledDirectory(destination, async (directory) => {
    const guard = { archive: artifact.file, packedBytes: artifact.size, limits: options.limits ?? UNPACK_LIMITS, foldsCase: options.foldsCase ?? false };
    await readArchive(artifact, entryWriter(directory, guard), options.binaryPath ?? artifact.file).catch((error: unknown) => {
      throw refusal(artifact.file, error);
    });
  });
  try {
    const root = options.stripSingleRoot && isStrippable(artifact) ? await singleRootOf(unpacked) : unpacked;
    if (artifact.pick) await movePicked(artifact, root, destination);
    else await moveInto(artifact.file, root, destination);
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

function readArchive(artifact: Packed, writer: EntryWriter, binaryPath: string): Promise<void> {
  switch (artifact.archive) {
    case 'tar.gz':
      return readTarFile(artifact.path, 'gz', writer);
    case 'tar.xz':
      return readTarFile(artifact.path, 'xz', writer);
    case 'tar':
      return readTarFile(artifact.path, 'none', writer);
    case 'deb':
      return readDebFile(artifact.path, writer);
    case 'zip':
      return readZipFile(artifact.path, writer);
    case 'wheel':
      return readZipFile(artifact.path, writer, wheelPath);
    case 'tree':
      return readTree(artifact.path, writer);
    case 'binary':
      return writer.write({ path: binaryPath, kind: 'file', mode: 0o755 }, () => createReadStream(artifact.path));
  }
}

/** What a reader threw, as a refusal that names the archive; full disks and interruptions stay what they are. */
function refusal(archive: string, error: unknown): unknown {
  if (error instanceof DkmError && error.code !== 'archive-refused' && error.code !== 'command-failed') return error;
  if (error instanceof DkmError && error.message.startsWith(`${archive}: `)) return error;
  if (typeof (error as { syscall?: unknown }).syscall === 'string') return error;
  return new DkmError('archive-refused', `${archive}: ${error instanceof DkmError ? '' : 'it is damaged: '}${messageOf(error)}`, {
    cause: error,
    hint: 'Nothing of it was kept. Get the archive from its publisher again.',
  });
}

/** Folders, packages and single programs have the layout they should have; source and release archives add a directory around it. */
function isStrippable({ archive }: Packed): boolean {
  return archive === 'tar.gz' || archive === 'tar.xz' || archive === 'tar' || archive === 'zip';
}

async function singleRootOf(directory: string): Promise<string> {
  const entries = await readdir(directory, { withFileTypes: true });
  const [only] = entries;
  return entries.length === 1 && only?.isDirectory() ? join(directory, only.name) : directory;
}

/** Of a Python source distribution only what its manifest names is taken. */
async function movePicked(artifact: Packed, root: string, destination: string): Promise<void> {
  for (const [from, to] of Object.entries(artifact.pick ?? {})) {
    if (!existsAs(join(root, from)))
      throw new DkmError('archive-refused', `${artifact.file}: expected ${from}, which its manifest takes from it; found nothing of that name.`);
    const isDirectory = (await lstat(join(root, from))).isDirectory();
    if (isDirectory) await moveInto(artifact.file, join(root, from), join(destination, to));
    else await moveFile(artifact.file, join(root, from), join(destination, to));
  }
}

/** Moves a directory's content into another. A file that is there already must be the same. */
async function moveInto(archive: string, from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const path of await listTree(from)) await moveFile(archive, join(from, path), join(to, path));
}

async function moveFile(archive: string, from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  if (existsAs(to) && !(await isSame(from, to)))
    throw new DkmError('archive-refused', `${archive}: ${to} is there already, with other content from another archive.`);
  await rename(from, to);
}

async function isSame(a: string, b: string): Promise<boolean> {
  const [statusA, statusB] = [await lstat(a), await lstat(b)];
  if (statusA.isSymbolicLink() && statusB.isSymbolicLink()) return (await readlink(a)) === (await readlink(b));
  return statusA.isFile() && statusB.isFile() && statusA.size === statusB.size && (await sha256File(a)) === (await sha256File(b));
}
