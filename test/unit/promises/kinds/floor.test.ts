import { describe, expect, it } from 'vitest';
import { floorOutcome, type ForecastSettings } from '../../../../src/promises/kinds/forecast.ts';
import type { Series } from '../../../../src/promises/kinds/graphite.ts';
import { contextWith, NOW_S, serviceOf } from './scene.ts';

const settings: ForecastSettings = {
  url: 'http://127.0.0.1:1',
  target: ['collectd.{host}.df.*.df_complex.free'],
  most_parts: 6,
  reversed: true,
  except: [],
  floor: 0,
  min_days: 7,
  window_h: 72,
  min_span_h: 24,
  min_points: 20,
  no_data: 'ok',
  grace_s: 300,
};
const WELL = 'collectd.{host}.df.*.df_complex.free will not reach 0 within 7 days, if it goes on as before.';

/** A value that changes by so much a day, each half hour over so many hours. */
function disk(name: string, newest: number, perDay: number, hours = 72): Series {
  const points = Array.from({ length: hours * 2 }, (_, index) => ({ atSeconds: NOW_S - index * 1800, value: newest - (perDay * index) / 48 }));
  return { name: `collectd.org.example.${name}.df.root.df_complex.free`, points: points.reverse() };
}

describe('forecast', () => {
  it.each<[string, Partial<ForecastSettings>, Series[], string, string]>([
    ['nothing is there', {}, [], 'ok', 'There is no point of collectd.{host}.df.*.df_complex.free within 72 h.'],
    ['it rises', {}, [disk('a', 100, 5)], 'ok', WELL],
    ['it stays', {}, [disk('a', 0, 0)], 'ok', WELL],
    ['it falls slowly', {}, [disk('a', 100, -10)], 'ok', WELL],
    [
      'it falls quickly',
      {},
      [disk('a', 100, -40), disk('b', 100, 0)],
      'failed',
      'collectd.org.example.a.df.root.df_complex.free will reach 0 within 3 days, if it goes on as before.',
    ],
    [
      'it is there already',
      { floor: 200 },
      [disk('a', 100, -1)],
      'failed',
      'collectd.org.example.a.df.root.df_complex.free will reach 200 within an hour, if it goes on as before.',
    ],
    ['it falls quickly, but for a short time', {}, [disk('a', 100, -40, 12)], 'ok', WELL],
    ['another promise looks at it', { apart_from: 'a.example.org' }, [disk('a', 100, -40), disk('b', 100, 0)], 'ok', WELL],
    ['nothing is there, and should', { no_data: 'no-data' }, [], 'no-data', 'There is no point of collectd.{host}.df.*.df_complex.free within 72 h.'],
  ])('%s', (_, change, series, state, message) =>
    expect(floorOutcome({ ...settings, ...change }, series, contextWith([serviceOf('go-carbon')]))).toMatchObject({ state, message }),
  );

  it('tells the days that are left, where it falls', () => {
    expect(floorOutcome(settings, [disk('a', 100, -10), disk('b', 1, 1)], contextWith()).values).toEqual({ series: 2, days_left: 10 });
    expect(floorOutcome(settings, [disk('a', 100, 0)], contextWith()).values).toEqual({ series: 1 });
  });
});
