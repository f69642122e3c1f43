import { greatestDistance, type Point, type Series } from './series.ts';

/*
 * Series on top of each other. What is below zero is stacked downwards.
 */

/** Where the part of one series begins and ends at a time; null where it has no value. */
export interface Layer {
  name: string;
  parts: (readonly [atS: number, from: number, to: number] | null)[];
}

/** The layers of series, the first one at the bottom. Pure. */
export function stacked(series: readonly Series[]): Layer[] {
  const times = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b);
  const above = times.map(() => 0);
  const below = times.map(() => 0);
  return series.map(({ name, points }) => {
    const values = valuesAt(times, points);
    const parts = times.map((at, index) => {
      const value = values[index] ?? null;
      if (value === null) return null;
      const side = value < 0 ? below : above;
      const from = side[index] ?? 0;
      side[index] = from + value;
      return [at, from, from + value] as const;
    });
    return { name, parts };
  });
}

/** The value at each of these times: that of the last point before it, as long as the next one is not missing. */
function valuesAt(times: readonly number[], points: readonly Point[]): (number | null)[] {
  const holds = greatestDistance(points);
  const known = points.filter(([, value]) => value !== null);
  let index = -1;
  return times.map((time) => {
    while (index + 1 < known.length && (known[index + 1]?.[0] ?? Infinity) <= time) index += 1;
    const point = known[index];
    return point !== undefined && (point[0] === time || time - point[0] < holds) ? point[1] : null;
  });
}
