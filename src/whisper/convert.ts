import { aggregate, methodName, type Dialect, type Method } from './aggregation.ts';
import { fileBytesOf, layOut, writeHeader, type Archive, type Header, type Shape } from './format.ts';
import { firstAtOrAfter, readSeries, writeSeries, type Series } from './series.ts';

/*
 * A file of one shape made from a file of another. For each interval of each new archive the first of these that has
 * something decides:
 *   1. the old archive of the same step: its points are taken as they are;
 *   2. finer old archives, the finest first: their points are aggregated, as whisper does when a point comes in, where
 *      enough of them are there (xFilesFactor). An archive that has forgotten the beginning of the interval comes last;
 *   3. coarser old archives, the finest first: their point stands at its own time, and only where nothing else is known
 *      of the time it stands for. Nothing is invented between two points.
 * Points that readers do not see any more, as they are older than their archive's retention but were not overwritten,
 * are taken along where the new archive reaches back far enough.
 */

/** An old archive and its points. */
export interface Source {
  archive: Archive;
  series: Series;
}

export interface Conversion {
  header: Header;
  dialect: Dialect;
  shape: Shape;
  /** Seconds since the epoch; the new archives reach back from here. */
  now: number;
}

/** The points of every archive of a file, or why they cannot be read. */
export function readSources(file: Buffer, header: Header): Source[] | { why: string } {
  const sources: Source[] = [];
  for (const archive of header.archives) {
    const series = readSeries(file, archive);
    if ('why' in series) return series;
    sources.push({ archive, series });
  }
  return sources;
}

/** The bytes of the new file. Its method must be one that the store knows. */
export function convert(sources: readonly Source[], { dialect, shape, now }: Omit<Conversion, 'header'>): Buffer {
  const header = layOut(shape);
  const file = Buffer.alloc(fileBytesOf(shape));
  writeHeader(file, header);
  const method = methodName(shape.method, dialect);
  if (method === undefined) throw new RangeError(`${dialect} has no aggregation method ${shape.method}`);
  for (const archive of header.archives) writeSeries(file, archive, seriesFor(archive, sources, { method, xFilesFactor: header.xFilesFactor, now }));
  return file;
}

/** Clocks of senders may be ahead: points up to this far in the future are kept, if they leave half of the archive to the past. */
const FUTURE_SECONDS = 86_400;

/** The times a new archive has room for: from `first`, `points` intervals. */
export function windowOf(
  { stepSeconds, points }: Pick<Archive, 'stepSeconds' | 'points'>,
  sources: readonly Source[],
  now: number,
): { first: number; end: number } {
  const limit = now + Math.min(FUTURE_SECONDS, (stepSeconds * points) / 2);
  let newest = now;
  for (const { series } of sources) {
    const index = firstAtOrAfter(series.times, limit + 1) - 1;
    if (index >= 0) newest = Math.max(newest, series.times[index] ?? 0);
  }
  const last = newest - (newest % stepSeconds);
  return { first: last - (points - 1) * stepSeconds, end: last + stepSeconds };
}

/** One new archive while it is filled: a place for each interval of its window. */
interface Filling {
  stepSeconds: number;
  first: number;
  end: number;
  values: Float64Array;
  isKnown: Uint8Array;
}

interface Rules {
  method: Method;
  xFilesFactor: number;
  now: number;
}

function seriesFor(archive: Archive, sources: readonly Source[], rules: Rules): Series {
  const { stepSeconds, points } = archive;
  const filling = { stepSeconds, ...windowOf(archive, sources, rules.now), values: new Float64Array(points), isKnown: new Uint8Array(points) };
  const finer = sources.filter((source) => source.archive.stepSeconds < stepSeconds);
  for (const { series } of sources.filter((source) => source.archive.stepSeconds === stepSeconds)) takeOver(filling, series);
  for (const source of finer) thinOut(filling, source, rules, remembersFrom(source, rules.now));
  for (const source of finer) thinOut(filling, source, rules, -Infinity);
  for (const { archive: coarse, series } of sources.filter((source) => source.archive.stepSeconds > stepSeconds)) spread(filling, coarse, series);
  return knownOf(filling);
}

/** The earliest time of which an archive has not overwritten anything yet. */
function remembersFrom({ archive, series }: Source, now: number): number {
  const latest = series.times[firstAtOrAfter(series.times, now + 1) - 1];
  return latest === undefined ? Infinity : latest - (archive.points - 1) * archive.stepSeconds;
}

function put(filling: Filling, time: number, value: number): void {
  const index = Math.floor((time - filling.first) / filling.stepSeconds);
  if (index < 0 || index >= filling.values.length || filling.isKnown[index] === 1) return;
  filling.values[index] = value;
  filling.isKnown[index] = 1;
}

function takeOver(filling: Filling, { times, values }: Series): void {
  for (let index = firstAtOrAfter(times, filling.first); index < times.length; index += 1) put(filling, times[index] ?? 0, values[index] ?? 0);
}

function thinOut(filling: Filling, { archive, series: { times, values } }: Source, { method, xFilesFactor }: Rules, from: number): void {
  const { stepSeconds } = filling;
  const expected = stepSeconds / archive.stepSeconds;
  let index = firstAtOrAfter(times, Math.max(filling.first, from));
  while (index < times.length) {
    const start = Math.floor((times[index] ?? 0) / stepSeconds) * stepSeconds;
    let next = index + 1;
    while (next < times.length && (times[next] ?? 0) < start + stepSeconds) next += 1;
    const isEnough = (next - index) / expected >= xFilesFactor;
    if (isEnough && start >= from) put(filling, start, aggregate(method, values.subarray(index, next), expected));
    index = next;
  }
}

function spread(filling: Filling, coarse: Archive, { times, values }: Series): void {
  for (let index = firstAtOrAfter(times, filling.first - coarse.stepSeconds + 1); index < times.length; index += 1) {
    const time = times[index] ?? 0;
    if (!isAnythingKnown(filling, time, time + coarse.stepSeconds)) put(filling, time, values[index] ?? 0);
  }
}

function isAnythingKnown({ first, stepSeconds, isKnown }: Filling, from: number, until: number): boolean {
  const start = Math.max(0, Math.floor((from - first) / stepSeconds));
  const end = Math.min(isKnown.length, Math.ceil((until - first) / stepSeconds));
  for (let index = start; index < end; index += 1) if (isKnown[index] === 1) return true;
  return false;
}

function knownOf({ first, stepSeconds, values, isKnown }: Filling): Series {
  const times = new Float64Array(values.length);
  let count = 0;
  for (let index = 0; index < values.length; index += 1) {
    if (isKnown[index] === 0) continue;
    times[count] = first + index * stepSeconds;
    values[count] = values[index] ?? 0; // closes the gaps; the place was read already
    count += 1;
  }
  return { times: times.subarray(0, count), values: values.subarray(0, count) };
}
