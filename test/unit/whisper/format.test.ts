import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHeader, type ReadHeader } from '../../../src/whisper/format.ts';
import { lossesOf } from '../../../src/whisper/losses.ts';
import { readSeries } from '../../../src/whisper/series.ts';
import { emptyFile, fileWith, pointsOf, series, shape } from './files.ts';

const whole = emptyFile(shape('10s x 6,60s x 10')).file;
const changed = (change: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.from(whole);
  change(bytes);
  return bytes;
};
const why = (read: ReadHeader): string => (read.kind === 'damaged' ? read.why : read.kind);

describe('a header', () => {
  it('is read as it was written', () => {
    const { file, header } = emptyFile(shape('10s x 6,60s x 10', 'max', 0.3));
    expect(readHeader(file, file.length)).toEqual({ kind: 'whisper', header });
    expect(file.readUInt32BE(4)).toBe(600);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 0, 'it is empty'],
    ['a few bytes', Buffer.alloc(7), 7, 'it is too short for a header'],
    ['zeroes', Buffer.alloc(100), 100, 'its header names an aggregation method 0, which there is not'],
    ['no archives', changed((bytes) => bytes.writeUInt32BE(0, 12)), whole.length, 'its header speaks of 0 archives'],
    ['a header that is cut off', whole.subarray(0, 30), 30, 'it ends within its header'],
    ['a file that is cut off', whole, whole.length - 1, `it is cut off: ${whole.length - 1} of ${whole.length} bytes`],
    ['archives that overlap', changed((bytes) => bytes.writeUInt32BE(40, 28)), whole.length, 'archive 2 does not begin where it should (40, not 112)'],
    ['archives in disorder', changed((bytes) => bytes.writeUInt32BE(5, 32)), whole.length, 'its archives are not in order, finest first'],
    ['a xFilesFactor of NaN', changed((bytes) => bytes.writeFloatBE(NaN, 8)), whole.length, 'its header has an xFilesFactor of NaN'],
    ["go-carbon's compressed format", Buffer.from('whisper_compressed\u0001more'), 23, 'compressed'],
  ])('is refused of %s', (_, bytes, size, expected) => expect(why(readHeader(bytes, size))).toBe(expected));

  it('never takes what is not one for a file that can be read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(300), (bytes, size) => {
        const read = readHeader(Buffer.from(bytes), size);
        if (read.kind === 'whisper') expect(read.header.archives.at(-1)!.offset).toBeLessThan(size);
      }),
    );
  });
});

describe('a ring', () => {
  const { header } = emptyFile(shape('10s x 6'));
  it.each([0, 1, 4, 5, 6, 7, 13])('is read in the order of time when its newest points are %i places on', (shift) => {
    const points = Array.from({ length: 6 }, (_, index): [number, number] => [1000 + (shift + index) * 10, index]);
    const { file } = fileWith(shape('10s x 6'), [[[1000, -1], ...points]]);
    expect(pointsOf(file, header, 0)).toEqual(points); // six of them fill the ring, so none of before is left
  });

  it.each([
    ['a point out of its place', 40, 'a point of its archive of 10 s is not in its place'],
    ['a first place that is empty', 28, 'its archive of 10 s has points, but none in the first place'],
  ])('with %s is broken', (_, position, expected) => {
    const { file } = fileWith(shape('10s x 6'), [
      [
        [1000, 1],
        [1010, 2],
      ],
    ]);
    file.writeUInt32BE(position === 28 ? 0 : 1030, position);
    expect(readSeries(file, header.archives[0]!)).toEqual({ why: expected });
  });

  it('holds nothing when it was never written to', () => {
    expect(readSeries(emptyFile(shape('10s x 6')).file, header.archives[0]!)).toEqual(series([]));
  });
});

describe('what is lost', () => {
  it.each([
    ['10s x 60', '10s x 120', []],
    ['10s x 60', '10s x 30', [{ fromSeconds: 300, untilSeconds: 600, stepSeconds: 10, newStepSeconds: undefined }]],
    ['10s x 60', '60s x 60', [{ fromSeconds: 0, untilSeconds: 600, stepSeconds: 10, newStepSeconds: 60 }]],
    ['10s x 60,60s x 60', '10s x 30,60s x 60', [{ fromSeconds: 300, untilSeconds: 600, stepSeconds: 10, newStepSeconds: 60 }]],
    ['60s x 60', '10s x 360', []],
  ])('between %s and %s', (before, after, losses) => expect(lossesOf(shape(before).archives, shape(after).archives)).toEqual(losses));
});
