import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawGraph, namesOf, type GraphOptions } from '../../../src/terminal/graph.ts';
import type { Point, Series } from '../../../src/terminal/series.ts';
import { widthOf } from '../../../src/terminal/text.ts';
import { FROM_S, series, withoutColours } from './shapes.ts';

/*
 * Pictures of many shapes, kept as text in test/golden/terminal. Look at a difference before you take it over.
 */

const GOLDEN = join(import.meta.dirname, '..', '..', 'golden', 'terminal');
const PLAIN: GraphOptions = { width: 80, height: 10, colour: false, glyphs: 'braille' };
const HOUR = 360;

const wave = (index: number): number => 1 + Math.sin(index / 20);
const draw = (drawn: readonly Series[], options: Partial<GraphOptions> = {}, spanS = 3600, fromS = FROM_S): string[] =>
  drawGraph({ series: drawn, fromS, untilS: fromS + spanS }, { ...PLAIN, ...options });

const LOAD = series('collectd.org.example.web.load.load.shortterm', HOUR, wave);
const MEMORY = ['used', 'cached', 'free'].map((name, index) =>
  series(`collectd.org.example.web.memory.memory.${name}`, HOUR, (at) => (2 + index + Math.sin(at / 30 + index)) * 1e9),
);

const SHAPES: Record<string, () => string[]> = {
  wave: () => draw([LOAD]),
  'wave-narrow': () => draw([LOAD], { width: 40, height: 6 }),
  'wave-very-narrow': () => draw([LOAD], { width: 20, height: 4 }),
  'wave-wide': () => draw([LOAD], { width: 140, height: 16 }),
  'wave-blocks': () => draw([LOAD], { glyphs: 'blocks' }),
  'wave-ascii': () => draw([LOAD], { glyphs: 'ascii' }),
  'two-plain': () => draw([LOAD, series('collectd.org.example.web.load.load.midterm', HOUR, (index) => 1 + Math.cos(index / 20))]),
  'stack-plain': () => draw(MEMORY, { stack: true }),
  negative: () => draw([series('a', HOUR, (index) => -index)]),
  'around-zero': () => draw([series('a', HOUR, (index) => 50 * Math.sin(index / 25))], { unit: 'percent' }),
  constant: () => draw([series('a', HOUR, () => 42)]),
  zero: () => draw([series('a', HOUR, () => 0)]),
  'one-point': () => draw([series('a', HOUR, (index) => (index === 180 ? 7 : null))]),
  gaps: () => draw([series('a', HOUR, (index) => (Math.floor(index / 60) % 2 === 0 ? 5 + (index % 60) / 10 : null))]),
  'one-peak': () => draw([series('a', 8640, (index) => (index === 4321 ? 100 : 1))], {}, 86_400),
  'one-a-minute': () => draw([series('a', HOUR, (index) => (index % 6 === 0 ? wave(index) : null))]),
  huge: () => draw([series('a', HOUR, (index) => (index % 40 === 0 ? 1.7e308 : -1.7e308))]),
  tiny: () => draw([series('a', HOUR, (index) => 1e-12 * wave(index))]),
  'nearly-constant': () => draw([series('a', HOUR, (index) => 1_000_000 + index / 1000)]),
  bytes: () => draw([series('a.memory.memory.used', HOUR, (index) => 3e9 + index * 1e6)], { unit: 'bytes' }),
  'given-ends': () => draw([series('a', HOUR, wave)], { min: 0, max: 10 }),
  empty: () => draw([series('a', HOUR, () => null)]),
  days: () => draw([series('a', 1440, wave, 600)], {}, 10 * 86_400),
  years: () => draw([series('a', 1000, wave, 86_400)], {}, 1000 * 86_400),
  minutes: () => draw([series('a', 12, (index) => index)], {}, 120),
  'too-many': () =>
    draw(
      Array.from({ length: 12 }, (_, index) => series(`a.host${index}.load`, HOUR, () => index)),
      { mostLegend: 5 },
    ),
};

describe('a picture of series', () => {
  const zone = process.env['TZ'];
  beforeAll(() => void (process.env['TZ'] = 'UTC'));
  afterAll(() => void (zone === undefined ? delete process.env['TZ'] : (process.env['TZ'] = zone)));

  it.each(Object.entries(SHAPES))('%s', async (name, lines) => {
    await expect(`${lines().join('\n')}\n`).toMatchFileSnapshot(join(GOLDEN, `${name}.txt`));
  });

  it('in colours says the same', async () => {
    const lines = draw(MEMORY, { colour: true, stack: true });
    await expect(`${lines.join('\n')}\n`.replaceAll('\u001b', '\\e')).toMatchFileSnapshot(join(GOLDEN, 'stack-colour.txt'));
    expect(lines.map(withoutColours).every((line) => widthOf(line) <= 80)).toBe(true);
  });

  it('is as high as its highest point, in one column of many', () => {
    const plot = draw([series('a', 8640, (index) => (index === 4321 ? 100 : 0))], { height: 10 }, 86_400).slice(0, 10);
    expect(plot[0]).toMatch(/100 ┤ +\S/);
    // One column of it is filled from the top to the bottom, all others are not.
    expect(plot.slice(1, 9).every((line) => line.replace(/^[\s\d]*[│┤]/, '').trim().length === 1)).toBe(true);
  });

  it('leaves a gap where nothing was sent', () => {
    const [line = ''] = draw([series('a', HOUR, (index) => (index >= 120 && index < 240 ? null : 1))], { width: 60, height: 1, min: 0, max: 2 });
    const dots = line.slice(line.search(/[│┤]/) + 1);
    const third = Math.floor(dots.length / 3);
    expect(dots.slice(0, third - 1)).not.toContain(' ');
    expect(dots.slice(third + 1, 2 * third - 1).trim()).toBe('');
    expect(dots.slice(2 * third + 1, -1)).not.toContain(' ');
  });

  it('obeys nothing that stands in a name', () => {
    const lines = draw([series('evil\u001b[2J\u0007\r\nname\u202e', HOUR, wave)], { colour: false });
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(lines.join('\n')).toContain('evil?[2J?');
  });

  it('is ASCII where it has to be', () => {
    const lines = [
      ...draw([series('größe.µs', HOUR, (index) => index * 1e-6)], { glyphs: 'ascii', unit: 's' }),
      ...draw(MEMORY, { glyphs: 'ascii', stack: true, colour: true }),
    ];
    expect(lines.map(withoutColours).join('')).toMatch(/^[ -~]*$/);
  });

  const anyValue = fc.oneof(
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -1000, max: 1000 }),
    fc.constantFrom(0, -0, 1e308, -1e308, 5e-324, 1e15, 1e15 + 0.125),
  );
  const anySeries = fc.record({
    name: fc.oneof(fc.stringMatching(/^[^Nu]{0,120}$/), fc.constantFrom('a.b.c', 'a.b.d', '日本語のメトリック', 'e\u0301'.repeat(30))),
    points: fc
      .array(fc.tuple(fc.integer({ min: -4000, max: 8000 }), anyValue), { maxLength: 60 })
      .map((points): Point[] => points.map(([at, value]): Point => [FROM_S + at, value]).sort((a, b) => a[0] - b[0])),
  });
  const anyOptions = fc.record({
    width: fc.integer({ min: 1, max: 200 }),
    height: fc.integer({ min: 1, max: 40 }),
    colour: fc.boolean(),
    glyphs: fc.constantFrom('braille', 'blocks', 'ascii'),
    stack: fc.boolean(),
    min: fc.option(fc.integer({ min: -100, max: 0 }), { nil: undefined }),
    max: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
    unit: fc.constantFrom(undefined, 'bytes', 'percent', 's', 'ms', 'Bps', 'short', 'apples'),
  });

  it('is never wider than asked for, and as high', () => {
    fc.assert(
      fc.property(fc.array(anySeries, { maxLength: 6 }), anyOptions, fc.integer({ min: 1, max: 100_000_000 }), (drawn, options, spanS) => {
        const lines = drawGraph({ series: drawn, fromS: FROM_S, untilS: FROM_S + spanS }, options);
        expect(Math.max(...lines.map((line) => widthOf(withoutColours(line))))).toBeLessThanOrEqual(options.width);
        expect(lines.length).toBeGreaterThanOrEqual(options.height + 3 + drawn.length);
        expect(lines.join('')).not.toMatch(/[\n\r]|undefined|NaN/);
        if (!options.colour) expect(lines.join('')).not.toContain('\u001b');
      }),
      { numRuns: 300 },
    );
  });
});

describe('namesOf', () => {
  it.each([
    [['a.b.c'], { title: '', short: ['a.b.c'] }],
    [['a.b.c', 'a.b.d'], { title: 'a.b.*', short: ['c', 'd'] }],
    [['a.b.c', 'a.bc.d'], { title: 'a.*', short: ['b.c', 'bc.d'] }],
    [['a.b', 'a.b'], { title: 'a.*', short: ['b', 'b'] }],
    [['sum(a.b)', 'sum(a.c)'], { title: '', short: ['sum(a.b)', 'sum(a.c)'] }],
    [['a', 'b'], { title: '', short: ['a', 'b'] }],
  ])('%j', (names, expected) => {
    expect(namesOf(names)).toEqual(expected);
  });
});
