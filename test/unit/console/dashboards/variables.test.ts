import { describe, expect, it } from 'vitest';
import { ALL, AUTO, type Variable } from '../../../../src/console/dashboards/model.ts';
import { figureOf } from '../../../../src/console/page/dashboards-figures.ts';
import { fillIn, linkOfSeries, matching, placeOf, valuesOf, withIntervals, withReferences } from '../../../../src/console/page/dashboards-variables.ts';

const variable = (name: string, current: string[], more: Partial<Variable> = {}): Variable => ({
  name,
  label: name,
  kind: 'custom',
  query: '',
  isRendered: false,
  auto: undefined,
  regex: '',
  choices: ['a', 'b'].map((value) => ({ text: value, value })),
  isMulti: true,
  hasAll: true,
  allValue: '',
  current,
  isHidden: false,
  note: '',
  ...more,
});
const VARIABLES = [variable('host', ['web1']), variable('hosts', ['a', 'b']), variable('all', [ALL]), variable('star', [ALL], { allValue: '*' })];

describe('a target', () => {
  it.each([
    ['x.$host.y', 'x.web1.y'],
    ['x.${host}y', 'x.web1y'],
    ['x.[[host]].y', 'x.web1.y'],
    ['x.$hosts.y', 'x.{a,b}.y'],
    ['x.${hosts:csv}', 'x.a,b'],
    ['x.${hosts:pipe}', 'x.a|b'],
    ['x.${hosts:regex}', 'x.(a|b)'],
    ['x.$all', 'x.{a,b}'],
    ['x.$star', 'x.*'],
    ['x.$other.$1', 'x.$other.$1'],
    ['$hostname', '$hostname'],
  ])('%s is %s', (text, expected) => expect(fillIn(text, VARIABLES, {})).toBe(expected));

  it('has what was chosen', () => expect(fillIn('$host $hosts', VARIABLES, { host: ['$hosts'], hosts: ['b'] })).toBe('$hosts b'));
  it('may refer to others, but not endlessly', () => {
    const texts = withReferences([
      { refId: 'A', target: 'a' },
      { refId: 'B', target: 'sum(#A, #Z)' },
      { refId: 'C', target: 'x(#B)' },
      { refId: 'D', target: '#D' },
    ]);
    expect(texts).toEqual(['a', 'sum(a, #Z)', 'x(sum(a, #Z))', '#D']);
  });
  it('means every choice by "all"', () => expect(valuesOf(VARIABLES[2]!, [ALL])).toEqual(['a', 'b']));
});

describe('an interval', () => {
  const interval = variable('every', [AUTO], { kind: 'interval', auto: { count: 300, finest: '10s' } });
  it.each([
    ['auto', 15 * 60, '10s'],
    ['auto', 3600, '10s'],
    ['auto', 6 * 3600, '60s'],
    ['auto', 86_400, '300s'],
    ['auto', 30 * 86_400, '21600s'],
    ['auto', 5 * 365 * 86_400, '86400s'],
    ['5m', 3600, '5min'],
    ['1h', 3600, '1h'],
    ['10s', 3600, '10s'],
  ])('%s, over %i seconds, is %s', (chosen, spanS, expected) => {
    const all = withIntervals([interval], { every: [chosen === 'auto' ? AUTO : chosen] }, spanS);
    expect(fillIn("'$every'", [interval], all)).toBe(`'${expected}'`);
  });
  it('is not closer than the finest', () => {
    const minutes = variable('every', [AUTO], { kind: 'interval', auto: { count: 300, finest: '1m' } });
    expect(withIntervals([minutes], {}, 900)).toEqual({ every: ['60s'] });
  });
  it('leaves other variables alone', () => expect(withIntervals(VARIABLES, { host: ['5m'] }, 900)).toEqual({ host: ['5m'] }));
});

it.each([
  ['/d/dkm-this-host', '/dashboards/dkm-this-host'],
  ['/d/dkm-this-host/host?var-host=a', '/dashboards/dkm-this-host?var-host=a'],
  ['https://example.org/d/x', 'https://example.org/d/x'],
  ['/docs', '/docs'],
])('a place of Grafana, here: %s', (url, expected) => expect(placeOf(url)).toBe(expected));

it('leads from a series to another dashboard', () =>
  expect(linkOfSeries('/d/hosts?var-host=${__field.displayName}', 'org.example.a&b $&')).toBe('/dashboards/hosts?var-host=org.example.a%26b%20%24%26'));

it.each([
  ['', ['web1', 'db1']],
  ['/^web/', ['web']],
  ['/(web.*)/', ['web1']],
  ['db', ['db']],
  ['/(/', ['web1', 'db1']],
])('choices that match %s', (regex, expected) => expect(matching(['web1', 'db1'], regex)).toEqual(expected));

it.each([
  ['last', 4],
  ['first', 2],
  ['min', 1],
  ['max', 4],
  ['mean', 7 / 3],
  ['sum', 7],
  ['count', 3],
  ['range', 3],
  ['delta', 2],
] as const)('the %s of values', (calc, expected) => {
  expect(figureOf([null, 2, undefined, 1, 4, null], calc)).toBe(expected);
  expect(figureOf([null], calc)).toBe(calc === 'count' ? 0 : null);
});
