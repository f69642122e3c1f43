import { describe, expect, it } from 'vitest';
import { afterFailure, FLAP_WINDOW_MS, NO_FAILURES, type AfterFailure, type FailureRecord } from '../../../src/supervisor/flapping.ts';
import { SLOW_RETRY_MS } from '../../../src/supervisor/states.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Lets a service fail `times` times, each time after it was well for `wellMs`, on a clock that also counts the pauses. */
function fail(times: number, wellMs: number, before: { record: FailureRecord; nowMs: number } = { record: NO_FAILURES, nowMs: 0 }) {
  let { record, nowMs } = before;
  const next: AfterFailure[] = [];
  for (let count = 0; count < times; count += 1) {
    nowMs += wellMs;
    const after = afterFailure(record, { nowMs, wellMs });
    record = after.record;
    next.push(after.next);
    nowMs += after.next.kind === 'retry' ? after.next.pauseMs : SLOW_RETRY_MS;
  }
  return { record, nowMs, next, words: next.map((step) => (step.kind === 'retry' ? step.pauseMs / SECOND : `park: ${step.why ?? '-'}`)) };
}

describe('afterFailure', () => {
  const flaps = (minutes: number): string => `park: it does not stay up: it was restarted 8 times in ${minutes} minutes`;

  it.each([
    ['never ready', 6, 0, [0.5, 1, 2, 4, 'park: -', 'park: -']],
    ['ready for a moment', 5, 10 * SECOND, [0.5, 1, 2, 4, 'park: -']],
    ['well for 70 s each time', 10, 70 * SECOND, [0.5, 1, 2, 4, 8, 16, 30, 30, flaps(11), flaps(11)]],
    ['well for 90 s each time', 9, 90 * SECOND, [0.5, 1, 2, 4, 8, 16, 30, 30, flaps(14)]],
    // Failures leave the window: it never gets to eight restarts in it.
    ['well for 3 minutes each time', 8, 3 * MINUTE, [0.5, 1, 2, 4, 8, 8, 8, 8]],
    ['once an hour', 3, 60 * MINUTE, [0.5, 0.5, 0.5]],
  ])('%s', (_, times, wellMs, expected) => {
    expect(fail(times, wellMs).words).toEqual(expected);
  });

  it('keeps a service parked that flaps on after slow retries, and lets it go when it was well for a whole window', () => {
    const flapping = fail(9, 70 * SECOND);
    expect(fail(5, 5 * MINUTE, flapping).next.every(({ kind }) => kind === 'park')).toBe(true);
    expect(fail(1, FLAP_WINDOW_MS, flapping).next).toEqual([{ kind: 'retry', pauseMs: 500 }]);
  });
});
