import { basename } from 'node:path';

/** The programs that dkm's one executable is. */
export const PROGRAM_NAMES = ['installer', 'dkm', 'dkmadmin', 'supervise', 'console'] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

/** Which program was called, with its arguments: by the name it was called by, or else by its first word. Pure. */
export function programOf(calledAs: string, args: readonly string[]): { name: ProgramName; args: string[] } {
  const [first = '', ...rest] = args;
  const named = nameOf(first);
  if (named !== undefined) return { name: named, args: rest };
  return { name: nameOf(basename(calledAs)) ?? 'installer', args: [...args] };
}

function nameOf(word: string): ProgramName | undefined {
  return PROGRAM_NAMES.find((name) => name === word);
}
