import { POINT_BYTES, type Archive } from './format.ts';

/*
 * The points of one archive. In the file they are a ring: the time in its first slot is the base, a point of time t is
 * in slot (t - base) / step, modulo the number of slots. A ring whose first slot is empty has no points.
 * https://graphite.readthedocs.io/en/latest/whisper.html#data-points
 */

/** Points in the order of time, no time twice. */
export interface Series {
  times: Float64Array;
  values: Float64Array;
}

/** Why an archive cannot be read: what a store or a disk should never leave. */
export interface BrokenRing {
  why: string;
}

/** Reads an archive's points out of the whole file. Points of former rounds that were not overwritten yet are among them. */
export function readSeries(file: Buffer, archive: Archive): Series | BrokenRing {
  const { stepSeconds, points, offset } = archive;
  const base = file.readUInt32BE(offset);
  const times = new Float64Array(points);
  const values = new Float64Array(points);
  let count = 0;
  let isInOrder = true;
  for (let slot = 0; slot < points; slot += 1) {
    const position = offset + slot * POINT_BYTES;
    const time = file.readUInt32BE(position);
    if (time === 0) continue;
    if (base === 0) return { why: `its archive of ${stepSeconds} s has points, but none in the first place` };
    if (time % stepSeconds !== 0 || slotOf(time, base, archive) !== slot) return { why: `a point of its archive of ${stepSeconds} s is not in its place` };
    if (count > 0 && time < (times[count - 1] ?? 0)) isInOrder = false;
    times[count] = time;
    values[count] = file.readDoubleBE(position + 4);
    count += 1;
  }
  const series = { times: times.subarray(0, count), values: values.subarray(0, count) };
  return isInOrder ? series : inOrder(series);
}

function inOrder({ times, values }: Series): Series {
  const order = Array.from(times.keys()).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
  return { times: Float64Array.from(order, (index) => times[index] ?? 0), values: Float64Array.from(order, (index) => values[index] ?? 0) };
}

/** The slot of a time in a ring. */
export function slotOf(time: number, base: number, { stepSeconds, points }: Pick<Archive, 'stepSeconds' | 'points'>): number {
  const slot = ((time - base) / stepSeconds) % points;
  return slot < 0 ? slot + points : slot;
}

/** The value at a time; undefined when there is none. */
export function valueAt({ times, values }: Series, time: number): number | undefined {
  const index = firstAtOrAfter(times, time);
  return times[index] === time ? values[index] : undefined;
}

/** The index of the first time that is not before `time`. */
export function firstAtOrAfter(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Writes points into the file's bytes: into the ring that is there, or a new one that begins with the first of them. */
export function writeSeries(file: Buffer, archive: Archive, { times, values }: Series): void {
  let base = file.readUInt32BE(archive.offset);
  for (const [index, time] of times.entries()) {
    if (base === 0) base = time;
    const position = archive.offset + slotOf(time, base, archive) * POINT_BYTES;
    file.writeUInt32BE(time, position);
    file.writeDoubleBE(values[index] ?? 0, position + 4);
  }
}
