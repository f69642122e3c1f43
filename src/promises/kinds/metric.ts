import { spanInWords } from '../../base/terminal.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { notAnswered, rendered, undecided, type Point, type QuerySettings, type Series } from './graphite.ts';
import { isLeftOut, targetsForHosts, type HostSettings } from './hosts.ts';
import type { KindContext, RunKind } from './kind.ts';
import { broken, kept, namesInWords } from './outcome.ts';

export const WINDOW_FUNCTIONS = ['last', 'avg', 'min', 'max', 'sum'] as const;
export type WindowFunction = (typeof WINDOW_FUNCTIONS)[number];

/** What must hold between a value and the threshold. */
export const OPERATORS = ['>', '>=', '<', '<=', 'between'] as const;
export type Operator = (typeof OPERATORS)[number];

/** A Graphite target compared over a window. At least one of `operator` and `max_age_s` is there. */
export interface MetricSettings extends QuerySettings, HostSettings {
  /** `{host}` in one stands for every host that sends it. */
  target: string[];
  /** Seconds up to now that are looked at. */
  window_s: number;
  /** What is made of the window's points. */
  function: WindowFunction;
  operator?: Operator | undefined;
  /** A number; two for `between`, which they belong to. */
  threshold?: number | [low: number, high: number] | undefined;
  /** Seconds that the newest point may be old. */
  max_age_s?: number | undefined;
  /** Points that a window must have for anybody to tell. */
  min_points: number;
  /** Series with points that there must be. */
  min_series: number;
  /** Where there are several series: all must be so, or any. */
  series: 'all' | 'any';
}

export const metric: RunKind<MetricSettings> = async (settings, context) => {
  const { url, target, window_s, max_age_s = 0, most_parts } = settings;
  const targets = targetsForHosts(target, most_parts);
  // A window that ends before the newest point that is still good enough would hide it.
  const answer = await rendered({ url, targets, from: `-${Math.ceil(Math.max(window_s, max_age_s) + 60)}s` }, context);
  return answer.kind === 'series' ? metricOutcome(settings, answer.series, context) : notAnswered(answer, settings, context);
};

/** What the points mean. Pure. */
export function metricOutcome(settings: MetricSettings, all: readonly Series[], context: Pick<KindContext, 'services' | 'now'>): PromiseOutcome {
  const nowSeconds = context.now() / 1000;
  const series = all.filter(({ name, points }) => points.length > 0 && !isLeftOut(name, settings.target, settings));
  const what = targetInWords(settings);
  if (series.length === 0) return undecided(`There is no point of ${what} within ${spanInWords(settings.window_s)}.`, settings, context);
  if (series.length < settings.min_series)
    return undecided(`There are points of fewer than ${settings.min_series} series: ${what}.`, { ...settings, no_data: 'failed' }, context);
  const looked = series.map((each) => look(settings, each, nowSeconds));
  const values = figures(looked);
  const bad = looked.filter(({ fault }) => fault !== undefined);
  const isKept = settings.series === 'any' ? bad.length < looked.length : bad.length === 0;
  if (isKept) return kept(`${what} is as it should be.`, values);
  if (bad.every(({ kind }) => kind !== 'wrong')) {
    const [first] = bad;
    const message = `${named(bad)} ${first?.fault ?? ''}.`;
    // Points that stopped while it was down begin again a little after the start.
    return first?.kind === 'old' ? undecided(message, { ...settings, no_data: 'failed' }, context) : undecided(message, settings, context);
  }
  const wrong = bad.filter(({ kind }) => kind === 'wrong');
  return broken(`${named(wrong)} ${wrong[0]?.fault ?? ''}.`, values);
}

interface Looked {
  name: string;
  value: number | undefined;
  ageSeconds: number;
  /** `few` and `old`: nothing can be said of the value. */
  kind: 'right' | 'wrong' | 'old' | 'few';
  fault: string | undefined;
}

function look(settings: MetricSettings, { name, points }: Series, nowSeconds: number): Looked {
  const inWindow = points.filter(({ atSeconds }) => atSeconds >= nowSeconds - settings.window_s);
  const value = overWindow(settings.function, inWindow);
  const ageSeconds = nowSeconds - (points.at(-1)?.atSeconds ?? 0);
  const found = { name, value, ageSeconds };
  if (settings.max_age_s !== undefined && ageSeconds > settings.max_age_s)
    return { ...found, kind: 'old', fault: `has no point of the last ${spanInWords(settings.max_age_s)}` };
  if (settings.operator === undefined) return { ...found, kind: 'right', fault: undefined };
  if (value === undefined || inWindow.length < settings.min_points)
    return { ...found, kind: 'few', fault: `has fewer than ${settings.min_points} points within ${spanInWords(settings.window_s)}` };
  if (holds(value, settings.operator, settings.threshold ?? NaN)) return { ...found, kind: 'right', fault: undefined };
  return { ...found, kind: 'wrong', fault: `is not as it should be: ${conditionInWords(settings)}` };
}

/** What was asked for, in words. */
function targetInWords({ target }: MetricSettings): string {
  return namesInWords(target, 3);
}

function named(looked: readonly Looked[]): string {
  return namesInWords(looked.map(({ name }) => name));
}

/** The condition in words: `the average of 5 m must be < 90`. Pure. */
export function conditionInWords({
  function: how,
  window_s,
  operator,
  threshold,
}: Pick<MetricSettings, 'function' | 'window_s' | 'operator' | 'threshold'>): string {
  const names: Record<WindowFunction, string> = { last: 'newest value', avg: 'average', min: 'least', max: 'greatest', sum: 'sum' };
  const bound = Array.isArray(threshold) ? threshold.join(' and ') : String(threshold);
  return `the ${names[how]} of ${spanInWords(window_s)} must be ${operator ?? ''} ${bound}`;
}

/** One number of a window's points; undefined when there are none. Pure. */
export function overWindow(how: WindowFunction, points: readonly Point[]): number | undefined {
  const last = points.at(-1)?.value;
  if (last === undefined) return undefined;
  if (how === 'last') return last;
  let [sum, least, greatest] = [0, Infinity, -Infinity];
  for (const { value } of points) {
    sum += value;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return { avg: sum / points.length, min: least, max: greatest, sum }[how];
}

/** True when the value is so. Pure. */
export function holds(value: number, operator: Operator, threshold: number | readonly [number, number]): boolean {
  const [low, high] = typeof threshold === 'number' ? [threshold, threshold] : threshold;
  switch (operator) {
    case '>':
      return value > low;
    case '>=':
      return value >= low;
    case '<':
      return value < low;
    case '<=':
      return value <= low;
    case 'between':
      return value >= low && value <= high;
  }
}

/** Of one series its value; of several how many, and between what they are. */
function figures(looked: readonly Looked[]): Record<string, number> {
  const values = looked.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const newest = { newest_age_s: Math.min(...looked.map(({ ageSeconds }) => ageSeconds)) };
  const [only] = values;
  if (looked.length === 1) return { ...newest, ...(only !== undefined && { value: only }) };
  if (values.length === 0) return { ...newest, series: looked.length };
  return { ...newest, series: looked.length, least: Math.min(...values), greatest: Math.max(...values) };
}
