import { join } from 'node:path';
import { isSea } from 'node:sea';

/** True in the one executable; false when Node runs the sources. */
export function isExecutable(): boolean {
  return isSea();
}

/** The command that starts dkm's own executable again, to which a program's name and arguments are added. */
export function selfCommand(): [command: string, ...args: string[]] {
  return isExecutable() ? [process.execPath] : [process.execPath, join(import.meta.dirname, '..', 'main.ts')];
}
