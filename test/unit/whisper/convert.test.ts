import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aggregate, type Method } from '../../../src/whisper/aggregation.ts';
import { convert, readSources } from '../../../src/whisper/convert.ts';
import { layOut, type Shape } from '../../../src/whisper/format.ts';
import { faultOf } from '../../../src/whisper/verify.ts';
import { fileWith, pointsOf, shape } from './files.ts';

const NOW = 1_800_000_000; // divisible by 600

function converted(old: Shape, points: readonly (readonly (readonly [number, number])[])[], wanted: Shape, now = NOW): [number, number][][] {
  const { file, header } = fileWith(old, points);
  const sources = readSources(file, header);
  if ('why' in sources) throw new Error(sources.why);
  const made = convert(sources, { dialect: 'carbon-cache', shape: wanted, now });
  expect(faultOf(made, sources, wanted, now)).toBeUndefined();
  return wanted.archives.map((_, index) => pointsOf(made, layOut(wanted), index));
}

describe('converting a file', () => {
  it('keeps the points of an archive that stays', () => {
    const points = [
      [
        [NOW - 20, 1.5],
        [NOW, -2],
      ],
    ] as const;
    expect(converted(shape('10s x 60'), points, shape('10s x 120'))).toEqual([points[0]]);
  });

  it('thins out what gets a coarser archive, by the method', () => {
    const minute = [0, 10, 20, 30, 40, 50].map((seconds, index) => [NOW - 60 + seconds, index] as const);
    expect(converted(shape('10s x 60', 'max'), [minute], shape('60s x 60', 'max'))).toEqual([[[NOW - 60, 5]]]);
    expect(converted(shape('10s x 60', 'sum'), [minute], shape('10s x 60,60s x 60', 'sum'))).toEqual([minute, [[NOW - 60, 15]]]);
  });

  it('leaves out intervals with too few points (xFilesFactor)', () => {
    const half = [0, 10, 20].map((seconds) => [NOW - 60 + seconds, 1] as const);
    expect(converted(shape('10s x 60', 'average', 0.5), [half], shape('10s x 60,60s x 60', 'average', 0.5))[1]).toEqual([[NOW - 60, 1]]);
    expect(converted(shape('10s x 60', 'average', 0.6), [half], shape('10s x 60,60s x 60', 'average', 0.6))[1]).toEqual([]);
  });

  it('sets a coarse point into a finer archive once, and only where nothing else is known', () => {
    const fine = [[NOW - 60, 7] as const];
    const coarse = [
      [NOW - 600, 1],
      [NOW - 120, 2],
      [NOW - 60, 3],
    ] as const;
    expect(converted(shape('10s x 12,60s x 60'), [fine, coarse], shape('10s x 100,60s x 100'))[0]).toEqual([
      [NOW - 600, 1],
      [NOW - 120, 2],
      [NOW - 60, 7],
    ]);
  });

  it('prefers an old coarse point to a finer archive that has forgotten half of the interval', () => {
    // The finer one holds 12 points, the last at NOW: it begins in the middle of the interval from NOW - 120.
    const fine = Array.from({ length: 12 }, (_, index) => [NOW - 110 + index * 10, 100] as const);
    const coarse = [[NOW - 120, 5] as const];
    expect(converted(shape('10s x 12,60s x 60', 'sum'), [fine, coarse], shape('60s x 100', 'sum'))[0]).toEqual([
      [NOW - 120, 5],
      [NOW - 60, 600],
      [NOW, 100],
    ]);
  });

  it('takes points along that readers do not see any more', () => {
    const stale = [[NOW - 6000, 1] as const];
    expect(converted(shape('10s x 60'), [stale], shape('10s x 1000'))).toEqual([stale]);
  });

  it('drops what is older than the longest archive, and says nothing of it when verified', () => {
    expect(converted(shape('10s x 100'), [[[NOW - 900, 1]]], shape('10s x 10'))).toEqual([[]]);
  });

  it('keeps points of a clock that is ahead', () => {
    const ahead = [
      [NOW, 1],
      [NOW + 120, 2],
    ] as const;
    expect(converted(shape('10s x 60'), [ahead], shape('10s x 100,60s x 100'))).toEqual([
      ahead,
      [
        [NOW, 1],
        [NOW + 120, 2],
      ],
    ]);
  });

  it('goes between steps that do not divide each other', () => {
    const points = [
      [NOW - 60, 1],
      [NOW - 50, 2],
      [NOW - 40, 3],
    ] as const;
    expect(converted(shape('10s x 60', 'sum'), [points], shape('15s x 60', 'sum'))).toEqual([
      [
        [NOW - 60, 3],
        [NOW - 45, 3],
      ],
    ]);
  });

  it('keeps NaN as a value', () => {
    expect(converted(shape('10s x 60'), [[[NOW, Number.NaN]]], shape('10s x 61'))).toEqual([[[NOW, Number.NaN]]]);
  });

  it('makes an empty file of an empty one', () => {
    expect(converted(shape('10s x 60,60s x 60'), [], shape('10s x 6'))).toEqual([[]]);
  });
});

describe('aggregation', () => {
  it.each<[Method, number]>([
    ['average', -1],
    ['sum', -3],
    ['first', 1],
    ['last', 2],
    ['max', 2],
    ['min', -6],
    ['avg_zero', -0.5],
    ['absmax', -6],
    ['absmin', 1],
  ])('%s', (method, expected) => expect(aggregate(method, [1, -6, 2], 6)).toBe(expected));
});

/** Shapes that whisper allows, with archives small enough to wrap around often. */
const shapes = fc
  .tuple(
    fc.constantFrom(1, 5, 10),
    fc.array(fc.tuple(fc.constantFrom(2, 3, 6), fc.integer({ min: 1, max: 5 })), { maxLength: 2 }),
    fc.integer({ min: 6, max: 40 }),
  )
  .chain(([step, coarser, points]) =>
    fc.tuple(fc.constantFrom('average', 'sum', 'last', 'max', 'min'), fc.constantFrom(0, 0.3, 0.5, 1)).map(([method, factor]) => {
      const archives: Shape['archives'] = [{ stepSeconds: step, points }];
      for (const [times, more] of coarser) {
        const finer = archives.at(-1)!;
        archives.push({ stepSeconds: finer.stepSeconds * times, points: Math.ceil(finer.points / times) + more * 3 });
      }
      return shape(archives.map(({ stepSeconds, points: count }) => `${stepSeconds}s x ${count}`).join(','), method, factor);
    }),
  );
const values = fc.double({ noDefaultInfinity: false });

describe('whatever the file, and whatever it becomes', () => {
  it('every point that the new one can hold is there, and going back brings back what both can hold', () => {
    fc.assert(
      fc.property(
        shapes,
        shapes,
        fc.array(fc.tuple(fc.integer({ min: -700, max: 2 }), values), { maxLength: 80 }),
        fc.integer({ min: 0, max: 599 }),
        (old, wanted, raw, shift) => {
          const now = NOW + shift;
          const points = old.archives.map(({ stepSeconds, points: count }) => {
            const times = new Map(raw.map(([offset, value]) => [Math.floor((now + offset) / stepSeconds) * stepSeconds, value]));
            const newest = Math.max(...times.keys());
            return [...times].filter(([time]) => time > newest - stepSeconds * count).sort(([a], [b]) => a - b);
          });
          const made = converted(old, points, wanted, now); // and verifies it
          for (const [index, { stepSeconds, points: count }] of wanted.archives.entries()) {
            const twin = old.archives.findIndex((archive) => archive.stepSeconds === stepSeconds);
            if (twin < 0) continue;
            const newest = Math.max(now, ...points.flat().map(([time]) => time));
            const first = Math.floor(newest / stepSeconds) * stepSeconds - (count - 1) * stepSeconds;
            expect(made[index]).toEqual(expect.arrayContaining(points[twin]!.filter(([time]) => time >= first)));
          }
          const back = converted(wanted, made, old, now);
          for (const [index, archive] of old.archives.entries()) expect(back[index]!.every(([time]) => time % archive.stepSeconds === 0)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('invents nothing: a finer archive has no more points than the old ones', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.tuple(fc.integer({ min: -300, max: 0 }), values), { maxLength: 60 }), (old, raw) => {
        const finest = old.archives[0]!;
        const times = new Map(raw.map(([offset, value]) => [Math.floor((NOW + offset) / finest.stepSeconds) * finest.stepSeconds, value]));
        const points = [[...times].filter(([time]) => time > NOW - finest.stepSeconds * finest.points).sort(([a], [b]) => a - b)];
        const wanted = shape('1s x 1000', 'average', 0);
        expect(converted({ ...old, archives: [finest] }, points, wanted)).toEqual(points);
      }),
      { numRuns: 300 },
    );
  });
});
