import { methodNumber, type Dialect } from '../../../src/whisper/aggregation.ts';
import { fileBytesOf, layOut, writeHeader, type Header, type Shape } from '../../../src/whisper/format.ts';
import { readSeries, writeSeries, type Series } from '../../../src/whisper/series.ts';

/** `shape('10s x 60, 60s x 60')`: what a file is made to hold. */
export function shape(archives: string, method = 'average', xFilesFactor = 0, dialect: Dialect = 'carbon-cache'): Shape {
  const parsed = archives.split(',').map((text) => {
    const [, step, points] = /^\s*(\d+)s x (\d+)\s*$/.exec(text)!;
    return { stepSeconds: Number(step), points: Number(points) };
  });
  return { archives: parsed, method: methodNumber(method, dialect)!, xFilesFactor };
}

/** An empty file of a shape. */
export function emptyFile(wanted: Shape): { file: Buffer; header: Header } {
  const header = layOut(wanted);
  const file = Buffer.alloc(fileBytesOf(wanted));
  writeHeader(file, header);
  return { file, header };
}

/** A file with these points in its archives, by archive. */
export function fileWith(wanted: Shape, points: readonly (readonly (readonly [time: number, value: number])[])[]): { file: Buffer; header: Header } {
  const made = emptyFile(wanted);
  for (const [index, archive] of made.header.archives.entries()) writeSeries(made.file, archive, series(points[index] ?? []));
  return made;
}

export function series(points: readonly (readonly [time: number, value: number])[]): Series {
  return { times: Float64Array.from(points, ([time]) => time), values: Float64Array.from(points, ([, value]) => value) };
}

/** The points of an archive as pairs. */
export function pointsOf(file: Buffer, header: Header, index: number): [number, number][] {
  const read = readSeries(file, header.archives[index]!);
  if ('why' in read) throw new Error(read.why);
  return Array.from(read.times, (time, at) => [time, read.values[at]!]);
}
