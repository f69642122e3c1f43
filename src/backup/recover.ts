import { existsSync } from 'node:fs';
import { DkmError, messageOf } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import { acquireLock } from '../base/lock.ts';
import { openRestore, readRestore } from '../contract/restore-journal.ts';
import { takeBackRestore, tidyUpRestore } from './take-back.ts';

/** What was done about a restore that was killed, for people. */
export type Recovered = string[];

/**
 * Takes back a restore in place that was killed before its end, and starts what ran before it unless `start` is false.
 * Empty when there was none. Throws `locked` while one is under way, and `restore-failed` when it cannot be taken back.
 */
export async function recoverRestore(layout: Layout, options: { start?: boolean } = {}): Promise<Recovered> {
  if (!existsSync(layout.restoreJournal)) return [];
  const lock = await acquireLock(layout.installLock, 'taking back an interrupted restore');
  try {
    return await recoverLocked(layout, options.start ?? true);
  } finally {
    lock.release();
  }
}

/** The same for who holds the install lock. */
export async function recoverLocked(layout: Layout, start: boolean): Promise<Recovered> {
  const state = readRestore(layout.restoreJournal);
  if (state.kind === 'none') return [];
  if (state.kind === 'ended') {
    tidyUpRestore(layout, state.begin);
    return [];
  }
  const journal = openRestore(layout.restoreJournal);
  try {
    const { servicesNotStarted } = await takeBackRestore(layout, state, journal, start);
    tidyUpRestore(layout, state.begin);
    return recoveredInWords(state.begin.file, servicesNotStarted);
  } catch (error) {
    throw new DkmError('restore-failed', `A restore of ${state.begin.file} was interrupted, and could not be taken back: ${messageOf(error)}`, {
      cause: error,
      hint: `Mend what is named above and run the same command again. What was there before is in ${layout.root}/${state.begin.kept}.`,
    });
  } finally {
    journal.close();
  }
}

function recoveredInWords(file: string, notStarted: ReadonlyMap<string, string>): string[] {
  return [
    `A restore of ${file} was interrupted. It was taken back: configuration and data are as they were before it.`,
    ...[...notStarted].map(([name, message]) => `${name} ran before and does not start again: ${message}`),
  ];
}
