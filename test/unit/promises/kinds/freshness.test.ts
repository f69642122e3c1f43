import { describe, expect, it } from 'vitest';
import { agesOf, freshnessOutcome, type FreshnessSettings } from '../../../../src/promises/kinds/freshness.ts';
import { isLike } from '../../../../src/promises/kinds/glob.ts';
import type { Series } from '../../../../src/promises/kinds/graphite.ts';
import { contextWith, NOW_MS, NOW_S, serviceOf } from './scene.ts';

const settings: FreshnessSettings = {
  url: 'http://127.0.0.1:1',
  pattern: ['collectd.{host}.load.load.shortterm'],
  most_parts: 3,
  reversed: true,
  max_age_s: 300,
  forget_h: 24,
  except: [],
  no_data: 'ok',
  grace_s: 300,
};
const host = (name: string, agoSeconds: number): Series => ({
  name: `collectd.${name}.load.load.shortterm`,
  points: [{ value: 1, atSeconds: NOW_S - agoSeconds }],
});
const running = contextWith([serviceOf('go-carbon')]);

describe('freshness', () => {
  it.each<[string, Partial<FreshnessSettings>, Series[], string, string]>([
    ['all send', {}, [host('org.a', 10), host('b', 299)], 'ok', 'Every host sends: none has been silent for 5 m.'],
    ['one is silent', {}, [host('org.example.a', 3600), host('b', 10)], 'failed', 'Silent for more than 5 m: a.example.org.'],
    [
      'one is silent that may be',
      { except: ['*.example.org'] },
      [host('org.example.a', 3600), host('b', 10)],
      'ok',
      'Every host sends: none has been silent for 5 m.',
    ],
    ['one is gone', {}, [host('a', 25 * 3600), host('b', 10)], 'ok', 'Every host sends: none has been silent for 5 m.'],
    ['none is there', {}, [], 'ok', 'No host has sent collectd.{host}.load.load.shortterm within 1 d.'],
    ['none is there, and should', { no_data: 'no-data' }, [], 'no-data', 'No host has sent collectd.{host}.load.load.shortterm within 1 d.'],
    ['all are silent', {}, [host('a', 3600), host('b', 600)], 'failed', 'Silent for more than 5 m: a, b.'],
    ['a clock that is ahead', {}, [host('a', -600)], 'ok', 'Every host sends: none has been silent for 5 m.'],
  ])('%s', (_, change, series, state, message) => expect(freshnessOutcome({ ...settings, ...change }, series, running)).toMatchObject({ state, message }));

  it('is patient after a start, when not all are back yet', () => {
    const started = contextWith([serviceOf('go-carbon', { startedAtMs: NOW_MS - 10_000 })]);
    expect(freshnessOutcome(settings, [host('a', 3600)], started).state).toBe('ok');
    expect(freshnessOutcome(settings, [host('a', 3600), host('b', 1)], started).state).toBe('ok');
  });

  it('takes the newest of what both looks found, and leaves out what is no host', () => {
    const series = [
      host('a', 100),
      host('a', 50),
      { name: 'other', points: [{ value: 1, atSeconds: 1 }] },
      { ...host('c', 1), points: [] },
      { name: 'collectd..load.load.shortterm', points: [{ value: 1, atSeconds: 1 }] },
    ];
    expect(agesOf(settings, series, NOW_S)).toEqual([{ host: 'a', ageSeconds: 50 }]);
  });

  it.each([
    ['a.example.org', '*.example.org', true],
    ['a.example.org', 'a.*', true],
    ['a.example.org', 'a.*.org', true],
    ['a.example.org', 'a.example.org', true],
    ['a.example.org', '*', true],
    ['a.example.org', 'b*', false],
    ['aa', 'a*a', true],
    ['a', 'a*a', false],
    ['abcbd', 'a*b*d', true],
    ['abd', 'a*b*b*d', false],
  ])('%s is like %s: %s', (name, glob, expected) => expect(isLike(name, glob)).toBe(expected));
});
