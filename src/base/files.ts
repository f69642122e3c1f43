import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, lstatSync, openSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { access, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isNotFound } from './errors.ts';

/**
 * Writes a file so that a reader, or a crash, sees the old content or the new, never a part of it:
 * temporary file beside it, fsync, rename.
 */
export async function writeAtomic(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.chmod(mode); // the umask may have taken bits away
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Returns when a directory's entries (what was made, renamed or removed in it) are on the disk. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** The file's text, or undefined when there is no such file. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The same at once, for what must not wait in between. */
export function readIfPresentSync(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The file's size in bytes; 0 when there is no such file. */
export async function sizeIfPresent(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isNotFound(error)) return 0;
    throw error;
  }
}

/** True when something (a link that leads nowhere too) has this name. */
export function existsAs(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** True when the path can be read by this process. */
export async function isReadable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Makes a directory and its parents; `mode` is that of directories that were missing. */
export async function makeDirectory(path: string, mode = 0o700): Promise<void> {
  await mkdir(path, { recursive: true, mode });
}

/** Every file and link below a directory, as sorted paths relative to it with `/` between the names. */
export async function listTree(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort(byCodeUnits);
}

/** Order by UTF-16 code units: the same on every machine, whatever its locale. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The path with the links of its existing part resolved, and the part that does not exist yet added as it is. */
export function resolveExisting(path: string): string {
  const absolute = resolve(path);
  if (existsAs(absolute)) {
    try {
      return realpathSync(absolute);
    } catch (error) {
      if (isNotFound(error)) return absolute;
      throw error;
    }
  }
  const parent = dirname(absolute);
  return parent === absolute ? absolute : join(resolveExisting(parent), absolute.slice(parent.length));
}

/** Bytes of every file below a directory; 0 when there is none. Links are not followed. */
export function treeBytes(root: string): number {
  if (lstatSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return 0;
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + (lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
