import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { niceStep, periodInWords, scaleOf, timeTicks } from '../../../src/terminal/scale.ts';

const scale = (min: number, max: number, unit = 'none'): string[] => scaleOf({ min, max }, { unit, mostTicks: 5 }).ticks.map(({ label }) => label);

describe('scaleOf', () => {
  it.each([
    [0, 10, 'none', ['0', '5', '10']],
    [3, 10, 'none', ['0', '5', '10']],
    [8, 10, 'none', ['8', '8.5', '9', '9.5', '10']],
    [-1, 1, 'none', ['-1', '-0.5', '0', '0.5', '1']],
    [0, 100, 'percent', ['0 %', '50 %', '100 %']],
    [0, 8 * 2 ** 30, 'bytes', ['0 B', '2 GiB', '4 GiB', '6 GiB', '8 GiB']],
    [0, 400, 's', ['0 s', '2 min', '4 min', '6 min', '8 min']],
    [1e6, 1e6 + 0.4, 'short', ['1.0000000 M', '1.0000001 M', '1.0000002 M', '1.0000003 M', '1.0000004 M']],
  ])('%d to %d %s', (min, max, unit, labels) => {
    expect(scale(min, max, unit)).toEqual(labels);
  });

  it.each([42, 0, -3, 1e-300, 1e300, 1e15])('shows a constant %d with something around it', (value) => {
    const { min, max } = scaleOf({ min: value, max: value }, { unit: 'none', mostTicks: 5 });
    expect(min).toBeLessThan(max);
    expect(value).toBeGreaterThanOrEqual(min);
    expect(value).toBeLessThanOrEqual(max);
  });

  it('keeps to the ends that were given', () => {
    expect(scaleOf({ min: 3, max: 250 }, { unit: 'none', mostTicks: 5, min: 0, max: 100 })).toMatchObject({ min: 0, max: 100 });
    expect(scaleOf({ min: 3, max: 5 }, { unit: 'none', mostTicks: 5, min: 200 })).toMatchObject({ min: 200 });
    expect(scaleOf(null, { unit: 'none', mostTicks: 5, max: -7 }).max).toBe(-7);
  });

  it('has room for every value, few marks, in order, and no two alike', () => {
    const any = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e299, max: 1e299 });
    fc.assert(
      fc.property(any, any, fc.constantFrom('none', 'bytes', 's', 'ms', 'percent', 'Bps'), fc.integer({ min: 2, max: 9 }), (a, b, unit, mostTicks) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const { min, max, ticks } = scaleOf({ min: low, max: high }, { unit, mostTicks });
        const slack = 1e-8 * Math.max(Math.abs(low), Math.abs(high), max - min);
        expect(min).toBeLessThanOrEqual(low + slack);
        expect(max).toBeGreaterThanOrEqual(high - slack);
        expect(ticks.length).toBeGreaterThanOrEqual(1);
        expect(ticks.length).toBeLessThanOrEqual(mostTicks + 3);
        const places = ticks.map(({ at }) => at);
        expect(places).toEqual(places.toSorted((one, other) => one - other));
      }),
    );
  });
});

describe('niceStep', () => {
  it.each([
    [0.07, 'none', 0.1],
    [0.11, 'none', 0.2],
    [3, 'none', 5],
    [5, 'none', 5],
    [5.1, 'none', 10],
    [1000, 'bytes', 1024],
    [61, 's', 120],
    [90_000, 's', 172_800],
  ])('%d %s -> %d', (least, unit, step) => {
    expect(niceStep(least, unit)).toBeCloseTo(step, 10);
  });
});

describe('timeTicks', () => {
  const zone = process.env['TZ'];
  beforeAll(() => void (process.env['TZ'] = 'Europe/Paris'));
  afterAll(() => void (zone === undefined ? delete process.env['TZ'] : (process.env['TZ'] = zone)));
  const at = (text: string): number => Date.parse(text) / 1000;
  const labels = (from: string, until: string, columns = 76): string[] => timeTicks(at(from), at(until), columns).map(({ label }) => label);

  it.each([
    ['an hour', '2026-11-21T15:07+01:00', '2026-11-21T16:07+01:00', ['15:10', '15:20', '15:30', '15:40', '15:50', '16:00']],
    ['over midnight', '2026-11-21T22:00+01:00', '2026-11-22T02:00+01:00', ['22:00', '22:30', '23:00', '23:30', '22 Nov', '00:30', '01:00', '01:30', '02:00']],
    [
      'the day that has 25 hours',
      '2026-10-25T00:00+02:00',
      '2026-10-26T00:00+01:00',
      ['25 Oct', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00', '26 Oct'],
    ],
    ['a week', '2026-11-16T00:00+01:00', '2026-11-22T23:00+01:00', ['16 Nov', '17 Nov', '18 Nov', '19 Nov', '20 Nov', '21 Nov', '22 Nov']],
    [
      'a minute',
      '2026-11-21T15:00:00+01:00',
      '2026-11-21T15:01:00+01:00',
      ['15:00:00', '15:00:10', '15:00:20', '15:00:30', '15:00:40', '15:00:50', '15:01:00'],
    ],
  ])('%s', (_, from, until, expected) => {
    const found = labels(from, until);
    expect(found.filter((label) => expected.includes(label))).toEqual(found);
    expect(found.length).toBeGreaterThanOrEqual(3);
  });

  it('counts years and months from their first day', () => {
    expect(labels('2020-03-05T00:00Z', '2026-11-21T00:00Z')).toEqual(['2021', '2022', '2023', '2024', '2025', '2026']);
    expect(labels('2026-05-05T00:00Z', '2026-11-21T00:00Z').every((label) => /^2026-\d\d$/.test(label))).toBe(true);
  });

  it('names no more times than there is room for, each within the span', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 2_000_000_000 }),
        fc.integer({ min: 1, max: 1_000_000_000 }),
        fc.integer({ min: 1, max: 300 }),
        (fromS, spanS, columns) => {
          const ticks = timeTicks(fromS, fromS + spanS, columns);
          expect(ticks.length).toBeLessThanOrEqual(columns / 7 + 3);
          expect(ticks.every((tick) => tick.at >= fromS && tick.at <= fromS + spanS)).toBe(true);
        },
      ),
    );
  });

  it('says a day once', () => {
    expect(periodInWords(at('2026-11-21T15:00+01:00'), at('2026-11-21T16:00+01:00'))).toBe('2026-11-21 15:00 to 16:00');
    expect(periodInWords(at('2026-11-20T15:00+01:00'), at('2026-11-21T16:00+01:00'))).toBe('2026-11-20 15:00 to 2026-11-21 16:00');
  });
});
