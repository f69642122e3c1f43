import { readFile } from 'node:fs/promises';
import { isNotFound, messageOf } from '../../base/errors.ts';
import { isSameProcess } from '../../base/process-identity.ts';
import { parsePromisesStatus, type PromiseStatus } from '../../contract/promise.ts';
import type { Wellbeing } from '../answers.ts';
import type { IsAlive } from './status-view.ts';

/** What is known of the promises. `stale`: whoever checked them is gone. `none`: nothing was written yet. */
export interface PromisesView {
  state: 'current' | 'stale' | 'none' | 'unreadable';
  /** What is the matter with it; empty when it is current. */
  message: string;
  promises: PromiseStatus[];
}

/** Reads run/promises.json and says what it means now. */
export async function readPromises(file: string, isAlive: IsAlive = isSameProcess): Promise<PromisesView> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isNotFound(error)) return { state: 'none', message: 'No promise was checked yet.', promises: [] };
    return { state: 'unreadable', message: `What came of the promises cannot be read: ${messageOf(error)}`, promises: [] };
  }
  const status = parsePromisesStatus(text);
  if (status === undefined) return { state: 'unreadable', message: 'What came of the promises is not in a form this console knows.', promises: [] };
  const isCurrent = isAlive(status.pid, status.pidStartTime);
  const message = isCurrent ? '' : 'Nobody checks the promises now, as the supervisor is not running. What you see is what was known last.';
  return { state: isCurrent ? 'current' : 'stale', message, promises: status.promises };
}

/** How something is, and in a word that a person would use. */
export interface Verdict {
  wellbeing: Wellbeing;
  word: string;
}

/** How a promise is. What was found before the checks ended (`isCurrent` false) is told, and not as if it were still so. */
export function wellbeingOfPromise(promise: Pick<PromiseStatus, 'state' | 'severity' | 'acknowledged'>, isCurrent = true): Verdict {
  const verdict = verdictOn(promise);
  return isCurrent || promise.state === 'pending' ? verdict : { wellbeing: 'unknown', word: `Was: ${verdict.word.toLowerCase()}` };
}

function verdictOn({ state, severity, acknowledged }: Pick<PromiseStatus, 'state' | 'severity' | 'acknowledged'>): Verdict {
  switch (state) {
    case 'ok':
      return { wellbeing: 'good', word: 'Kept' };
    case 'failed':
      if (acknowledged !== undefined) return { wellbeing: 'off', word: 'Broken, known' };
      return severity === 'critical' ? { wellbeing: 'bad', word: 'Broken' } : { wellbeing: 'warning', word: 'Warning' };
    case 'no-data':
      return { wellbeing: 'unknown', word: 'No data' };
    case 'pending':
      return { wellbeing: 'off', word: 'Not checked yet' };
  }
}

/** The worst first. */
export const RANK: Readonly<Record<Wellbeing, number>> = { bad: 0, warning: 1, unknown: 2, busy: 3, off: 4, good: 5 };

const byName = new Intl.Collator('en', { numeric: true });

/** Broken ones first, each group by title. Pure. */
export function worstFirst(promises: readonly PromiseStatus[]): PromiseStatus[] {
  const rank = (promise: PromiseStatus): number => RANK[wellbeingOfPromise(promise).wellbeing];
  return [...promises].sort((a, b) => rank(a) - rank(b) || byName.compare(a.title, b.title) || byName.compare(a.id, b.id));
}
