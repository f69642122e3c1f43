import { writeValue } from '../console/page/units.ts';

/*
 * Where an axis has its marks, and what stands beside them.
 */

export interface Tick {
  at: number;
  label: string;
}

export interface Scale {
  min: number;
  max: number;
  /** From the least on. */
  ticks: Tick[];
}

/** Greater numbers are drawn as this one: twice of it is still a number. */
const GREATEST = 1e300;
/** A span that is smaller than this part of its values cannot be told from none. */
const LEAST_PART = 1e-10;

const BINARY = ['bytes', 'kbytes', 'mbytes', 'bits', 'binBps'];

export interface ScaleOptions {
  /** A unit of src/console/page/units.ts. */
  unit: string;
  /** Marks at most. */
  mostTicks: number;
  min?: number | undefined;
  max?: number | undefined;
}

/** The scale of an axis that all these values fit on. Pure. */
export function scaleOf(values: { min: number; max: number } | null, { unit, mostTicks, min: givenMin, max: givenMax }: ScaleOptions): Scale {
  const [low, high] = spanOf(values, givenMin, givenMax);
  const step = niceStep((high - low) / Math.max(1, mostTicks - 1), unit);
  const min = givenMin ?? Math.floor(low / step + 1e-9) * step;
  const max = givenMax ?? Math.ceil(high / step - 1e-9) * step;
  const ticks: number[] = [];
  for (let index = Math.ceil(min / step - 1e-9); index * step <= max + step * 1e-9 && ticks.length <= mostTicks + 2; index += 1)
    ticks.push(Number((index * step).toPrecision(12)));
  const shown = ticks.length > 0 ? ticks : [min, max];
  const labels = distinctLabels(shown, unit);
  return { min, max, ticks: shown.map((at, index) => ({ at, label: labels[index] ?? '' })) };
}

/** The least and the greatest value an axis has to show; never the same. */
function spanOf(values: { min: number; max: number } | null, givenMin: number | undefined, givenMax: number | undefined): [low: number, high: number] {
  const within = (value: number): number => Math.max(-GREATEST, Math.min(GREATEST, value));
  let low = within(givenMin ?? values?.min ?? 0);
  let high = within(givenMax ?? values?.max ?? 1);
  // What lies near zero is easier to judge with it.
  if (givenMin === undefined && low > 0 && low < 0.4 * high) low = 0;
  if (givenMax === undefined && high < 0 && high > 0.4 * low) high = 0;
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low > LEAST_PART * size && high - low > 1 / GREATEST) return [low, high];
  // A constant: something around it, so that it is drawn in the middle.
  const around = size < 1 / GREATEST ? 1 : Math.max(size * 0.1, 1 / GREATEST);
  if (givenMin !== undefined) return [low, low + around];
  if (givenMax !== undefined) return [high - around, high];
  return size < 1 / GREATEST ? [0, 1] : [low - around, high + around];
}

/** The next larger step that people count in. Pure. */
export function niceStep(least: number, unit: string): number {
  if (BINARY.includes(unit) && least > 1) return 2 ** Math.ceil(Math.log2(least) - 1e-9);
  if (unit === 's' && least > 1)
    return [2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200].find((step) => step >= least) ?? days(least);
  return decimalStep(least);
}

function days(least: number): number {
  return decimalStep(least / 86_400) * 86_400;
}

function decimalStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least) + 1e-9);
  const factor = [1, 2, 5].find((candidate) => candidate * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

const MOST_DECIMALS = 10;

/** Labels with as many digits as tell them apart. */
function distinctLabels(values: readonly number[], unit: string): string[] {
  for (let decimals: number | undefined; (decimals ?? 0) <= MOST_DECIMALS; decimals = (decimals ?? -1) + 1) {
    const labels = values.map((value) => writeValue(value, unit, decimals));
    if (new Set(labels).size === labels.length) return decimals === undefined ? labels : labels.map(withoutNegativeZero);
  }
  return values.map((value) => writeValue(value, unit));
}

function withoutNegativeZero(label: string): string {
  return label.replace(/^-(?=0(\.0*)?(\D|$))/, '');
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TIME_STEPS = [1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];
const DAY_STEPS = [1, 2, 7, 14, 30, 60, 90, 180, 365, 730, 1825, 3650, 36_500];

/** Marks of a time axis in local time, as many as have room in so many columns; times in seconds since the epoch. Pure, but for the time zone. */
export function timeTicks(fromS: number, untilS: number, columns: number): Tick[] {
  const room = (label: number): number => Math.max(1, Math.floor(columns / (label + 3)));
  const span = untilS - fromS;
  const step = TIME_STEPS.find((candidate) => span / candidate <= room(candidate < MINUTE ? 8 : 5));
  if (step !== undefined) return clockTicks(fromS, untilS, step);
  const count = DAY_STEPS.find((candidate) => span / (candidate * DAY) <= room(candidate >= 30 ? 7 : 6)) ?? 36_500;
  return dayTicks(fromS, untilS, count);
}

function clockTicks(fromS: number, untilS: number, step: number): Tick[] {
  const start = new Date(fromS * 1000);
  const ticks: Tick[] = [];
  // By the clock on the wall: 06:00 stays 06:00 where a day has 23 or 25 hours.
  for (let index = 0; ; index += 1) {
    const date = new Date(start.getFullYear(), start.getMonth(), start.getDate(), 0, 0, index * step);
    const at = date.getTime() / 1000;
    if (at > untilS) return ticks;
    if (at < fromS || at <= (ticks.at(-1)?.at ?? -Infinity)) continue;
    ticks.push({ at, label: isMidnight(date) ? dayLabel(date) : clockLabel(date, step < MINUTE) });
  }
}

function dayTicks(fromS: number, untilS: number, count: number): Tick[] {
  const start = new Date(fromS * 1000);
  const ticks: Tick[] = [];
  for (let index = 0; ; index += 1) {
    const date = dateAfter(start, index, count);
    const at = date.getTime() / 1000;
    if (at > untilS) return ticks;
    if (at >= fromS) ticks.push({ at, label: dateLabel(date, count) });
  }
}

/** Years, months or days, whichever are counted. */
function dateLabel(date: Date, count: number): string {
  if (count >= 365) return String(date.getFullYear());
  return count >= 30 ? `${date.getFullYear()}-${two(date.getMonth() + 1)}` : dayLabel(date);
}

/** Months and years begin on their first day; weeks on a Monday. */
function dateAfter(start: Date, index: number, count: number): Date {
  if (count >= 365) return new Date(start.getFullYear() + index * Math.round(count / 365), 0, 1);
  if (count >= 30) return new Date(start.getFullYear(), start.getMonth() + index * Math.round(count / 30), 1);
  const monday = count % 7 === 0 ? (start.getDay() + 6) % 7 : 0;
  return new Date(start.getFullYear(), start.getMonth(), start.getDate() - monday + index * count);
}

function isMidnight(date: Date): boolean {
  return date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');

function dayLabel(date: Date): string {
  return `${date.getDate()} ${MONTHS[date.getMonth()] ?? ''}`;
}

function clockLabel(date: Date, hasSeconds: boolean): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}${hasSeconds ? `:${two(date.getSeconds())}` : ''}`;
}

/** `2026-11-21 15:55`, in local time; with seconds when asked for. */
export function timeInWords(atS: number, hasSeconds = false): string {
  const date = new Date(atS * 1000);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockLabel(date, hasSeconds)}`;
}

/** What a period of time is called: the day once where both ends have the same. */
export function periodInWords(fromS: number, untilS: number): string {
  const hasSeconds = untilS - fromS < 10 * MINUTE;
  const [from, until] = [timeInWords(fromS, hasSeconds), timeInWords(untilS, hasSeconds)];
  return from.slice(0, 10) === until.slice(0, 10) ? `${from} to ${until.slice(11)}` : `${from} to ${until}`;
}
