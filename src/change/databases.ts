import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { existsAs } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { copyWhole, restoreFile } from './tree.ts';

/*
 * SQLite databases, copied byte for byte while no program has them open: the file and, where a program was killed, what
 * it had not yet written back to it (https://sqlite.org/tempfiles.html).
 */

const PARTS = ['', '-wal', '-shm', '-journal'];

/** Copies databases below `folder`; returns for each whether there was one. */
export async function copyDatabases(layout: Layout, paths: readonly string[], folder: string): Promise<Record<string, boolean>> {
  const found: Record<string, boolean> = {};
  for (const path of paths) {
    found[path] = existsAs(join(layout.root, path));
    for (const part of found[path] ? PARTS : []) await copyIfThere(join(layout.root, path + part), join(folder, path + part));
  }
  return found;
}

async function copyIfThere(from: string, to: string): Promise<void> {
  if (!lstatSync(from, { throwIfNoEntry: false })?.isFile()) return;
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  await copyWhole(from, to);
}

/** Puts a database back as it was copied, or removes it where there was none. Nothing may have it open. Throws when the copy is lost. */
export async function restoreDatabase(layout: Layout, path: string, folder: string, wasThere: boolean): Promise<void> {
  const whole = join(folder, path);
  if (wasThere && !existsAs(whole))
    throw new DkmError('change-failed', `The copy of a database, ${whole} is missing; ${join(layout.root, path)} stays as it is.`);
  for (const part of PARTS) {
    const [copy, to] = [join(folder, path + part), join(layout.root, path + part)];
    if (wasThere && existsAs(copy)) await restoreFile(copy, to);
    else rmSync(to, { force: true });
  }
}

/** Bytes that copies of these databases take. */
export function databaseBytes(layout: Layout, paths: readonly string[]): number {
  const files = paths.flatMap((path) => PARTS.map((part) => join(layout.root, path + part)));
  return files.reduce((sum, file) => sum + (lstatSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}
