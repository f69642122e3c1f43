import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capabilitiesOf, glyphsIn } from '../../../src/terminal/capabilities.ts';
import { patternIn } from '../../../src/terminal/near.ts';
import { plaintextOf, readLines, readMeasurement } from '../../../src/terminal/plaintext.ts';
import { seriesOf } from '../../../src/terminal/query.ts';
import { reduce } from '../../../src/terminal/reduce.ts';
import { keysIn } from '../../../src/terminal/screen.ts';
import { figuresOf, greatestDistance, type Point } from '../../../src/terminal/series.ts';
import { stacked } from '../../../src/terminal/stack.ts';
import { cut, harmless, inAscii, padded, shortened, shortenedInside, widthOf } from '../../../src/terminal/text.ts';
import { readTime } from '../../../src/terminal/times.ts';
import { series } from './shapes.ts';

describe('what a terminal can show', () => {
  it.each([
    [{ LANG: 'C.UTF-8' }, 'braille'],
    [{ LANG: 'de_DE.utf8' }, 'braille'],
    [{ LANG: 'C.UTF-8', TERM: 'linux' }, 'blocks'],
    [{ LANG: 'C' }, 'ascii'],
    [{}, 'ascii'],
    [{ LC_ALL: 'C', LANG: 'C.UTF-8' }, 'ascii'],
    [{ LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' }, 'braille'],
  ])('%j: %s', (env, glyphs) => {
    expect(glyphsIn(env)).toBe(glyphs);
  });

  it('is as wide as the terminal, $COLUMNS, or 80', () => {
    expect(capabilitiesOf({ isTTY: true, columns: 132, rows: 50 }, { COLUMNS: '90' })).toMatchObject({ width: 132, height: 50 });
    expect(capabilitiesOf({ isTTY: true, columns: 0, rows: 0 }, {})).toMatchObject({ width: 80, height: undefined });
    expect(capabilitiesOf({}, { COLUMNS: '90' })).toMatchObject({ width: 90, height: undefined, colour: false });
    expect(capabilitiesOf({}, { COLUMNS: 'wide' })).toMatchObject({ width: 80 });
  });
});

describe('text', () => {
  it('is measured as it looks', () => {
    expect(widthOf('load')).toBe(4);
    expect(widthOf('日本')).toBe(4);
    expect(widthOf('e\u0301')).toBe(1);
  });

  it('is shortened at the end or inside', () => {
    expect(shortened('shortterm', 6)).toBe('short…');
    expect(shortenedInside('collectd.org.example.load', 11)).toBe('colle….load');
    expect(shortened('日本語', 4)).toBe('日…');
    expect(padded('ab', 4, 'right')).toBe('  ab');
    expect(inAscii('12 µs – 日')).toBe('12 us - ??');
    expect(harmless('a\u001b]0;x\u0007\nb')).toBe('a?]0;x? b');
  });

  it('never takes more columns than it may', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 0, max: 40 }), (text, width) => {
        for (const short of [cut(text, width), shortened(text, width), shortenedInside(text, width)]) expect(widthOf(short)).toBeLessThanOrEqual(width);
        expect(widthOf(inAscii(text))).toBe(widthOf(text));
      }),
    );
  });
});

describe('readTime', () => {
  const NOW = Date.parse('2026-11-21T16:30:00+01:00');
  const zone = process.env['TZ'];
  beforeAll(() => void (process.env['TZ'] = 'Europe/Paris'));
  afterAll(() => void (zone === undefined ? delete process.env['TZ'] : (process.env['TZ'] = zone)));

  it.each([
    ['now', '2026-11-21T16:30:00+01:00'],
    ['-1h', '2026-11-21T15:30:00+01:00'],
    ['90min', '2026-11-21T15:00:00+01:00'],
    ['-1.5h', '2026-11-21T15:00:00+01:00'],
    ['-2d', '2026-11-19T16:30:00+01:00'],
    ['today', '2026-11-21T00:00:00+01:00'],
    ['yesterday', '2026-11-20T00:00:00+01:00'],
    ['9:05', '2026-11-21T09:05:00+01:00'],
    ['2026-07-01', '2026-07-01T00:00:00+02:00'],
    ['20260701', '2026-07-01T00:00:00+02:00'],
    ['2026-11-21 14:30', '2026-11-21T14:30:00+01:00'],
    ['2026-11-21T14:30:15Z', '2026-11-21T14:30:15Z'],
    ['1795272000', '2026-11-21T14:40:00Z'],
  ])('%s', (text, expected) => {
    expect(readTime(text, NOW)).toBe(Date.parse(expected) / 1000);
  });

  it.each(['', 'soon', '-1x', '25:00', '2026-13-01', '2026-02-30', '1795272000000', '-', '--1h'])('refuses "%s"', (text) => {
    expect(readTime(text, NOW)).toBeUndefined();
  });
});

describe('reduce', () => {
  it('keeps the least and the greatest value of every column, whatever the points', () => {
    const anyPoints = fc.array(fc.tuple(fc.integer({ min: 0, max: 999 }), fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }))), { maxLength: 200 });
    fc.assert(
      fc.property(anyPoints, fc.integer({ min: 1, max: 90 }), (raw, count) => {
        const points: Point[] = raw.map(([at, value]): Point => [at, value]).sort((a, b) => a[0] - b[0]);
        const { slots, joins } = reduce(points, 0, 1000, count);
        const known = points.flatMap(([, value]) => (value === null ? [] : [value]));
        const shown = slots.filter((slot) => slot !== undefined);
        expect(shown.length > 0).toBe(known.length > 0);
        if (known.length > 0) {
          expect(Math.max(...shown.map(({ max }) => max))).toBe(Math.max(...known));
          expect(Math.min(...shown.map(({ min }) => min))).toBe(Math.min(...known));
        }
        expect(joins.every(({ fromSlot, toSlot }) => fromSlot < toSlot)).toBe(true);
      }),
    );
  });

  it('joins what follows each other, and nothing over a gap', () => {
    const points: Point[] = [0, 10, 20, 30, 40, 70, 80, 90].map((at) => [at, at]);
    expect(reduce(points, 0, 100, 10).joins.map(({ fromSlot, toSlot }) => [fromSlot, toSlot])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [7, 8],
      [8, 9],
    ]);
  });

  it('takes what a sender sends once a minute for no gaps, though the store has six places', () => {
    expect(greatestDistance(series('a', 100, (index) => (index % 6 === 0 ? 1 : null)).points)).toBe(90);
    expect(greatestDistance(series('a', 100, () => 1).points)).toBe(15);
    expect(greatestDistance(series('a', 100, (index) => (index === 3 || index === 90 ? 1 : null)).points)).toBe(15);
  });
});

describe('figures and stacks', () => {
  it('are of the values that are there', () => {
    expect(figuresOf(series('a', 5, (index) => [4, null, 1, 7, null][index] ?? null).points)).toEqual({ last: 7, min: 1, avg: 4, max: 7 });
    expect(figuresOf(series('a', 3, () => null).points)).toBeNull();
    expect(figuresOf(series('a', 3, () => 1.5e308).points)?.avg).toBeCloseTo(1.5e308, -300);
  });

  it('put series on top of each other, those below zero downwards', () => {
    const [one, two, three] = stacked([series('a', 2, () => 1), series('b', 2, (index) => (index === 0 ? 2 : null)), series('c', 2, () => -3)]);
    expect(one?.parts.map((part) => part?.slice(1))).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(two?.parts.map((part) => part?.slice(1))).toEqual([
      [1, 3],
      [1, 3],
    ]); // it holds until the next step
    expect(three?.parts[0]?.slice(1)).toEqual([0, -3]);
  });
});

describe('keysIn', () => {
  it.each([
    ['q', ['q']],
    ['\u001b[A\u001b[B', ['up', 'down']],
    ['\u001bOA', ['up']],
    ['\u001b', ['escape']],
    ['\u0003', ['ctrl-c']],
    ['jj', ['j', 'j']],
    ['\u001b[5~\u001b[H', ['page-up', 'home']],
    ['\u001b[200~', []],
    ['\u001b[<0;10;10M', []],
    ['ü', ['ü']],
  ])('%j', (text, keys) => {
    expect(keysIn(text)).toEqual(keys);
  });
});

describe('an answer of /render', () => {
  const read = (text: string): ReturnType<typeof seriesOf> => seriesOf(Buffer.from(text));

  it('may have values that JSON does not know, and points in any order', () => {
    expect(read('[{"target":"a","datapoints":[[2,20],[NaN,30],[null,40],[1,10],[Infinity,50]]}]')).toEqual([
      {
        name: 'a',
        points: [
          [10, 1],
          [20, 2],
          [30, null],
          [40, null],
          [50, null],
        ],
      },
    ]);
  });

  it.each(['', '{}', '[1]', '[{"target":"a"}]', '[{"target":1,"datapoints":[]}]', '[{"target":"a","datapoints":[[1]]}]', 'no'])('is not %j', (text) => {
    expect(read(text)).toBeUndefined();
  });
});

describe('patternIn', () => {
  it.each([
    ['a.b.c', 'a.b.c'],
    ['summarize(a.b.*, "1h")', 'a.b.*'],
    ['alias(averageSeries(a.{b,c}.d),"x y")', 'a.{b,c}.d'],
    ['constantLine(5)', undefined],
    ['scale (a.b, 0.1)', 'a.b'],
  ])('%s', (target, pattern) => {
    expect(patternIn(target)).toBe(pattern);
  });
});

describe('what is sent', () => {
  const NOW = Date.UTC(2026, 10, 21, 16);
  const read = (name: string, value = '1', time?: string): string => {
    const result = readMeasurement(name, value, time, NOW);
    return result.ok ? plaintextOf([result.measurement]).trim() : result.message;
  };

  it.each([
    ['my.backup', '42', undefined, `my.backup 42 ${NOW / 1000}`],
    ['a', '-1.5e3', '1795272000', 'a -1500 1795272000'],
    ['web-1.load_5:x', '.5', '-1h', `web-1.load_5:x 0.5 ${NOW / 1000 - 3600}`],
  ])('%s %s %s', (name, value, time, line) => {
    expect(read(name, value, time)).toBe(line);
  });

  it.each([
    ['a b', '1', undefined, /space/],
    ['', '1', undefined, /empty/],
    ['a..b', '1', undefined, /empty/],
    ['.a', '1', undefined, /empty/],
    ['a.*', '1', undefined, /"\*" has a meaning/],
    ['a/../b', '1', undefined, /"\/" has a meaning/],
    [`a.${'b'.repeat(300)}`, '1', undefined, /too long/],
    ['a', 'NaN', undefined, /no value/],
    ['a', '0x10', undefined, /no value/],
    ['a', '1e999', undefined, /no value/],
    ['a', '', undefined, /no value/],
    ['a', '1', '1795272000000', /milliseconds; seconds are expected: 1795272000\./],
    ['a', '1', '1795272000000000000', /nanoseconds/],
    ['a', '1', 'soon', /no time/],
    ['a', '1', '1999999999', /ahead/],
  ])('refuses %s %s %s', (name, value, time, message) => {
    expect(read(name, value, time)).toMatch(message);
  });

  it('is read from lines, each fault with its line', () => {
    expect(readLines('# a comment\na 1\n\nb 2 1795272000\r\nc\nd x\n', NOW)).toEqual({
      measurements: [
        { name: 'a', value: 1, atS: NOW / 1000 },
        { name: 'b', value: 2, atS: 1795272000 },
      ],
      faults: [expect.stringMatching(/^line 5: expected "name value"/), expect.stringMatching(/^line 6: "x" is no value/)],
    });
  });
});
