import { existsSync } from 'node:fs';
import { DkmError, messageOf } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import { acquireLock } from '../base/lock.ts';
import { openChange, readChange, type ChangeBegin } from '../contract/change-journal.ts';
import { installLog, unfailingLog } from './install-log.ts';
import { takeBack, type TakenBack } from './take-back.ts';
import { tidyUp } from './tidy-up.ts';
import { pendingSnapshot } from './versions.ts';

/** What was found and done about a change that had not ended. */
export interface Recovery {
  begin: ChangeBegin;
  back: TakenBack;
}

/** The change of version that has not ended: one that is under way, or was killed. */
export function unfinishedChange(layout: Layout): ChangeBegin | undefined {
  if (!existsSync(layout.changeJournal)) return undefined;
  const state = readChange(layout.changeJournal);
  return state.kind === 'unfinished' ? state.begin : undefined;
}

/**
 * Takes back a change of version that was killed before its end, and starts what ran before it (unless `start` is
 * false). Undefined when there is none. Throws `locked` while one is under way, and `change-failed` when it cannot be
 * taken back.
 */
export async function recoverChange(layout: Layout, options: { start?: boolean } = {}): Promise<Recovery | undefined> {
  if (!existsSync(layout.changeJournal)) return undefined;
  const lock = await acquireLock(layout.installLock, 'taking back an interrupted change of version');
  try {
    return await recoverLocked(layout, options.start ?? true);
  } finally {
    lock.release();
  }
}

async function recoverLocked(layout: Layout, start: boolean): Promise<Recovery | undefined> {
  const state = readChange(layout.changeJournal);
  if (state.kind !== 'unfinished') {
    await tidyUp(layout);
    return undefined;
  }
  const log = unfailingLog(installLog(layout.installLog));
  log.add(`the ${state.begin.kind} to dkm ${state.begin.to.version} was interrupted and is taken back`);
  const journal = openChange(layout.changeJournal);
  try {
    const back = await takeBack(layout, state, journal, log, start);
    await tidyUp(layout);
    return { begin: state.begin, back };
  } catch (error) {
    log.add(`taking it back failed: ${messageOf(error)}`);
    throw new DkmError('change-failed', `${interruptedInWords(state.begin)} It could not be taken back: ${messageOf(error)}`, {
      cause: error,
      hint: `Mend what is named above and run the same command again. What was there before is in ${pendingSnapshot(layout)}.`,
    });
  } finally {
    journal.close();
  }
}

/** That a change was interrupted, for people. */
export function interruptedInWords({ kind, from, to }: ChangeBegin): string {
  return `The ${kind} from dkm ${from.version} to ${to.version} was interrupted.`;
}

/** What a recovery did, for people. */
export function recoveryInWords({ begin, back }: Recovery): string[] {
  return [`${interruptedInWords(begin)} It was taken back: dkm ${begin.from.version} is there as it was.`, ...takenBackInWords(back)];
}

/** What there is to tell about a change that was taken back. */
export function takenBackInWords({ logs, servicesNotStarted, leftBehind }: TakenBack): string[] {
  return [
    ...(logs === undefined ? [] : [`What the new version logged is kept in ${logs}.`]),
    ...[...servicesNotStarted].map(([name, message]) => `${name} ran before and does not start again: ${message}`),
    ...(leftBehind.length === 0 ? [] : [`Left behind, as the new version put something there: ${leftBehind.join(', ')}.`]),
  ];
}
