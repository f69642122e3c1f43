import { describe, expect, it } from 'vitest';
import { begunAtMs, isDue, pauseAfterTroubleMs, pauseBeforeLookMs, surplusArchives } from '../../../src/supervisor/log-limits.ts';

const LIMITS = { maxBytes: 100, maxAgeMs: 1000, keep: 2, totalBytes: 100 };

describe('isDue', () => {
  it.each([
    ['small and young', 100, 1000, false],
    ['too large', 101, 0, true],
    ['too old', 1, 1001, true],
    ['empty, however old', 0, 9999, false],
    ['begun in the future, as the clock was set back', 1, -9999, false],
  ])('%s', (_, bytes, ageMs, expected) => {
    expect(isDue({ bytes, begunAtMs: 50_000 - ageMs }, LIMITS, 50_000)).toBe(expected);
  });
});

describe('pauseBeforeLookMs', () => {
  it.each([
    ['a quiet log', 10, 0, 1000, 2000],
    ['one seen for the first time', 10, 0, 0, 2000],
    ['one that shrank', 10, -50, 1000, 2000],
    ['one that has a second left', 50, 50, 1000, 500],
    ['one that is too large already', 200, 100, 1000, 100],
    ['one that grows slowly', 10, 1, 60_000, 2000],
  ])('of %s', (_, bytes, grown, withinMs, expected) => {
    expect(pauseBeforeLookMs(bytes, grown, withinMs, 100)).toBe(expected);
  });
});

describe('surplusArchives', () => {
  const archive = (name: string, second: number, bytes: number) => ({ path: name, stamp: `20261121-0000${String(second).padStart(2, '0')}-000`, bytes });
  const STORE = [archive('s1', 1, 10), archive('s3', 3, 10), archive('s5', 5, 10)];
  const WEB = [archive('w2', 2, 30), archive('w4', 4, 30)];

  it.each([
    ['of each log all but the newest', [STORE, WEB], 10, LIMITS, ['s1']],
    ['the oldest of all when it is too much', [STORE, WEB], 50, LIMITS, ['s1', 'w2']],
    ['all, when the logs alone are too much', [STORE, WEB], 500, LIMITS, ['s1', 'w2', 's3', 'w4', 's5']],
    ['all, when none is to be kept', [WEB], 0, { ...LIMITS, keep: 0 }, ['w2', 'w4']],
    ['none where there are none', [[]], 500, LIMITS, []],
  ])('takes away %s', (_, byLog, liveBytes, limits, expected) => {
    expect(surplusArchives(byLog, liveBytes, limits)).toEqual(expected);
  });
});

describe('begunAtMs', () => {
  it.each([
    ['the first: when its file was made', undefined, 5, undefined, 5],
    ['after others: when the newest of them was rotated', '20261121-044512-345', 5, undefined, Date.UTC(2026, 10, 21, 4, 45, 12, 345)],
    ['after others of which none is kept: when it was rotated', undefined, 5, 77, 77],
  ])('%s', (_, newest, birthtimeMs, rotatedAtMs, expected) => {
    expect(begunAtMs(newest, birthtimeMs, rotatedAtMs)).toBe(expected);
  });
});

describe('pauseAfterTroubleMs', () => {
  it.each([
    [1, 2_000],
    [2, 4_000],
    [5, 32_000],
    [6, 60_000],
    [1_000_000, 60_000],
  ])('after %i failures: %i ms', (times, expected) => {
    expect(pauseAfterTroubleMs(times)).toBe(expected);
  });
});
