import { join } from 'node:path';
import { DkmError, messageOf } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import { openChange, readChange, type ChangeBegin, type ChangeJournal, type ChangeStep, type Place } from '../contract/change-journal.ts';
import { unfailingLog, type InstallLog } from './install-log.ts';
import { markLogs } from './failed-logs.ts';
import { startServices, stopEverything, stopSome } from './services.ts';
import { addConfigurationAfter, addDatabases, renewConfiguration, takeSnapshot } from './snapshot.ts';
import { takeBack, type TakenBack } from './take-back.ts';
import { tidyUp } from './tidy-up.ts';
import { replaceLink } from './tree.ts';
import { watchServices } from './watch.ts';

/*
 * A change of version as a transaction: every step is in run/change.journal before it begins, and what it touches is in
 * a snapshot before it is touched. Only the record `end done` makes the change count. Whatever comes before that (a
 * failure, Ctrl-C, kill -9, power loss) ends in what was there before, brought about here or by whoever finds the journal.
 */

/** A change of version. The caller holds the install lock. */
export interface Change {
  layout: Layout;
  kind: ChangeBegin['kind'];
  from: Place;
  to: Place;
  /** True when `place` fills the new version's folder. */
  places: boolean;
  /** Paths that may be made and are not there yet, outermost first. */
  makes: string[];
  /** Links that may change, besides those that every installation has. */
  links: string[];
  /** SQLite databases of the components before and after. */
  databases: string[];
  services: {
    /** Those that ran. */
    ran: string[];
    /** Those to be started afterwards; none when nothing ran. */
    start: string[];
    /** Those of them that must be well. */
    required: string[];
    /** Those to be stopped first: every one that may have a database open. The store goes on receiving while these are copied. */
    first: string[];
  };
  watchMs: number;
  keep: number;
  signal: AbortSignal;
  /** Puts the new version's files in place, while the old one runs. */
  place: () => Promise<void>;
  /** Makes configuration, directories, secrets and links for the new version; nothing runs meanwhile. */
  configure: () => Promise<void>;
  onStep: (step: ChangeStep | 'going-back', detail?: string) => void;
  log: InstallLog;
}

/** What came of a change. */
export type ChangeOutcome =
  /** `downMs`: between the stop of the first service and the moment when all were ready again; `pruned`: folders of versions that were removed; `untidy`: why something that is not needed any more is still there. */
  | { kind: 'done'; downMs: number; pruned: string[]; untidy: string[] }
  /** It failed, and everything is as it was. */
  | { kind: 'taken-back'; why: string; interrupted: boolean; back: TakenBack }
  /** It failed, and so did taking it back: `problem` says how. The journal and the snapshot stay. */
  | { kind: 'stuck'; why: string; interrupted: boolean; problem: string };

/** Carries a change out, or takes it back. Throws only when nothing was changed at all. */
export async function carryOut(change: Change): Promise<ChangeOutcome> {
  refuseUnsettled(change.layout);
  const journal = openChange(change.layout.changeJournal);
  const log = unfailingLog(change.log);
  try {
    journal.begin(beginOf(change));
    log.add(`${change.kind} from dkm ${change.from.version} to ${change.to.version} begins`);
    const downMs = await goForward({ ...change, log }, journal);
    journal.append({ record: 'end', at: now(), result: 'done' });
    log.add(`${change.kind} to dkm ${change.to.version} is done`);
    return { kind: 'done', downMs, ...(await tidied(change.layout, log)) };
  } catch (error) {
    const why = failureInWords(error, change.signal);
    log.add(`${change.kind} to dkm ${change.to.version} failed: ${why}`);
    change.onStep('going-back', why);
    return await comeBack({ ...change, log }, journal, why);
  } finally {
    journal.close();
  }
}

/** Another change may have been begun, and killed, between our caller's look and its lock: what there was before is in its snapshot. */
function refuseUnsettled(layout: Layout): void {
  if (readChange(layout.changeJournal).kind === 'none') return;
  throw new DkmError('locked', 'Another change of version was begun meanwhile and was interrupted. Nothing was changed.', {
    hint: 'Run the same command again: it takes that back first.',
  });
}

/** A change that is done stays done, whatever becomes of what is left over. */
async function tidied(layout: Layout, log: InstallLog): Promise<{ pruned: string[]; untidy: string[] }> {
  try {
    const { removed, failed } = await tidyUp(layout);
    for (const line of failed) log.add(`not removed: ${line}`);
    return { pruned: removed, untidy: failed };
  } catch (error) {
    log.add(`not tidied up: ${messageOf(error)}`);
    return { pruned: [], untidy: [messageOf(error)] };
  }
}

async function comeBack({ layout, signal, log }: Change, journal: ChangeJournal, why: string): Promise<ChangeOutcome> {
  const interrupted = signal.aborted;
  try {
    const state = readChange(layout.changeJournal);
    if (state.kind === 'ended' && state.result === 'done') throw new DkmError('change-failed', `It is done, but could not be tidied up after: ${why}`);
    const back = state.kind === 'unfinished' ? await takeBack(layout, state, journal, log) : { servicesNotStarted: new Map<string, string>(), leftBehind: [] };
    await tidyUp(layout);
    return { kind: 'taken-back', why, interrupted, back };
  } catch (error) {
    log.add(`taking it back failed: ${messageOf(error)}`);
    return { kind: 'stuck', why, interrupted, problem: messageOf(error) };
  }
}

function beginOf({ kind, from, to, places, makes, services, keep }: Change): ChangeBegin {
  return { record: 'begin', schema: 1, at: now(), kind, from, to, places, makes, ran: services.ran, keep };
}

async function goForward(change: Change, journal: ChangeJournal): Promise<number> {
  const { layout, services, signal } = change;
  const step = (name: ChangeStep): void => {
    signal.throwIfAborted();
    journal.append({ record: 'step', at: now(), step: name });
    change.log.add(name);
    change.onStep(name);
  };
  step('place');
  await change.place();
  step('snapshot');
  const snapshot = await takeSnapshot(layout, beginOf(change), change.links);
  step('stop');
  await stopSome(layout, services.first);
  step('copy-databases');
  await addDatabases(layout, snapshot, change.databases);
  const stoppedAt = performance.now();
  await stopEverything(layout);
  await renewConfiguration(layout);
  step('configure');
  await change.configure();
  await addConfigurationAfter(layout);
  step('switch');
  switchTo(layout, change.to);
  step('start');
  markLogs(layout);
  await startAll(change);
  const downMs = services.start.length === 0 ? 0 : performance.now() - stoppedAt;
  step('watch');
  if (services.start.length > 0) {
    await watchServices(layout, services.required, change.watchMs, signal, (leftMs) => change.onStep('watch', `${Math.ceil(leftMs / 1000)} s`));
  }
  return downMs;
}

async function startAll({ layout, services, signal }: Change): Promise<void> {
  const counts = ([name]: [string, string]): boolean => services.required.includes(name) || !services.start.includes(name);
  const failed = [...(await startServices(layout, services.start, signal))].filter(counts);
  if (failed.length === 0) return;
  // What only waits for another that failed is no news.
  const causes = failed.filter(([, message]) => !message.startsWith('not started yet'));
  const told = causes.length > 0 ? causes : failed;
  throw new DkmError('change-failed', told.map(([name, message]) => `${name} did not start: ${message}`).join('\n'));
}

/** Has `current` lead to a version, in a single step that is on the disk afterwards. */
function switchTo(layout: Layout, { folder }: Place): void {
  replaceLink(layout.current, join('versions', folder));
}

function failureInWords(error: unknown, signal: AbortSignal): string {
  return signal.aborted ? 'it was interrupted' : messageOf(error);
}

function now(): string {
  return new Date().toISOString();
}
