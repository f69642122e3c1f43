import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new directory for a whole file's tests; the file removes it itself. */
export function workDirectory(name: string): string {
  return join(realpathSync(mkdtempSync(join(tmpdir(), `dkm-${name}-`))), 'install');
}

/** Removes a work directory made by `workDirectory`. */
export function removeTree(root: string): void {
  rmSync(join(root, '..'), { recursive: true, force: true });
}
