import { describe, expect, it } from 'vitest';
import type { Unit } from '../../../src/console/graphite/charts.ts';
import { formatDuration, formatTick, formatTimes, formatValue } from '../../../src/console/page/format.ts';

it.each<[number | null, Unit, string]>([
  [0.416, 'number', '0.42'],
  [123.4, 'number', '123'],
  [3.14159, 'percent', '3.1 %'],
  [99.6, 'percent', '100 %'],
  [0, 'bytes', '0 B'],
  [999, 'bytes', '999 B'],
  [1000, 'bytes', '1.00 kB'],
  [5_120_000_000, 'bytes', '5.12 GB'],
  [16_900_000_000, 'bytes', '16.9 GB'],
  [747_000, 'bytes-per-second', '747 kB/s'],
  [0.4, 'bytes-per-second', '0 B/s'],
  [null, 'bytes', '–'],
  [Number.NaN, 'number', '–'],
])('writes %s (%s) as %s', (value, unit, text) => {
  expect(formatValue(value, unit)).toBe(text);
});

it.each<[number, Unit, string]>([
  [-5e6, 'bytes-per-second', '5 MB/s'],
  [2.5e9, 'bytes', '2.5 GB'],
  [0, 'bytes-per-second', '0 B/s'],
  [0.30000000000000004, 'number', '0.3'],
  [20, 'percent', '20 %'],
  [150e6, 'bytes', '150 MB'],
])('writes %s (%s) beside an axis as %s', (value, unit, text) => {
  expect(formatTick(value, unit)).toBe(text);
});

it.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [3_599_000, '59 min'],
  [3_600_000, '1 h'],
  [12_000_000, '3 h 20 min'],
  [90_000_000, '1 d 1 h'],
  [864_000_000, '10 d'],
])('writes %s ms as %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

describe('an axis of time', () => {
  const local = (day: number, hour: number, minute = 0): number => new Date(2026, 4, day, hour, minute).getTime() / 1000;

  it('has hours and minutes, and the day where it changes', () => {
    expect(formatTimes([local(3, 22), local(4, 0), local(4, 2, 30)], 7200, 'en-GB')).toEqual(['22:00', 'Mon 4', '02:30']);
  });

  it('has seconds when ticks are close, and days when they are far apart', () => {
    expect(formatTimes([local(3, 9)], 30, 'en-US')).toEqual(['09:00:00']);
    expect(formatTimes([local(3, 1)], 86_400, 'en-GB')).toEqual(['Sun 3']);
  });
});
