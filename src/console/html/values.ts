import { formatDuration, formatValue } from '../page/format.ts';

/** A measured value as people read it. */
export interface ValueInWords {
  /** What was measured, without its unit. */
  label: string;
  text: string;
}

/** Units as they stand at the ends of values' names (src/contract/promise.ts). */
const UNITS: readonly [ending: RegExp, text: (value: number) => string][] = [
  [/(^|_)bytes_per_(second|s)$/, (value) => formatValue(value, 'bytes-per-second')],
  [/(^|_)bytes_per_day$/, (value) => `${formatValue(value, 'bytes')} a day`],
  [/(^|_)bytes$/, (value) => formatValue(value, 'bytes')],
  [/(^|_)(percent|pct)$/, (value) => formatValue(value, 'percent')],
  [/(^|_)ms$/, (value) => (Math.abs(value) < 10_000 ? `${rounded(value)} ms` : formatDuration(value))],
  [/(^|_)(seconds|s)$/, (value) => duration(value * 1000)],
  [/(^|_)minutes$/, (value) => duration(value * 60_000)],
  [/(^|_)hours$/, (value) => duration(value * 3_600_000)],
  [/(^|_)days$/, (value) => `${rounded(value)} ${value === 1 ? 'day' : 'days'}`],
];

/** Reads the unit in a value's name: `free_bytes` 1.5e9 is "free", "1.50 GB". Pure. */
export function valueInWords(name: string, value: number): ValueInWords {
  const unit = UNITS.find(([ending]) => ending.test(name));
  const bare = unit === undefined ? name : name.replace(unit[0], '');
  return { label: (bare === '' ? name : bare).replaceAll('_', ' '), text: unit === undefined ? rounded(value) : unit[1](value) };
}

const duration = (milliseconds: number): string =>
  Math.abs(milliseconds) < 10_000 ? `${rounded(milliseconds / 1000)} s` : `${milliseconds < 0 ? '-' : ''}${formatDuration(Math.abs(milliseconds))}`;

function rounded(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en-GB') : Number(value.toPrecision(3)).toLocaleString('en-GB', { maximumFractionDigits: 6 });
}
