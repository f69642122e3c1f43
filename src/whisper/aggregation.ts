/*
 * How the points of an interval become one point of a coarser archive. The numbers stand in the header; both stores
 * know 1 to 5. Above that they differ: https://graphite.readthedocs.io/en/latest/whisper.html#rollup-aggregation for
 * Graphite's whisper, https://github.com/go-graphite/go-whisper (whisper.go, AggregationMethod) for go-carbon's.
 */

/** Whose numbers a header's aggregation method is one of. */
export type Dialect = 'carbon-cache' | 'go-carbon';

const COMMON = ['average', 'sum', 'last', 'max', 'min'] as const;
const METHODS = {
  'carbon-cache': [...COMMON, 'avg_zero', 'absmax', 'absmin'],
  'go-carbon': [...COMMON, 'first'],
} as const;

export type Method = (typeof METHODS)[Dialect][number];

/** The name of a header's method; undefined when this store knows none of that number. */
export function methodName(method: number, dialect: Dialect): Method | undefined {
  return METHODS[dialect][method - 1];
}

/** A method's number in the header; undefined when this store does not know the name. */
export function methodNumber(name: string, dialect: Dialect): number | undefined {
  const index = (METHODS[dialect] as readonly string[]).indexOf(name);
  return index < 0 ? undefined : index + 1;
}

/** One value for the values of an interval, in the order of time. `expected`: how many points the interval has room for. */
export function aggregate(method: Method, values: ArrayLike<number>, expected: number): number {
  const all = Array.from(values);
  const sum = (): number => all.reduce((total, value) => total + value, 0);
  const best = (isBetter: (value: number, than: number) => boolean): number => all.reduce((found, value) => (isBetter(value, found) ? value : found));
  switch (method) {
    case 'average':
      return sum() / all.length;
    case 'sum':
      return sum();
    case 'first':
      return all[0] ?? Number.NaN;
    case 'last':
      return all.at(-1) ?? Number.NaN;
    case 'max':
      return best((value, than) => value > than);
    case 'min':
      return best((value, than) => value < than);
    case 'avg_zero':
      return sum() / expected;
    case 'absmax':
      return best((value, than) => Math.abs(value) > Math.abs(than));
    case 'absmin':
      return best((value, than) => Math.abs(value) < Math.abs(than));
  }
}
