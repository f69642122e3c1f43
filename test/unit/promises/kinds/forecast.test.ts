import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slopeOf, type TrendPoint } from '../../../../src/base/trend.ts';
import { mountName, mountPointIn } from '../../../../src/base/mounts.ts';
import { forecastOutcome, type DiskForecastSettings } from '../../../../src/promises/kinds/disk-forecast.ts';
import type { Point } from '../../../../src/promises/kinds/graphite.ts';

const GIB = 2 ** 30;
const DAY = 86_400;
const room = { freeBytes: 50 * GIB, totalBytes: 100 * GIB, freeInodes: 1, totalInodes: 0 };
const settings: DiskForecastSettings = {
  path: '/s',
  url: 'http://127.0.0.1:1',
  target: 't',
  window_h: 72,
  min_span_h: 24,
  min_points: 20,
  min_days: 7,
  min_free_percent: 10,
  enough_free_mib: 10_240,
  min_free_inodes_percent: 5,
};

/** Free bytes that fall by so many a day, every ten minutes over so many hours, and swing by as much around that. */
const falling = (bytesADay: number, hours: number, swing = 0): Point[] =>
  Array.from({ length: hours * 6 }, (_, index) => ({ value: 100 * GIB - (bytesADay * index) / 144 + swing * Math.sin(index), atSeconds: index * 600 }));

describe('disk-forecast', () => {
  it.each<[string, Point[], number, string, string]>([
    ['still', falling(0, 48), 50, 'ok', 'The disk of /s will not be full within 7 days, if it goes on as before.'],
    ['growing', falling(-GIB, 48), 50, 'ok', 'The disk of /s will not be full within 7 days, if it goes on as before.'],
    ['falling slowly', falling(GIB, 48), 50, 'ok', 'The disk of /s will not be full within 7 days, if it goes on as before.'],
    ['falling quickly', falling(20 * GIB, 48), 50, 'failed', 'The disk of /s will be full within 3 days, if it goes on as before.'],
    ['falling with a swing', falling(20 * GIB, 48, 3 * GIB), 50, 'failed', 'The disk of /s will be full within 3 days, if it goes on as before.'],
    ['nearly full', falling(24 * GIB, 48), 5, 'failed', 'The disk of /s will be full within 6 hours, if it goes on as before.'],
    ['full', falling(20 * GIB, 48), 0, 'failed', 'The disk of /s will be full within an hour, if it goes on as before.'],
    [
      'falling quickly, but for a short time',
      falling(90 * GIB, 5),
      50,
      'ok',
      'There is room where /s is. Only what is free now was looked at: There are too few points for a forecast (fewer than 20, or of less than 24 h).',
    ],
    [
      'no points',
      [],
      50,
      'ok',
      'There is room where /s is. Only what is free now was looked at: There are too few points for a forecast (fewer than 20, or of less than 24 h).',
    ],
    [
      'no points and no room',
      [],
      5,
      'failed',
      'Less than 10 % is free where /s is. Only what is free now was looked at: There are too few points for a forecast (fewer than 20, or of less than 24 h).',
    ],
  ])('%s', (_, points, freeGib, state, message) => {
    expect(forecastOutcome(settings, { ...room, freeBytes: freeGib * GIB }, points)).toMatchObject({ state, message });
  });
});

describe('the line through points', () => {
  const bounds = { fewest: 2, shortest: 1 };

  it('has the slope that the points were made with, wherever it begins', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1000, max: 1000 }),
        fc.integer({ min: -1e6, max: 1e6 }),
        fc.integer({ min: 2, max: 200 }),
        fc.integer({ min: 0, max: 2e9 }),
        (slope, offset, length, start) => {
          const points = Array.from({ length }, (_, index): TrendPoint => [start + index * 60, offset + slope * index * 60]);
          expect(slopeOf(points, bounds)).toBeCloseTo(slope, 3);
        },
      ),
    );
  });

  it('does not care how high the points lie, and turns round with them', () => {
    const list = fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 3, maxLength: 60 });
    fc.assert(
      fc.property(list, fc.integer({ min: -1e6, max: 1e6 }), (values, height) => {
        const at = (change: (value: number) => number): number =>
          slopeOf(
            values.map((value, index): TrendPoint => [index * 60, change(value)]),
            bounds,
          )!;
        expect(at((value) => value + height)).toBeCloseTo(
          at((value) => value),
          3,
        );
        expect(at((value) => -value)).toBeCloseTo(-at((value) => value), 3);
      }),
    );
  });

  it.each<[string, TrendPoint[]]>([
    ['none', []],
    ['one', [[0, 1]]],
    [
      'all at one time',
      [
        [5, 1],
        [5, 2],
        [5, 3],
      ],
    ],
    [
      'too short a time',
      [
        [0, 1],
        [0.5, 2],
      ],
    ],
  ])('is unknown of points that are %s', (_, points) => expect(slopeOf(points, bounds)).toBeUndefined());

  it('finds a byte a second', () =>
    expect(
      slopeOf(
        falling(DAY, 24).map(({ atSeconds, value }): TrendPoint => [atSeconds, value]),
        bounds,
      ),
    ).toBeCloseTo(-1, 6));
});

describe('mount points', () => {
  it.each([
    ['/', 'root'],
    ['/srv/data', 'srv-data'],
    ['/mnt/a.b c', 'mnt-a_b_c'],
  ])('names %s as collectd does', (mount, name) => expect(mountName(mount)).toBe(name));

  const table = 'a / ext4 rw 0 0\nb /srv ext4 rw 0 0\nc /srv/my\\040data ext4 rw 0 0\nd /srv/datadog ext4 rw 0 0\n';
  it.each([
    ['/home/x', '/'],
    ['/srv', '/srv'],
    ['/srv/my data/x', '/srv/my data'],
    ['/srv/data', '/srv'],
    ['/srvx', '/'],
  ])('%s is on %s', (path, mount) => expect(mountPointIn(table, path)).toBe(mount));

  it('is / where nobody tells', () => expect(mountPointIn('', '/a')).toBe('/'));
});
