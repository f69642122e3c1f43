/* Series as they are drawn, and what their figures are. */

/** When, in seconds since the epoch, and how much; null where nothing is known. */
export type Point = readonly [atS: number, value: number | null];

export interface Series {
  name: string;
  /** In the order of time. */
  points: readonly Point[];
}

/** The figures of a legend; null when there is no value at all. */
export interface Figures {
  last: number;
  min: number;
  avg: number;
  max: number;
}

/** Last, least, average and greatest value; null when there is none. Pure. */
export function figuresOf(points: readonly Point[]): Figures | null {
  let [count, avg, min, max, last] = [0, 0, Infinity, -Infinity, 0];
  for (const [, value] of points) {
    if (value === null) continue;
    count += 1;
    avg += (value - avg) / count; // a sum of large values would be beyond all numbers
    if (!Number.isFinite(avg)) avg = value;
    if (value < min) min = value;
    if (value > max) max = value;
    last = value;
  }
  return count === 0 ? null : { last, min, avg, max };
}

/** Distances that a usual one is told by. */
const ENOUGH_DISTANCES = 4;

/**
 * How far apart, in seconds, two neighbouring values may be with a line between them; what is further apart has a gap
 * between. A sender of one value a minute has five nulls between two of them where the store keeps ten seconds: the usual
 * distance counts, not the store's. Pure.
 */
export function greatestDistance(points: readonly Point[]): number {
  const times = points.flatMap(([at, value]) => (value === null ? [] : [at]));
  const step = middleOf(distances(points.map(([at]) => at)));
  const usual = times.length > ENOUGH_DISTANCES ? middleOf(distances(times)) : step;
  return 1.5 * Math.max(step, usual);
}

function distances(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? time));
}

function middleOf(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
