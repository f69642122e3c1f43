import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../src/base/layout.ts';
import { existsAs } from '../src/base/files.ts';
import type { Lock } from '../src/base/lock.ts';
import { removeIfEmpty, removeTemporaries } from '../src/change/tree.ts';
import type { BeginRecord } from '../src/contract/journal.ts';

/**
 * Takes away what an unfinished installation made, last things first, and nothing that someone else put there. The
 * journal goes last but for the directories: interrupted here, the next installer still knows what is to be taken away.
 */
export function undoInstallation(layout: Layout, { steps, adopted = [] }: Pick<BeginRecord, 'steps' | 'adopted'>): void {
  removeRemains(layout);
  for (const { kind, path } of steps.toReversed()) {
    if (path !== 'run' && !adopted.includes(path) && !isBehindLink(layout.root, path)) undoStep(kind, join(layout.root, path));
  }
  if (adopted.length > 0) return; // which of the configuration was edited is still to be told
  rmSync(layout.generated, { force: true });
  rmSync(layout.generatedTexts, { recursive: true, force: true });
}

/** True when a directory on the way is a link: no installer made what lies behind it. */
function isBehindLink(root: string, path: string): boolean {
  const names = path.split('/').slice(0, -1);
  return names.some((_, index) => lstatSync(join(root, ...names.slice(0, index + 1)), { throwIfNoEntry: false })?.isSymbolicLink() === true);
}

function undoStep(kind: string, absolute: string): void {
  const present = lstatSync(absolute, { throwIfNoEntry: false });
  if (present === undefined) return;
  if (kind === 'make-directory') {
    if (present.isDirectory()) removeIfEmpty(absolute);
    return;
  }
  if (kind === 'place-files') rmSync(absolute, { recursive: true, force: true });
  else if (!present.isDirectory()) rmSync(absolute, { force: true });
}

/**
 * Takes away journal, log and lock with the directory they are in, and the directories that were made to have the
 * installed one, as far as they are empty. Something in run/ that is not the installer's keeps it.
 */
export function removeTraces(layout: Layout, madeAbove: readonly string[], lock: Lock): void {
  if (readdirSync(layout.run).every(isTrace)) {
    const removed = removedName(layout);
    lock.releaseWithDirectory(removed);
    rmSync(removed, { recursive: true, force: true });
  } else {
    rmSync(layout.journal, { force: true });
  }
  for (const directory of madeAbove.toReversed()) if (layout.root === directory || layout.root.startsWith(`${directory}/`)) removeIfEmpty(directory);
}

const REMOVED = '.dkm-removed-';

/** What run/ is called while it is taken away. */
export function removedName(layout: Layout): string {
  return join(layout.root, `${REMOVED}${randomBytes(4).toString('hex')}`);
}

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
  removeTemporaries(layout.run, false);
  removeTemporaries(layout.conf);
  removeTemporaries(layout.generatedTexts);
}

function removeFiles(folder: string, pattern: RegExp): void {
  for (const name of existsAs(folder) ? readdirSync(folder) : []) if (pattern.test(name)) rmSync(join(folder, name), { force: true });
}
