import { basename } from 'node:path';

/** The programs that dkm's one executable is. */
export const PROGRAM_NAMES = ['installer', 'dkm', 'dkmadmin', 'supervise', 'console'] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

/**
 * Which program was called, with its arguments: by the name it was called by, or else by its first word. `dkm` is what
 * people type, and has commands that are called as programs are (`dkm console …`); the others take no such word. Pure.
 */
export function programOf(calledAs: string, args: readonly string[]): { name: ProgramName; args: string[] } {
  const [first = '', ...rest] = args;
  const own = nameOf(basename(calledAs));
  const named = own === 'dkm' ? undefined : nameOf(first);
  return named === undefined ? { name: own ?? 'installer', args: [...args] } : { name: named, args: rest };
}

function nameOf(word: string): ProgramName | undefined {
  return PROGRAM_NAMES.find((name) => name === word);
}
