import { Cron } from 'croner';
import { DkmError } from '../base/errors.ts';
import { spanInWords } from '../base/terminal.ts';
import type { ForecastSettings } from '../promises/kinds/forecast.ts';
import type { FreshnessSettings } from '../promises/kinds/freshness.ts';
import { targetsForHosts, type HostSettings } from '../promises/kinds/hosts.ts';
import { conditionInWords, type MetricSettings, type Operator, type WindowFunction } from '../promises/kinds/metric.ts';
import { namesInWords } from '../promises/kinds/outcome.ts';
import type { Alert } from './alerts.ts';

/*
 * A promise as an alert rule of Grafana: the same targets, the same window, and a condition that is true where the promise
 * is broken. Written as a file that Grafana reads at its start (templates/grafana):
 * https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
 */

/** A query or an expression of a rule. */
export interface RulePart {
  refId: string;
  /** Seconds back. */
  from: number;
  to: number;
  datasource: string;
  model: Record<string, unknown>;
}

/** A rule, as the template writes it. */
export interface GrafanaRule {
  uid: string;
  title: string;
  paused: boolean;
  severity: string;
  promise: string;
  dashboard: string;
  dashboardPage: string;
  /** The console's page of the promise. */
  page: string;
  summary: string;
  description: string;
  /** Seconds for which the condition must hold. */
  for: number;
  noDataState: 'OK' | 'Alerting';
  condition: string;
  data: RulePart[];
}

/** Rules that are looked at together. */
export interface GrafanaGroup {
  name: string;
  /** Minutes between two looks. */
  minutes: number;
  rules: GrafanaRule[];
}

/** The uid of the data source that templates/grafana makes. */
const SOURCE = 'graphite';
/** Grafana's own name for its expressions. */
const EXPRESSION = '__expr__';

/** Rules in groups of how often they are looked at. Throws `manifest-invalid` for a promise that cannot be one. Pure. */
export function grafanaGroups(alerts: readonly Alert[]): GrafanaGroup[] {
  const groups = new Map<number, GrafanaRule[]>();
  for (const alert of alerts) {
    const minutes = pauseMinutes(alert.promise.schedule);
    groups.set(minutes, [...(groups.get(minutes) ?? []), grafanaRule(alert)]);
  }
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([minutes, rules]) => ({ name: minutes === 1 ? 'every minute' : `every ${minutes} minutes`, minutes, rules }));
}

/** Minutes between two runs of a cron expression, by its first two: Grafana knows no times of day. */
function pauseMinutes(schedule: string): number {
  const [first, second] = new Cron(schedule, { mode: '5-part', paused: true }).nextRuns(2, new Date(2026, 0, 1));
  return first && second ? Math.round((second.getTime() - first.getTime()) / 60_000) : 60;
}

/** What a kind makes of its settings. */
type Condition = Pick<GrafanaRule, 'for' | 'noDataState' | 'condition' | 'data'> & { holds: string };

function grafanaRule(alert: Alert): GrafanaRule {
  const { promise, title, remedy, dashboard, dashboardPage, page, enabled } = alert;
  const { holds, ...condition } = conditionOf(alert);
  return {
    uid: `dkm-${promise.id}`,
    title,
    paused: !enabled,
    severity: promise.severity,
    promise: promise.id,
    dashboard,
    dashboardPage,
    page,
    summary: `${title}{{ with $labels.name }}: {{ . }}{{ end }}`,
    description: `Expected: ${holds} ${remedy}`,
    ...condition,
  };
}

function conditionOf({ promise: { id, check } }: Alert): Condition {
  const settings: unknown = check.settings;
  switch (check.name) {
    case 'metric':
      return (settings as MetricSettings).operator === undefined ? presence(settings as MetricSettings) : comparison(settings as MetricSettings);
    case 'freshness':
      return silence(settings as FreshnessSettings);
    case 'forecast':
      return trend(settings as ForecastSettings);
    default:
      throw new DkmError('manifest-invalid', `promises."${id}".alert: expected kind metric, freshness or forecast, found "${check.name}"`);
  }
}

/** True where a function of a window's points is not as it should be; one alert for each series. */
function comparison(settings: MetricSettings): Condition {
  const { window_s, function: how, no_data, target } = settings;
  return {
    ...lasting(0, no_data),
    holds: `${conditionInWords(settings)}: ${namesInWords(target)}.`,
    condition: 'C',
    data: [query('A', targetOf(settings), window_s), reduced('B', 'A', REDUCERS[how]), math('C', violation('$B', settings))],
  };
}

/** True where no point came: nothing at all is that, too. */
function presence({ max_age_s = 0, grace_s, series, ...settings }: MetricSettings): Condition {
  const target = targetOf(settings);
  return {
    ...lasting(grace_s, 'failed'),
    holds: `a point must come at least every ${spanInWords(max_age_s)}: ${namesInWords(settings.target)}.`,
    condition: 'C',
    data: [query('A', series === 'any' ? `sumSeries(${target})` : target, max_age_s), reduced('B', 'A', 'count'), math('C', '$B < 1')],
  };
}

/** True where points came within the long time, and none within the short one. */
function silence(settings: FreshnessSettings): Condition {
  const { pattern, max_age_s, forget_h, grace_s, no_data } = settings;
  const target = targetOf({ ...settings, target: pattern });
  return {
    ...lasting(grace_s, no_data),
    holds: `who sent within ${spanInWords(forget_h * 3600)} must have sent within ${spanInWords(max_age_s)}: ${namesInWords(pattern)}.`,
    condition: 'E',
    data: [
      query('A', target, forget_h * 3600),
      query('B', target, max_age_s),
      reduced('C', 'A', 'count'),
      reduced('D', 'B', 'count'),
      math('E', '$C > 0 && $D < 1'),
    ],
  };
}

/** Grafana has no line through points: the last hour and the hour before the window, and where that leads. */
const HOUR_S = 3600;

function trend(settings: ForecastSettings): Condition {
  const { window_h, min_days, floor, no_data, target: metrics } = settings;
  const [target, before] = [targetOf(settings), window_h * HOUR_S];
  const windows = Number(((min_days * 24) / window_h).toPrecision(6));
  return {
    ...lasting(0, no_data),
    holds: `it must not reach ${floor} within ${min_days} days, if it goes on as within the last ${spanInWords(before)}: ${namesInWords(metrics)}.`,
    condition: 'E',
    data: [
      query('A', target, HOUR_S),
      query('B', target, before + HOUR_S / 2, before - HOUR_S / 2),
      reduced('C', 'A', 'mean'),
      reduced('D', 'B', 'mean'),
      math('E', `$C < $D && $C + ($C - $D) * ${windows} < ${floor}`),
    ],
  };
}

function lasting(seconds: number, noData: MetricSettings['no_data']): Pick<Condition, 'for' | 'noDataState'> {
  // Grafana takes whole seconds only, and does not start with anything else.
  return { for: Math.ceil(seconds), noDataState: noData === 'ok' ? 'OK' : 'Alerting' };
}

const REDUCERS: Record<WindowFunction, string> = { last: 'last', avg: 'mean', min: 'min', max: 'max', sum: 'sum' };
const VIOLATIONS: Record<Exclude<Operator, 'between'>, string> = { '>': '<=', '>=': '<', '<': '>=', '<=': '>' };

function violation(value: string, { operator, threshold }: MetricSettings): string {
  if (Array.isArray(threshold)) return `${value} < ${threshold[0]} || ${value} > ${threshold[1]}`;
  return `${value} ${operator === undefined || operator === 'between' ? '!=' : VIOLATIONS[operator]} ${threshold ?? NaN}`;
}

/** All targets as one, as a query of Grafana has one alone, without the hosts that are to be left out. */
function targetOf({ target, most_parts, reversed, except }: Pick<MetricSettings, 'target'> & Omit<HostSettings, 'apart_from'>): string {
  const targets = targetsForHosts(target, most_parts);
  const all = targets.length === 1 ? (targets[0] ?? '') : `group(${targets.join(',')})`;
  return except.reduce((inner, glob) => `exclude(${inner},"${hostExpression(glob, reversed)}")`, all);
}

/**
 * A glob of hosts' names as a regular expression for the names of their metrics. A * at an end of the glob stands for
 * parts of the name besides. Without backslashes, which query services read differently. Pure.
 */
export function hostExpression(glob: string, reversed: boolean): string {
  const parts = glob.split('.').map((part) => part.replace(/[^A-Za-z0-9_*-]/g, '.').replaceAll('*', '[^.]*'));
  const host = (reversed ? parts.toReversed() : parts).join('[.]');
  const [isOpenLeft, isOpenRight] = [glob.startsWith('*'), glob.endsWith('*')];
  const before = (reversed ? isOpenRight : isOpenLeft) ? '([^.]+[.])*' : '';
  const after = (reversed ? isOpenLeft : isOpenRight) ? '([.][^.]+)*' : '';
  return `[.]${before}${host}${after}[.]`;
}

/** Points of a query that Grafana asks for: more than there are, so that nothing is thinned out within a day. */
const MOST_POINTS = 1000;

function query(refId: string, target: string, from: number, to = 0): RulePart {
  return { refId, from: Math.ceil(from), to: Math.floor(to), datasource: SOURCE, model: { refId, target, maxDataPoints: MOST_POINTS, intervalMs: 10_000 } };
}

function reduced(refId: string, of: string, reducer: string): RulePart {
  return expression(refId, { type: 'reduce', expression: of, reducer, settings: { mode: 'dropNN' } });
}

function math(refId: string, condition: string): RulePart {
  return expression(refId, { type: 'math', expression: condition });
}

function expression(refId: string, model: Record<string, unknown>): RulePart {
  return { refId, from: 0, to: 0, datasource: EXPRESSION, model: { refId, datasource: { type: EXPRESSION, uid: EXPRESSION }, ...model } };
}
