import type { Calc } from '../dashboards/model.ts';

/** One figure of a line's values; null where there is none. Pure. */
export function figureOf(values: readonly (number | null | undefined)[], calc: Calc): number | null {
  const there = values.filter((value) => typeof value === 'number');
  const [first, last] = [there[0], there.at(-1)];
  if (first === undefined || last === undefined) return calc === 'count' ? 0 : null;
  switch (calc) {
    case 'last':
      return last;
    case 'first':
      return first;
    case 'min':
      return there.reduce((least, value) => Math.min(least, value), Infinity);
    case 'max':
      return there.reduce((most, value) => Math.max(most, value), -Infinity);
    case 'mean':
      return there.reduce((sum, value) => sum + value, 0) / there.length;
    case 'sum':
      return there.reduce((sum, value) => sum + value, 0);
    case 'count':
      return there.length;
    case 'range':
      return (figureOf(there, 'max') ?? 0) - (figureOf(there, 'min') ?? 0);
    case 'delta':
      return last - first;
  }
}
