import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Layout } from '../src/base/layout.ts';
import { DkmError, messageOf } from '../src/base/errors.ts';

/**
 * Makes what lock, journal and log need: the directory itself, those above it, and run/. Returns the directories that
 * were made to have the installed one, outermost first.
 */
export function prepareRoot(layout: Layout): string[] {
  try {
    const made = makeAll(layout.root);
    closeToOthers(layout.root);
    mkdirSync(layout.run, { recursive: true, mode: 0o700 });
    chmodSync(layout.run, 0o700);
    return made;
  } catch (error) {
    throw new DkmError('install-failed', `${layout.root} could not be made: ${messageOf(error)}`, { cause: error });
  }
}

function makeAll(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })) return [];
  const above = makeAll(dirname(path));
  mkdirSync(path, { recursive: true, mode: 0o755 }); // "recursive": someone else may make it at this moment
  chmodSync(path, 0o755);
  return [...above, path];
}

/** Whoever can write in the directory can put another bin/dkm in it. Whether others may look into it stays as it was. */
function closeToOthers(path: string): void {
  const mode = statSync(path).mode & 0o7777;
  if ((mode & 0o022) !== 0) chmodSync(path, mode & ~0o1022);
}
