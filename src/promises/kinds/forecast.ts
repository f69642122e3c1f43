import { slopeOf, type TrendPoint } from '../../base/trend.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { DAY_SECONDS, soonInWords } from './disk-forecast.ts';
import { notAnswered, rendered, undecided, type Point, type QuerySettings, type Series } from './graphite.ts';
import { isLeftOut, targetsForHosts, type HostSettings } from './hosts.ts';
import type { KindContext, RunKind } from './kind.ts';
import { broken, kept, namesInWords } from './outcome.ts';

/** What falls will not reach a floor soon, if it goes on as in the last days. */
export interface ForecastSettings extends QuerySettings, HostSettings {
  /** `{host}` in one stands for every host that sends it. */
  target: string[];
  /** What must not be reached. */
  floor: number;
  /** Days within which. */
  min_days: number;
  /** Hours back that are looked at. */
  window_h: number;
  /** A trend over less than this is a guess. */
  min_span_h: number;
  min_points: number;
}

/** Asked for of each series: enough for a line through them. */
const POINTS = 200;

export const forecast: RunKind<ForecastSettings> = async (settings, context) => {
  const { url, target, window_h, most_parts } = settings;
  const targets = targetsForHosts(target, most_parts);
  const answer = await rendered({ url, targets, from: `-${Math.ceil(window_h * 3600)}s`, maxDataPoints: POINTS }, context);
  return answer.kind === 'series' ? floorOutcome(settings, answer.series, context) : notAnswered(answer, settings, context);
};

/** What the points mean. Pure. */
export function floorOutcome(settings: ForecastSettings, all: readonly Series[], context: Pick<KindContext, 'services' | 'now'>): PromiseOutcome {
  const { target, min_days, window_h } = settings;
  const looked = all
    .filter(({ name, points }) => points.length > 0 && !isLeftOut(name, target, settings))
    .map(({ name, points }) => ({ name, days: daysLeft(settings, points) }));
  if (looked.length === 0) return undecided(`There is no point of ${namesInWords(target, 3)} within ${window_h} h.`, settings, context);
  const soonest = Math.min(...looked.map(({ days }) => days));
  const values = { series: looked.length, days_left: soonest };
  const falling = looked.filter(({ days }) => days < min_days);
  if (falling.length === 0)
    return kept(`${namesInWords(target, 3)} will not reach ${settings.floor} within ${min_days} days, if it goes on as before.`, values);
  const names = namesInWords(falling.map(({ name }) => name));
  return broken(`${names} will reach ${settings.floor} within ${soonInWords(soonest)}, if it goes on as before.`, values);
}

/** Days until the floor is reached; Infinity where it is not, or where there are too few points to tell. */
function daysLeft({ floor, min_points, min_span_h }: ForecastSettings, points: readonly Point[]): number {
  const perSecond = slopeOf(
    points.map(({ atSeconds, value }): TrendPoint => [atSeconds, value]),
    { fewest: min_points, shortest: min_span_h * 3600 },
  );
  const newest = points.at(-1);
  if (perSecond === undefined || newest === undefined || perSecond >= 0) return Infinity;
  return Math.max(0, (newest.value - floor) / -perSecond / DAY_SECONDS);
}
