import { join } from 'node:path';
import { EXIT } from '../base/errors.ts';
import { run, type Finished } from '../base/exec.ts';
import type { Layout } from '../base/layout.ts';
import { isSameProcess, processStartTime } from '../base/process-identity.ts';
import { isExecutable, selfCommand } from '../base/self.ts';

/**
 * Set for the dkm commands that a change itself calls, to the process of the change and when that started: they do not
 * mind that one is under way. Services do not inherit it.
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
  const change = `${process.pid} ${processStartTime(process.pid) ?? ''}`;
  return run(command, [...first, ...args], { env: { ...process.env, [WITHIN_CHANGE]: change }, ...(signal && { signal }) });
}

/** True in a dkm command that a change calls. */
export function isWithinChange(): boolean {
  return (process.env[WITHIN_CHANGE] ?? '') !== '';
}

/** A look is a file of /proc that is read, and elsewhere a program that is run. */
const LOOK_MS = process.platform === 'linux' ? 10 : 500;

/**
 * Ends this command with the change that called it. One that outlived a killed change would go on starting the new
 * version while whoever came next is putting the old one back.
 */
export function endWithChange(): void {
  const [pid = '', startTime = ''] = (process.env[WITHIN_CHANGE] ?? '').split(' ');
  if (startTime === '') return;
  setInterval(() => {
    if (!isSameProcess(Number(pid), startTime)) process.exit(EXIT.failed);
  }, LOOK_MS).unref();
}
