import { pauseBeforeRetryMs, TRIES_BEFORE_FATAL, WELL_AFTER_MS } from './states.ts';

/*
 * What follows a failure: another try after a pause, or FATAL. Two ways lead to FATAL: failing without ever being well in
 * between, and flapping: being well for a while, again and again. Times are readings of one clock that never goes back.
 */

/** How far back failures count towards flapping. */
export const FLAP_WINDOW_MS = 15 * 60_000;
/** A service that fails again after this many restarts within the window flaps. */
export const RESTARTS_BEFORE_FLAPPING = 8;

/** What is remembered of a service's failures; forgotten when somebody starts it. */
export interface FailureRecord {
  /** Failures in a row, without having been well for `WELL_AFTER_MS` in between. */
  inRow: number;
  /** When it failed within the last `FLAP_WINDOW_MS`, oldest first. */
  failedAtMs: readonly number[];
  /** Since it flaps: in words, how often it was restarted. It counts as flapping until it was well for a whole window. */
  flapping: string | undefined;
}

export const NO_FAILURES: FailureRecord = { inRow: 0, failedAtMs: [], flapping: undefined };

/** What is to be done after a failure. `park`: it becomes FATAL; `why` says what its last failure alone does not. */
export type AfterFailure = { kind: 'retry'; pauseMs: number } | { kind: 'park'; why: string | undefined };

/**
 * Takes a failure at `nowMs` into the record. `wellMs` is how long the service had been ready, 0 when it never was. The
 * pauses grow with the failures in a row and with those in the window, so a service that flaps slows down before it is
 * parked. Pure.
 */
export function afterFailure(record: FailureRecord, { nowMs, wellMs }: { nowMs: number; wellMs: number }): { record: FailureRecord; next: AfterFailure } {
  const inRow = wellMs >= WELL_AFTER_MS ? 1 : record.inRow + 1;
  const failedAtMs = [...record.failedAtMs.filter((time) => time > nowMs - FLAP_WINDOW_MS), nowMs];
  const flapping = wellMs >= FLAP_WINDOW_MS ? undefined : (record.flapping ?? flappingInWords(failedAtMs));
  return { record: { inRow, failedAtMs, flapping }, next: nextAfter(inRow, failedAtMs.length, flapping) };
}

function nextAfter(inRow: number, inWindow: number, flapping: string | undefined): AfterFailure {
  if (flapping !== undefined) return { kind: 'park', why: flapping };
  if (inRow >= TRIES_BEFORE_FATAL) return { kind: 'park', why: undefined };
  return { kind: 'retry', pauseMs: pauseBeforeRetryMs(Math.max(inRow, inWindow)) };
}

function flappingInWords(failedAtMs: readonly number[]): string | undefined {
  const restarts = failedAtMs.length - 1;
  if (restarts < RESTARTS_BEFORE_FLAPPING) return undefined;
  const minutes = Math.max(1, Math.ceil(((failedAtMs.at(-1) ?? 0) - (failedAtMs[0] ?? 0)) / 60_000));
  return `it does not stay up: it was restarted ${restarts} times in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
}
