import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../src/base/layout.ts';
import { systemCodeOf } from '../src/base/errors.ts';
import { existsAs } from '../src/base/files.ts';
import type { Lock } from '../src/base/lock.ts';
import type { BeginRecord } from '../src/contract/journal.ts';

/**
 * Takes away what an unfinished installation made, last things first, and nothing that someone else put there. The
 * journal goes last but for the directories: interrupted here, the next installer still knows what is to be taken away.
 */
export function undoInstallation(layout: Layout, begin: Pick<BeginRecord, 'steps'>): void {
  removeRemains(layout);
  for (const { kind, path } of begin.steps.toReversed()) {
    if (path !== 'run') undoStep(kind, join(layout.root, path));
  }
  rmSync(layout.generated, { force: true });
  rmSync(layout.generatedTexts, { recursive: true, force: true });
}

function undoStep(kind: string, absolute: string): void {
  const present = lstatSync(absolute, { throwIfNoEntry: false });
  if (present === undefined) return;
  if (kind === 'make-directory') removeIfEmpty(absolute);
  else if (kind === 'place-files') rmSync(absolute, { recursive: true, force: true });
  else if (!present.isDirectory()) rmSync(absolute, { force: true });
}

/**
 * Takes away journal, log and lock with the directory they are in, and the directories that were made to have the
 * installed one, as far as they are empty. Something in run/ that is not the installer's keeps it.
 */
export function removeTraces(layout: Layout, madeAbove: readonly string[], lock: Lock): void {
  if (readdirSync(layout.run).every(isTrace)) {
    const removed = join(layout.root, `${REMOVED}${randomBytes(4).toString('hex')}`);
    lock.releaseWithDirectory(removed);
    rmSync(removed, { recursive: true, force: true });
  } else {
    rmSync(layout.journal, { force: true });
  }
  for (const directory of madeAbove.toReversed()) removeIfEmpty(directory);
}

/** What run/ is called while it is taken away. */
const REMOVED = '.dkm-removed-';

/** True for what an installer has in run/ before anything is installed. */
export function isTrace(name: string): boolean {
  return name.startsWith('install.');
}

/** True for what is left in the installed directory by an installer that was killed while it took itself away. */
export function isRemains(name: string): boolean {
  return name.startsWith(REMOVED);
}

/** Removes what a killed installer left that no step makes: remains of run/, and files it had not given their names yet. */
export function removeRemains(layout: Layout): void {
  for (const name of readdirSync(layout.root)) if (isRemains(name)) rmSync(join(layout.root, name), { recursive: true, force: true });
  for (const folder of [layout.root, layout.bin]) removeFiles(folder, /\.new$/);
  for (const folder of [layout.run, layout.conf, ...foldersBelow(layout.conf)]) removeFiles(folder, TEMPORARY);
}

function removeFiles(folder: string, pattern: RegExp): void {
  for (const name of existsAs(folder) ? readdirSync(folder) : []) if (pattern.test(name)) rmSync(join(folder, name), { force: true });
}

/** Not through links: what they lead to is not the installation's. */
function foldersBelow(folder: string): string[] {
  if (!existsAs(folder)) return [];
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return inside.map(({ name }) => join(folder, name)).flatMap((path) => [path, ...foldersBelow(path)]);
}

/** As `writeAtomic` calls a file that is being written. */
const TEMPORARY = /\.[0-9a-f]{8}\.tmp$/;

/** Removes a directory, unless something is in it. */
export function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EACCES', 'EPERM', 'EBUSY'].includes(systemCodeOf(error) ?? '')) throw error;
  }
}
