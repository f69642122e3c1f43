import { PROMISE_STATES, type PromiseResult, type PromiseState } from '../contract/promise.ts';
import type { PromiseMemory } from './memory.ts';

/** The rules as they are for one promise. */
export interface PromiseRules {
  failures: number;
  of: number;
  atLatestMs: number;
  reminderMs: number;
  recovery: boolean;
  noData: boolean;
  flapChanges: number;
}

const HOUR_MS = 3_600_000;
/** What is remembered of a message; the whole of it is in the promise's own files. */
const LONGEST_MESSAGE = 4_000;

/** What is known of a promise after one more run. Pure. */
export function afterRun(before: PromiseMemory | undefined, { spec, outcome, acknowledged }: PromiseResult, now: number, rules: PromiseRules): PromiseMemory {
  const known = clamped(before ?? unknown(now), now);
  const last = {
    title: spec.title,
    origin: spec.origin,
    severity: spec.severity,
    message: outcome.message.slice(0, LONGEST_MESSAGE),
    values: outcome.values ?? {},
  };
  const seen = { ...known, ...acknowledgement(known, acknowledged ?? null, now), seenMs: now, absentSinceMs: null };
  // When nobody is to hear of "no data", it says nothing: neither that the promise is broken nor that it is kept again.
  if (outcome.state === 'no-data' && !rules.noData) return { ...seen, last: { ...known.last, ...(before === undefined && last) } };
  const streak = known.streak.state === outcome.state ? known.streak : { state: outcome.state, sinceMs: now };
  return settled({ ...seen, runs: [...known.runs, outcome.state].slice(-rules.of), streak, last }, now, rules);
}

/** The same after some time without a run: what has lasted long enough is believed, and acknowledgements end. Pure. */
export function afterTime(promise: PromiseMemory, now: number, rules: PromiseRules): PromiseMemory {
  const known = clamped(promise, now);
  return settled({ ...known, ...acknowledgement(known, known.acknowledged, now) }, now, rules);
}

/** When `afterTime` will say something else; undefined when it will not. Pure. */
export function settlesAt(promise: PromiseMemory, rules: PromiseRules): number | undefined {
  return rules.atLatestMs === 0 || promise.streak.state === promise.settled ? undefined : promise.streak.sinceMs + rules.atLatestMs;
}

function unknown(now: number): PromiseMemory {
  return {
    runs: [],
    streak: { state: 'ok', sinceMs: now },
    settled: 'ok',
    sinceMs: now,
    brokenSinceMs: null,
    changesMs: [],
    isUnstable: false,
    absentSinceMs: null,
    acknowledged: null,
    acknowledgementEndedMs: null,
    seenMs: now,
    last: { title: '', origin: '', severity: 'warning', message: '', values: {} },
  };
}

/** A clock that was put back must not make anything wait until it has caught up. */
function clamped(promise: PromiseMemory, now: number): PromiseMemory {
  const isOk =
    promise.streak.sinceMs <= now &&
    promise.sinceMs <= now &&
    (promise.acknowledgementEndedMs ?? 0) <= now &&
    promise.seenMs <= now &&
    (promise.absentSinceMs ?? 0) <= now;
  if (isOk) return promise;
  return {
    ...promise,
    streak: { ...promise.streak, sinceMs: Math.min(promise.streak.sinceMs, now) },
    sinceMs: Math.min(promise.sinceMs, now),
    acknowledgementEndedMs: promise.acknowledgementEndedMs === null ? null : Math.min(promise.acknowledgementEndedMs, now),
    seenMs: Math.min(promise.seenMs, now),
    absentSinceMs: promise.absentSinceMs === null ? null : Math.min(promise.absentSinceMs, now),
  };
}

/** An acknowledgement that ran out is remembered until what it was for has passed; one that was taken back is as if it had not been. */
function acknowledgement(
  known: PromiseMemory,
  given: PromiseMemory['acknowledged'],
  now: number,
): Pick<PromiseMemory, 'acknowledged' | 'acknowledgementEndedMs'> {
  const present = given !== null && given.untilMs > now ? given : null;
  if (present) return { acknowledged: present, acknowledgementEndedMs: null };
  const hasRunOut = known.acknowledged !== null && known.acknowledged.untilMs <= now;
  return { acknowledged: null, acknowledgementEndedMs: hasRunOut ? now : known.acknowledgementEndedMs };
}

function settled(promise: PromiseMemory, now: number, rules: PromiseRules): PromiseMemory {
  const changesMs = promise.changesMs.filter((ms) => ms <= now && ms > now - HOUR_MS);
  const state = believed(promise, now, rules);
  if (state === promise.settled) return withStability({ ...promise, changesMs }, rules);
  const sinceMs = promise.streak.state === state ? promise.streak.sinceMs : now;
  const changed: PromiseMemory = {
    ...promise,
    settled: state,
    sinceMs,
    brokenSinceMs: state === 'ok' ? null : (promise.brokenSinceMs ?? sinceMs),
    changesMs: [...changesMs, now],
    ...(state === 'ok' && { acknowledged: null, acknowledgementEndedMs: null }),
  };
  return withStability(changed, rules);
}

/** N of M runs decide, or a state that has lasted long enough. A mixture keeps what was believed. */
function believed({ runs, streak, settled: before }: PromiseMemory, now: number, rules: PromiseRules): PromiseState {
  if (rules.atLatestMs > 0 && now - streak.sinceMs >= rules.atLatestMs) return streak.state;
  const counts = new Map(PROMISE_STATES.map((state) => [state, runs.filter((run) => run === state).length]));
  const failed = counts.get('failed') ?? 0;
  const noData = counts.get('no-data') ?? 0;
  if (failed >= rules.failures && noData >= rules.failures) return streak.state === 'ok' ? before : streak.state;
  if (failed >= rules.failures) return 'failed';
  if (noData >= rules.failures) return 'no-data';
  if (failed + noData >= rules.failures) return before === 'ok' ? 'failed' : before;
  return streak.state === 'ok' ? 'ok' : before;
}

/** It counts as stable again with half as many changes, so that being unstable does not itself come and go. */
function withStability(promise: PromiseMemory, rules: PromiseRules): PromiseMemory {
  const limit = promise.isUnstable ? Math.floor(rules.flapChanges / 2) : rules.flapChanges;
  return { ...promise, isUnstable: rules.flapChanges > 0 && promise.changesMs.length > limit };
}
