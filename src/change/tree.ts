import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCodeOf } from '../base/errors.ts';
import { syncDirectory } from '../base/files.ts';

/*
 * Copying small trees (configuration) there and back, with modes, times and links. Nothing is ever followed out of a
 * tree, and what is neither file, folder nor link is left alone.
 */

/** Copies a folder to one that does not exist; returns when every file is on the disk. */
export async function copyTree(from: string, to: string): Promise<void> {
  const stat = lstatSync(from);
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isFile()) await copyWhole(source, target);
  }
  chmodSync(to, stat.mode & 0o7777);
}

/** Copies a file with its mode and times; a clone where the file system has that. Returns when it is on the disk. */
export async function copyWhole(from: string, to: string): Promise<void> {
  const stat = lstatSync(from);
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  chmodSync(to, stat.mode & 0o7777);
  utimesSync(to, stat.atime, stat.mtime);
  const file = await open(to, 'r');
  await file.sync().finally(() => file.close());
}

/**
 * Makes everything that a copy holds as it was when it was copied; what is there besides stays, unless `exact`. Each file
 * is replaced in a single step, and one that is right already is not touched.
 */
export async function restoreTree(copy: string, to: string, options: { exact?: boolean } = {}): Promise<void> {
  const stat = lstatSync(copy);
  if (!isFolder(to)) {
    rmSync(to, { force: true });
    mkdirSync(to, { recursive: true, mode: 0o700 });
  }
  const entries = readdirSync(copy, { withFileTypes: true });
  for (const entry of entries) {
    const [source, target] = [join(copy, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await restoreTree(source, target, options);
    else if (entry.isSymbolicLink()) replaceLink(target, readlinkSync(source));
    else if (entry.isFile()) await restoreFile(source, target);
  }
  if (options.exact) for (const name of readdirSync(to)) if (!entries.some((entry) => entry.name === name)) rmSync(join(to, name), { recursive: true });
  if ((lstatSync(to).mode & 0o7777) !== (stat.mode & 0o7777)) chmodSync(to, stat.mode & 0o7777);
}

/** A folder, or a link to one that an administrator put in its place. */
function isFolder(path: string): boolean {
  return existsSync(path) && readdirOr(path) !== undefined;
}

function readdirOr(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Makes a file as its copy is, in a single step. */
export async function restoreFile(copy: string, to: string): Promise<void> {
  const [wanted, present] = [lstatSync(copy), lstatSync(to, { throwIfNoEntry: false })];
  if (present && isSameFile(copy, wanted, to, present)) return;
  if (present?.isDirectory()) rmSync(to, { recursive: true });
  const temporary = `${to}.${randomBytes(4).toString('hex')}.tmp`;
  await copyWhole(copy, temporary);
  renameSync(temporary, to);
  syncDirectory(dirname(to));
}

/** Node reads no file of 2 GiB at once; copying a large one again costs no more than comparing it. */
const MOST_COMPARED_BYTES = 64 << 20;

function isSameFile(copy: string, wanted: Stats, path: string, present: Stats): boolean {
  if (!present.isFile() || present.size !== wanted.size || present.mode !== wanted.mode || wanted.size > MOST_COMPARED_BYTES) return false;
  return readFileSync(copy).equals(readFileSync(path));
}

/** Makes a symbolic link, replacing what has its name in a single step; false when it was as it should be. */
export function replaceLink(path: string, target: string): boolean {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present?.isSymbolicLink() && readlinkSync(path) === target) return false;
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, path);
  syncDirectory(dirname(path));
  return true;
}

/** Returns when the entries of a folder and of those below it are on the disk; not through links. */
export function syncFolders(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) syncFolders(join(folder, entry.name));
  syncDirectory(folder);
}

/** Removes a directory, unless something is in it. */
export function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EACCES', 'EPERM', 'EBUSY'].includes(systemCodeOf(error) ?? '')) throw error;
  }
}

/** As `writeAtomic` calls a file that is being written. */
const TEMPORARY = /\.[0-9a-f]{8}\.tmp$/;

/** Removes from a folder, and those below it, files that a killed process had not given their names yet; not through links. */
export function removeTemporaries(folder: string, below = true): void {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && below) removeTemporaries(join(folder, entry.name));
    else if (entry.isFile() && TEMPORARY.test(entry.name)) rmSync(join(folder, entry.name), { force: true });
  }
}
