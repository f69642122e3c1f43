import { readFileSync, readdirSync } from 'node:fs';
import { systemCodeOf } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import { isSameProcess } from '../base/process-identity.ts';

/*
 * Processes that a check started and that left its process group. Each check's processes carry a variable of their own,
 * which their children inherit; it is looked for in /proc. Without /proc nothing is found.
 */

/** Names the check that started a process, in its environment: see markOf. */
export const RUN_VARIABLE = 'DKM_PROMISE_RUN';

let runs = 0;

/** A mark for one check of this process: the run/ directory of its installation, this process, and a number. */
export function newMark({ run }: Pick<Layout, 'run'>): string {
  return `${run}:${process.pid}-${(runs += 1)}`;
}

/** Kills every process that carries a mark; returns how many there were. */
export function endMarked(mark: string): number {
  return endThose((found) => found === mark);
}

/** Kills what checks of an installation left behind whose dkm or supervisor is gone; returns how many there were. */
export function endLeftovers({ run }: Pick<Layout, 'run'>): number {
  return endThose((found) => {
    if (!found.startsWith(`${run}:`)) return false;
    const runner = Number(/^(\d+)-\d+$/.exec(found.slice(run.length + 1))?.[1] ?? NaN);
    return runner === process.pid || !isSameProcess(runner, null);
  });
}

function endThose(isMeant: (mark: string) => boolean): number {
  const meant = processIds().filter((pid) => {
    const mark = markOf(pid);
    return mark !== undefined && isMeant(mark);
  });
  for (const pid of meant) kill(pid);
  return meant.length;
}

function markOf(pid: number): string | undefined {
  const entry = environmentOf(pid)
    .split('\0')
    .find((candidate) => candidate.startsWith(`${RUN_VARIABLE}=`));
  return entry?.slice(RUN_VARIABLE.length + 1);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error; // it ended meanwhile
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(Number);
  } catch {
    return [];
  }
}

/** Empty for what has just ended and for another user's. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
