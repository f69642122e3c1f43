import { join } from 'node:path';
import { run, type Finished } from '../base/exec.ts';
import type { Layout } from '../base/layout.ts';
import { isExecutable, selfCommand } from '../base/self.ts';

/**
 * Set for the dkm commands that a change itself calls: they do not mind that one is under way. Services do not inherit
 * it.
 */
const WITHIN_CHANGE = 'DKM_WITHIN_CHANGE';

/** The installed dkm: whichever version `current` leads to, not the executable that asks. */
export function dkmCommand(layout: Layout): [command: string, ...args: string[]] {
  if (isExecutable()) return [join(layout.bin, 'dkm')];
  const [command, ...args] = selfCommand();
  return [command, ...args, 'dkm', '-d', layout.root];
}

/** Runs the installed dkm as a part of a change. */
export function installedDkm(layout: Layout, args: readonly string[], signal?: AbortSignal): Promise<Finished> {
  const [command, ...first] = dkmCommand(layout);
  return run(command, [...first, ...args], { env: { ...process.env, [WITHIN_CHANGE]: '1' }, ...(signal && { signal }) });
}

/** True in a dkm command that a change calls. */
export function isWithinChange(): boolean {
  return process.env[WITHIN_CHANGE] === '1';
}
