import { describe, expect, it } from 'vitest';
import { stripInWords } from '../../../src/console/html/strip.ts';
import { stripOf, type Strip } from '../../../src/console/picture/promise-history.ts';
import type { PromiseState } from '../../../src/contract/promise.ts';
import type { HistoryEntry } from '../../../src/monitor/read.ts';

const MINUTE_MS = 60_000;
const entry = (minute: number, state: PromiseState): HistoryEntry => ({
  atMs: minute * MINUTE_MS,
  sinceMs: minute * MINUTE_MS,
  state,
  message: '',
  executionTimeMs: 1,
});
/** Ten minutes from minute 10 to 20, a minute each: o kept, X broken, n no data, . unknown. */
const drawn = (entries: HistoryEntry[], present: Parameters<typeof stripOf>[1]): string => {
  const { slots } = stripOf(entries, present, { fromMs: 10 * MINUTE_MS, untilMs: 20 * MINUTE_MS, count: 10 });
  return slots.map((slot) => ({ ok: 'o', failed: 'X', 'no-data': 'n', unknown: '.' })[slot]).join('');
};

it.each<[string, HistoryEntry[], PromiseState | 'pending', number | null, string]>([
  ['nothing', [], 'pending', null, '..........'],
  ['kept since before', [entry(1, 'ok')], 'ok', 1 * MINUTE_MS, 'oooooooooo'],
  ['known only by what is now', [], 'ok', 15 * MINUTE_MS, '.....ooooo'],
  ['broken in between', [entry(1, 'ok'), entry(12, 'failed'), entry(14, 'ok')], 'ok', 14 * MINUTE_MS, 'ooXXoooooo'],
  ['broken for less than a part of the time', [entry(1, 'ok'), entry(12.2, 'failed'), entry(12.4, 'ok')], 'ok', 12.4 * MINUTE_MS, 'ooXooooooo'],
  ['a change that the history does not have yet', [entry(1, 'ok')], 'failed', 19 * MINUTE_MS, 'oooooooooX'],
  ['no data', [entry(1, 'ok'), entry(15, 'no-data')], 'no-data', 15 * MINUTE_MS, 'ooooonnnnn'],
  ['changes of the message alone', [entry(1, 'ok'), { ...entry(13, 'ok'), sinceMs: MINUTE_MS }], 'ok', MINUTE_MS, 'oooooooooo'],
  ['an entry from the future', [entry(1, 'ok'), entry(30, 'failed')], 'ok', MINUTE_MS, 'oooooooooo'],
])('%s', (_, entries, state, sinceMs, expected) => {
  expect(drawn(entries, { state, sinceMs })).toBe(expected);
});

it('is not known after the last check, where nobody checks any more', () => {
  const { slots } = stripOf(
    [entry(1, 'ok')],
    { state: 'failed', sinceMs: 12 * MINUTE_MS },
    { fromMs: 10 * MINUTE_MS, untilMs: 20 * MINUTE_MS, count: 10, knownUntilMs: 14 * MINUTE_MS },
  );
  expect(slots.slice(0, 5)).toEqual(['ok', 'ok', 'failed', 'failed', 'unknown']);
});

describe('in words', () => {
  const strip = (changes: Partial<Strip>): Strip => ({ slots: ['ok'], brokenMs: 0, breaks: 0, ...changes });
  it.each<[Partial<Strip>, string]>([
    [{}, 'Today: kept.'],
    [{ slots: ['unknown'] }, 'Today: nothing is known.'],
    [{ slots: ['ok', 'no-data'] }, 'Today: no data for a part of it, never broken.'],
    [{ slots: ['failed'], breaks: 1, brokenMs: 90 * MINUTE_MS }, 'Today: broken once, 1 h 30 min in all.'],
    [{ slots: ['failed'], breaks: 2, brokenMs: MINUTE_MS }, 'Today: broken 2 times, 1 min in all.'],
  ])('%j', (changes, text) => {
    expect(stripInWords(strip(changes), 'Today')).toBe(text);
  });

  it('counts only what was broken within the time', () => {
    const { brokenMs, breaks } = stripOf(
      [entry(1, 'failed'), entry(12, 'ok')],
      { state: 'ok', sinceMs: 12 * MINUTE_MS },
      { fromMs: 10 * MINUTE_MS, untilMs: 20 * MINUTE_MS, count: 10 },
    );
    expect([brokenMs, breaks]).toEqual([2 * MINUTE_MS, 1]);
  });
});
