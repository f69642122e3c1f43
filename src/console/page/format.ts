import type { Unit } from '../graphite/charts.ts';

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'];

/** A value with its unit, short enough for a legend: 0.42, 37 %, 1.25 GB, 310 kB/s. Bytes are counted in thousands. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  switch (unit) {
    case 'number':
      return Math.abs(value) < 100 ? value.toFixed(2) : value.toFixed(0);
    case 'percent':
      return `${Math.abs(value) < 10 ? value.toFixed(1) : value.toFixed(0)} %`;
    case 'bytes':
      return `${withPrefix(value)}B`;
    case 'bytes-per-second':
      return `${withPrefix(value)}B/s`;
  }
}

/** A value beside an axis: as `formatValue`, without digits that say nothing and without a sign below zero. */
export function formatTick(value: number, unit: Unit): string {
  const size = Math.abs(value);
  if (unit === 'number') return String(Number(size.toFixed(2)));
  if (unit === 'percent') return `${Number(size.toFixed(1))} %`;
  return formatValue(size, unit)
    .replace(/\.0+(?=\s)/, '')
    .replace(/(\.\d*?)0+(?=\s)/, '$1');
}

function withPrefix(value: number): string {
  const size = Math.abs(value);
  const step = size < 1 ? 0 : Math.min(PREFIXES.length - 1, Math.floor(Math.log10(size) / 3));
  const scaled = value / 1000 ** step;
  const digits = step === 0 || Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${PREFIXES[step] ?? ''}`;
}

/** A length of time in its two largest units: 45 s, 12 min, 3 h 20 min, 5 d 2 h. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return pair(hours, 'h', minutes % 60, 'min');
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(first: number, firstUnit: string, second: number, secondUnit: string): string {
  return second === 0 ? `${first} ${firstUnit}` : `${first} ${firstUnit} ${second} ${secondUnit}`;
}

const DAY_S = 86_400;
/** Twenty-four hours in every language: short, and as logs have it. */
const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

/** A time of day to the second, in local time. */
export function formatClock(milliseconds: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { ...CLOCK, second: '2-digit' }).format(milliseconds);
}

/** Labels of a time axis in local time: hours and minutes, with the day where it changes; days alone where ticks are that far apart. */
export function formatTimes(ticks: readonly number[], stepS: number, locale?: string): string[] {
  const day = new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric' });
  const time = new Intl.DateTimeFormat(locale, { ...CLOCK, ...(stepS < 60 ? { second: '2-digit' } : {}) });
  return ticks.map((tick) => {
    const date = new Date(tick * 1000);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    return stepS >= DAY_S || isMidnight ? day.format(date) : time.format(date);
  });
}
