import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { existsAs, makeDirectory } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import type { RestoreBegin, RestoreMove } from '../contract/restore-journal.ts';

/*
 * Replacing what is there by what was unpacked, and back. Both ways are renames within one file system, in a fixed order,
 * so that what is where tells at any moment how far it got, whoever looks.
 */

/** Puts what is there aside, and what was unpacked in its place. `onMove` is called before each rename. */
export async function exchange(layout: Layout, { staging, kept }: RestoreBegin, move: RestoreMove, onMove: (what: string) => void): Promise<void> {
  const [present, aside, staged] = placesOf(layout, { staging, kept }, move);
  onMove(`${move.path} aside`);
  if (move.present) await renameSafely(present, aside);
  onMove(`${move.path} in place`);
  if (move.staged) await renameSafely(staged, present);
}

/** Puts back what an exchange had put aside, however far it had got; may be done again. */
export async function exchangeBack(layout: Layout, { staging, kept }: RestoreBegin, move: RestoreMove): Promise<void> {
  const [present, aside, staged] = placesOf(layout, { staging, kept }, move);
  const isAside = existsAs(aside);
  // What is there is the restored one when the former is aside, or when there was none and it is not unpacked any more.
  const isReplaced = existsAs(present) && (move.present ? isAside : move.staged && !existsAs(staged));
  if (isReplaced) {
    rmSync(staged, { recursive: true, force: true });
    await renameSafely(present, staged);
  }
  if (isAside) await renameSafely(aside, present);
}

function placesOf(
  layout: Layout,
  { staging, kept }: Pick<RestoreBegin, 'staging' | 'kept'>,
  { path }: RestoreMove,
): [present: string, aside: string, staged: string] {
  return [join(layout.root, path), join(layout.root, kept, path), join(layout.root, staging, path)];
}

async function renameSafely(from: string, to: string): Promise<void> {
  await makeDirectory(dirname(to));
  renameSync(from, to);
  for (const folder of new Set([dirname(from), dirname(to)])) syncDirectory(folder);
}

/** Returns when a directory's entries are on the disk. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
