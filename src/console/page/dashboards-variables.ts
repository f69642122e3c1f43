import { ALL, AUTO, type Variable } from '../dashboards/model.ts';

/* The variables of a dashboard: what is chosen, and targets with them filled in. */

/** What is chosen, by the variable's name. */
export type Chosen = Record<string, string[]>;

const VARIABLE = /\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]/g;

/** The text with its variables filled in; several values become `{a,b}`, as Graphite writes alternatives. Pure. */
export function fillIn(text: string, variables: readonly Variable[], chosen: Chosen): string {
  return text.replace(VARIABLE, (whole, braced?: string, format?: string, plain?: string, bracketed?: string) => {
    const variable = variables.find(({ name }) => name === (braced ?? plain ?? bracketed));
    if (variable === undefined) return whole;
    const values = valuesOf(variable, chosen[variable.name] ?? variable.current);
    if (format === 'csv') return values.join(',');
    if (format === 'pipe') return values.join('|');
    if (format === 'regex') return values.length === 1 ? values.join('') : `(${values.join('|')})`;
    return values.length === 1 ? values.join('') : `{${values.join(',')}}`;
  });
}

/** The values that are meant: all of them for "all". Pure. */
export function valuesOf({ choices, allValue, hasAll }: Variable, chosen: readonly string[]): string[] {
  if (!hasAll || !chosen.includes(ALL)) return [...chosen];
  return allValue === '' ? choices.map(({ value }) => value) : [allValue];
}

/** Seconds of the intervals that are chosen by themselves. */
const STEPS = [1, 10, 30, 60, 300, 600, 1800, 3600, 6 * 3600, 86_400] as const;
const SECONDS: Record<string, number> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 7 * 86_400 };

/**
 * What is chosen, with intervals as Graphite writes them: `5min` for Grafana's `5m`, and for "auto" what suits a range of so
 * many seconds. Pure.
 */
export function withIntervals(variables: readonly Variable[], chosen: Chosen, spanS: number): Chosen {
  const intervals = variables.filter(({ kind }) => kind === 'interval');
  return { ...chosen, ...Object.fromEntries(intervals.map((variable) => [variable.name, [intervalOf(variable, chosen, spanS)]])) };
}

function intervalOf({ name, current, auto }: Variable, chosen: Chosen, spanS: number): string {
  const [value = ''] = chosen[name] ?? current;
  if (value !== AUTO || auto === undefined) return value.replace(/^(\d+)m$/, '$1min');
  const least = Math.max(spanS / auto.count, secondsOf(auto.finest));
  return `${STEPS.find((step) => step >= least * 0.8) ?? STEPS.at(-1)}s`;
}

function secondsOf(interval: string): number {
  const [, count, unit = 's'] = /^(\d{1,6})([a-z]+)$/.exec(interval) ?? [];
  return Number(count ?? 10) * (SECONDS[unit] ?? 1);
}

/** Where a link of Grafana's leads to here. Pure. */
export function placeOf(url: string): string {
  return url.replace(/^\/d\/([\w-]+)(?:\/[\w-]*)?/, '/dashboards/$1');
}

/** Where a series leads. Pure. */
export function linkOfSeries(url: string, label: string): string {
  return placeOf(url.replace(/\$\{__(?:field\.(?:displayName|name)|series\.name)\}/g, () => encodeURIComponent(label)));
}

/** Targets with `#A` replaced by the target of that letter. Pure. */
export function withReferences(targets: readonly { refId: string; target: string }[]): string[] {
  const byRef = new Map(targets.map(({ refId, target }) => [refId, target]));
  const resolve = (text: string, depth: number): string =>
    depth > 5 ? text : text.replace(/#([A-Z])\b/g, (whole, refId: string) => (byRef.has(refId) ? resolve(byRef.get(refId) ?? '', depth + 1) : whole));
  return targets.map(({ target }) => resolve(target, 0));
}

/** Names that match a dashboard's `/regex/`; its first group is the value. A pattern that cannot be read lets everything through. Pure. */
export function matching(names: readonly string[], regex: string): string[] {
  if (regex.trim() === '') return [...names];
  const [, body = regex, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(regex.trim()) ?? [];
  let pattern: RegExp;
  try {
    pattern = new RegExp(body, flags.replace(/[^imsu]/g, ''));
  } catch {
    return [...names];
  }
  return [
    ...new Set(
      names.flatMap((name) => {
        const match = pattern.exec(name);
        return match === null ? [] : [match[1] ?? match[0]];
      }),
    ),
  ];
}
