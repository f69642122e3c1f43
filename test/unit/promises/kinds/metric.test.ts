import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { notAnswered, parseSeries, type Point, type Series } from '../../../../src/promises/kinds/graphite.ts';
import { holds, metricOutcome, OPERATORS, overWindow, WINDOW_FUNCTIONS, type MetricSettings } from '../../../../src/promises/kinds/metric.ts';
import { contextWith, NOW_MS, NOW_S, serviceOf } from './scene.ts';

const settings: MetricSettings = {
  url: 'http://127.0.0.1:1',
  target: ['a.b'],
  window_s: 60,
  function: 'avg',
  operator: '<',
  threshold: 10,
  most_parts: 6,
  reversed: true,
  except: [],
  min_points: 1,
  min_series: 1,
  series: 'all',
  no_data: 'no-data',
  grace_s: 300,
};

/** Points every 10 s, the newest `ago` seconds ago. */
const seriesOf = (values: number[], { ago = 5, name = 'a.b' } = {}): Series => ({
  name,
  points: values.map((value, index) => ({ value, atSeconds: NOW_S - ago - 10 * (values.length - 1 - index) })),
});

const justStarted = [serviceOf('go-carbon', { startedAtMs: NOW_MS - 20_000 })];

describe('metric', () => {
  it.each<[string, Partial<MetricSettings>, Series[], string, string]>([
    ['below', {}, [seriesOf([1, 2, 3])], 'ok', 'a.b is as it should be.'],
    ['above', {}, [seriesOf([1, 2, 30])], 'failed', 'a.b is not as it should be: the average of 1 m must be < 10.'],
    ['above only before the window', {}, [seriesOf([100, 100, 1, 1, 1, 1, 1, 1])], 'ok', 'a.b is as it should be.'],
    ['no series', {}, [], 'no-data', 'There is no point of a.b within 1 m.'],
    ['a series of nothing', {}, [{ name: 'a.b', points: [] }], 'no-data', 'There is no point of a.b within 1 m.'],
    ['no series, which is fine', { no_data: 'ok' }, [], 'ok', 'There is no point of a.b within 1 m.'],
    ['no series, which is not', { no_data: 'failed' }, [], 'failed', 'There is no point of a.b within 1 m.'],
    ['too few points', { min_points: 5 }, [seriesOf([1, 2])], 'no-data', 'a.b has fewer than 5 points within 1 m.'],
    ['between', { operator: 'between', threshold: [1, 3] }, [seriesOf([2])], 'ok', 'a.b is as it should be.'],
    [
      'outside',
      { operator: 'between', threshold: [1, 3] },
      [seriesOf([4])],
      'failed',
      'a.b is not as it should be: the average of 1 m must be between 1 and 3.',
    ],
    ['fresh', { operator: undefined, threshold: undefined, max_age_s: 30 }, [seriesOf([4])], 'ok', 'a.b is as it should be.'],
    ['old', { operator: undefined, threshold: undefined, max_age_s: 30 }, [seriesOf([4], { ago: 31 })], 'failed', 'a.b has no point of the last 30 s.'],
    ['one of two is wrong', {}, [seriesOf([1]), seriesOf([11], { name: 'a.c' })], 'failed', 'a.c is not as it should be: the average of 1 m must be < 10.'],
    ['one of two is right, which is enough', { series: 'any' }, [seriesOf([1]), seriesOf([11], { name: 'a.c' })], 'ok', 'a.b is as it should be.'],
    [
      'of one host of several',
      { target: ['m.{host}.b'] },
      [seriesOf([1], { name: 'm.org.a.b' }), seriesOf([11], { name: 'm.org.c.b' })],
      'failed',
      'm.org.c.b is not as it should be: the average of 1 m must be < 10.',
    ],
    [
      'of every host but one',
      { target: ['m.{host}.b'], except: ['c.org'] },
      [seriesOf([11], { name: 'm.org.c.b' })],
      'no-data',
      'There is no point of m.{host}.b within 1 m.',
    ],
    ['too few series', { min_series: 2 }, [seriesOf([1])], 'failed', 'There are points of fewer than 2 series: a.b.'],
  ])('%s', (_, change, series, state, message) => {
    expect(metricOutcome({ ...settings, ...change }, series, contextWith([serviceOf('go-carbon')]))).toMatchObject({ state, message });
  });

  it.each<[string, Partial<MetricSettings>, Series[]]>([
    ['nothing is there', {}, []],
    ['nothing is there, which would be a failure', { no_data: 'failed' }, []],
    ['the newest point is old', { max_age_s: 30 }, [seriesOf([1], { ago: 50 })]],
    ['a series is missing', { min_series: 2 }, [seriesOf([1])]],
  ])('just after a start it is too early: %s', (_, change, series) => {
    expect(metricOutcome({ ...settings, ...change }, series, contextWith(justStarted))).toMatchObject({ state: 'ok', message: /^Too early to tell/ });
  });

  it('tells what is wrong just after a start, too', () => {
    expect(metricOutcome(settings, [seriesOf([11])], contextWith(justStarted)).state).toBe('failed');
  });

  it('keeps figures that move out of its message', () => {
    const messages = [11, 12, 13].map((value) => metricOutcome(settings, [seriesOf([value])], contextWith()));
    expect(new Set(messages.map(({ message }) => message)).size).toBe(1);
    expect(messages.map(({ values }) => values?.['value'])).toEqual([11, 12, 13]);
  });

  it.each([
    ['unreachable', 'no-data', 'no-data'],
    ['unreachable', 'failed', 'failed'],
    // That no points are fine does not make it fine that nobody can tell.
    ['unreachable', 'ok', 'no-data'],
    ['not-graphite', 'no-data', 'no-data'],
    ['refused', 'ok', 'failed'],
  ] as const)('an answer that is none: %s, no_data = %s', (kind, no_data, state) => {
    expect(notAnswered({ kind, message: 'm' }, { ...settings, no_data }, contextWith())).toEqual({ state, message: 'm' });
  });
});

describe('windows', () => {
  const points = fc.array(fc.record({ value: fc.double({ noNaN: true, min: -1e12, max: 1e12 }), atSeconds: fc.nat() }), { minLength: 1, maxLength: 50 });

  it('has no value without points', () => expect(WINDOW_FUNCTIONS.map((how) => overWindow(how, []))).toEqual(WINDOW_FUNCTIONS.map(() => undefined)));

  it('min ≤ avg, last ≤ max, and avg × n is the sum', () => {
    fc.assert(
      fc.property(points, (list: Point[]) => {
        const [last, avg, min, max, sum] = WINDOW_FUNCTIONS.map((how) => overWindow(how, list)!);
        const slack = 1e-6 * (1 + Math.abs(max!) + Math.abs(min!));
        expect(avg!).toBeGreaterThanOrEqual(min! - slack);
        expect(avg!).toBeLessThanOrEqual(max! + slack);
        expect(last!).toBe(list.at(-1)!.value);
        expect(last! >= min! && last! <= max!).toBe(true);
        expect(Math.abs(avg! * list.length - sum!)).toBeLessThanOrEqual(slack * list.length);
      }),
    );
  });

  it('an operator and its opposite never agree', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (value, threshold) => {
        expect(holds(value, '>', threshold)).toBe(!holds(value, '<=', threshold));
        expect(holds(value, '<', threshold)).toBe(!holds(value, '>=', threshold));
        expect(holds(value, 'between', [threshold, threshold])).toBe(value === threshold);
      }),
    );
    expect(OPERATORS.map((operator) => holds(Number.NaN, operator, operator === 'between' ? [0, 1] : 0))).toEqual(OPERATORS.map(() => false));
  });
});

describe('answers of /render', () => {
  it.each([
    [
      'series',
      '[{"target":"a","datapoints":[[null,10],[2,30],[1,20]]}]',
      [
        {
          name: 'a',
          points: [
            { value: 1, atSeconds: 20 },
            { value: 2, atSeconds: 30 },
          ],
        },
      ],
    ],
    ['none', '[]', []],
    ['more fields than we know', '[{"target":"a","tags":{"name":"a"},"datapoints":[]}]', [{ name: 'a', points: [] }]],
    ['no JSON', '<html>', undefined],
    ['another JSON', '{"a":1}', undefined],
    ['no points', '[{"target":"a"}]', undefined],
    ['text for a value', '[{"target":"a","datapoints":[["1",2]]}]', undefined],
    ['beyond all numbers', '[{"target":"a","datapoints":[[1e999,2]]}]', undefined],
    ['half a point', '[{"target":"a","datapoints":[[1]]}]', [{ name: 'a', points: [] }]],
    ['nothing', '', undefined],
  ])('%s', (_, text, expected) => expect(parseSeries(text)).toEqual(expected));
});
