import { aggregate, methodName, type Dialect } from './aggregation.ts';
import type { Archive, Header } from './format.ts';
import { firstAtOrAfter, readSeries, valueAt, writeSeries, type Series } from './series.ts';

/*
 * Points that a store wrote to the old file while the new one took its place: it had opened the old one before. Three
 * files of the new shape tell what to do: what the conversion made (`made`), what it would make of the old file now
 * (`wanted`), and what the new file has become (`present`). A store writes to a metric from one place at a time, so
 * whatever it wrote to the new file came after what it wrote to the old one, and goes before it.
 */

/** Writes into `present` what came late; true when there was something. All three have the header given. */
export function addLatePoints(present: Buffer, made: Buffer, wanted: Buffer, header: Header, dialect: Dialect): boolean {
  let added = false;
  for (const [index, archive] of header.archives.entries()) {
    const series = [present, made, wanted].map((file) => readSeries(file, archive));
    const [now, before, after] = series;
    if (!now || !before || !after || 'why' in now || 'why' in before || 'why' in after) throw new RangeError('addLatePoints takes whole files');
    const late = pick(after, (time, value) => !Object.is(valueAt(before, time), value) && Object.is(valueAt(now, time), valueAt(before, time)));
    const fitting = pick(late, (time) => isFree(now, time, archive));
    writeSeries(present, archive, fitting);
    added ||= fitting.times.length > 0;
    // Both the store and the late points had a part in these: made anew from the finer archive.
    const finer = header.archives[index - 1];
    const contested = pick(after, (time, value) => !Object.is(valueAt(before, time), value) && !Object.is(valueAt(now, time), valueAt(before, time)));
    if (finer !== undefined) for (const time of contested.times) propagate(present, finer, archive, time, { ...header, dialect });
  }
  return added;
}

function pick({ times, values }: Series, isWanted: (time: number, value: number) => boolean): Series {
  const chosen = Array.from(times.keys()).filter((index) => isWanted(times[index] ?? 0, values[index] ?? 0));
  return { times: Float64Array.from(chosen, (index) => times[index] ?? 0), values: Float64Array.from(chosen, (index) => values[index] ?? 0) };
}

/** True when the point's place in the ring has not gone to a later time meanwhile. */
function isFree({ times }: Series, time: number, { stepSeconds, points }: Archive): boolean {
  const newest = times.at(-1);
  return newest === undefined || time > newest - stepSeconds * points;
}

/** Makes a coarser archive's point from the finer one, as a store does after each update. */
function propagate(file: Buffer, finer: Archive, coarser: Archive, time: number, { method, xFilesFactor, dialect }: Header & { dialect: Dialect }): void {
  const name = methodName(method, dialect);
  const series = readSeries(file, finer);
  if (name === undefined || 'why' in series) return;
  const from = firstAtOrAfter(series.times, time);
  const until = firstAtOrAfter(series.times, time + coarser.stepSeconds);
  const expected = coarser.stepSeconds / finer.stepSeconds;
  if (until === from || (until - from) / expected < xFilesFactor) return;
  const value = aggregate(name, series.values.subarray(from, until), expected);
  writeSeries(file, coarser, { times: Float64Array.of(time), values: Float64Array.of(value) });
}

/** Writes into `present` what only `wanted` has: for when it is not known any more what the conversion made. */
export function addMissingPoints(present: Buffer, wanted: Buffer, { archives }: Pick<Header, 'archives'>): void {
  for (const archive of archives) {
    const [now, after] = [readSeries(present, archive), readSeries(wanted, archive)];
    if ('why' in now || 'why' in after) throw new RangeError('addMissingPoints takes whole files');
    writeSeries(
      present,
      archive,
      pick(after, (time) => valueAt(now, time) === undefined && isFree(now, time, archive)),
    );
  }
}
