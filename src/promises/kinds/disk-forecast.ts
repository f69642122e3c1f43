import { mountNameOf } from '../../base/mounts.ts';
import { slopeOf, type TrendPoint } from '../../base/trend.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { diskOutcome, isOnDiskOf, notThere, roomAt, sameDisk, type DiskSettings, type Room } from './disk.ts';
import { rendered, type Point, type QuerySettings } from './graphite.ts';
import type { RunKind } from './kind.ts';
import { broken, kept } from './outcome.ts';

/** A disk will not be full soon, if it goes on as in the last days. */
export interface DiskForecastSettings extends Pick<QuerySettings, 'url'>, DiskSettings {
  /** The metric with the file system's free bytes; {mount} is its mount point as collectd writes it. */
  target: string;
  /** Hours back that are looked at. */
  window_h: number;
  /** A trend over less than this is a guess. */
  min_span_h: number;
  min_points: number;
  /** Days within which it must not be full. */
  min_days: number;
}

const POINTS = 500;
export const DAY_SECONDS = 86_400;

export const diskForecast: RunKind<DiskForecastSettings> = async (settings, context) => {
  const { path, url, target, window_h, apart_from } = settings;
  try {
    if (await isOnDiskOf(path, apart_from)) return sameDisk(path, apart_from ?? '');
    const room = await roomAt(path);
    const metric = target.replace('{mount}', await mountNameOf(path));
    const answer = await rendered({ url, targets: [metric], from: `-${Math.ceil(window_h * 3600)}s`, maxDataPoints: POINTS }, context);
    if (answer.kind === 'series') return forecastOutcome(settings, room, answer.series[0]?.points ?? []);
    return withoutForecast(settings, room, answer.message);
  } catch (error) {
    return notThere(path, error);
  }
};

/** What the stored points and the room there is now mean. Pure. */
export function forecastOutcome(settings: DiskForecastSettings, room: Room, points: readonly Point[]): PromiseOutcome {
  const { path, min_days, min_points, min_span_h } = settings;
  const bytesPerSecond = slopeOf(
    points.map(({ atSeconds, value }): TrendPoint => [atSeconds, value]),
    { fewest: min_points, shortest: min_span_h * 3600 },
  );
  if (bytesPerSecond === undefined)
    return withoutForecast(settings, room, `There are too few points for a forecast (fewer than ${min_points}, or of less than ${min_span_h} h).`);
  const days = bytesPerSecond < 0 ? room.freeBytes / -bytesPerSecond / DAY_SECONDS : undefined;
  const values = { days_left: days, free_bytes: room.freeBytes, bytes_per_day: bytesPerSecond * DAY_SECONDS };
  if (days === undefined || days >= min_days) return kept(`The disk of ${path} will not be full within ${min_days} days, if it goes on as before.`, values);
  return broken(`The disk of ${path} will be full within ${soonInWords(days)}, if it goes on as before.`, values);
}

/** What is free now, where nobody can tell what will be. */
function withoutForecast(settings: DiskForecastSettings, room: Room, why: string): PromiseOutcome {
  const now = diskOutcome(settings, room);
  return { ...now, message: `${now.message} Only what is free now was looked at: ${why}` };
}

/** Coarse, so that it stays the same for a while. */
export function soonInWords(days: number): string {
  if (days < 1 / 24) return 'an hour';
  if (days < 0.25) return '6 hours';
  if (days <= 1) return 'a day';
  return `${Math.ceil(days)} days`;
}
