import { setTimeout as pause } from 'node:timers/promises';
import { render } from '../helpers/graphite.ts';
import { hostName, metricNames, STEP_S, valueOf, type HostLoad } from './host-load.ts';

/*
 * What is lost: each point that was sent is asked for, at the query service, as whoever looks at it later would.
 */

/** Points that were sent, those that can be read back, and values that nobody sent. */
export interface ReadBack {
  sent: number;
  found: number;
  wrong: number;
}

/** Reads the points of a load back from the query service on this port. */
export async function readBack(queryPort: number, load: HostLoad): Promise<ReadBack> {
  const names = metricNames(load.metricsPerHost);
  const total: ReadBack = { sent: 0, found: 0, wrong: 0 };
  for (let host = 0; host < load.hosts; host += 1) {
    const { sent, found, wrong } = await readHost(queryPort, load, host, names);
    total.sent += sent;
    total.found += found;
    total.wrong += wrong;
  }
  return total;
}

async function readHost(queryPort: number, load: HostLoad, host: number, names: readonly string[]): Promise<ReadBack> {
  const prefix = `collectd.${hostName(host)}`;
  const depths = new Set(names.map((name) => name.split('.').length));
  // From before the first: which points lie on the edge is each query service's own affair.
  const series = await render(
    queryPort,
    [...depths].map((depth) => prefix + '.*'.repeat(depth)),
    String(load.firstSecond - 10 * STEP_S),
  );
  const stored = new Map(series.map(({ target, datapoints }) => [target, new Map(datapoints.map(([value, time]) => [time, value]))]));
  const counts: ReadBack = { sent: 0, found: 0, wrong: 0 };
  for (const [metric, name] of names.entries()) {
    const points = stored.get(`${prefix}.${name}`);
    for (let interval = 0; interval < load.intervals; interval += 1) {
      const second = load.firstSecond + interval * STEP_S;
      const value = points?.get(second) ?? undefined;
      counts.sent += 1;
      if (value === valueOf(metric, second)) counts.found += 1;
      else if (value !== undefined) counts.wrong += 1;
    }
  }
  return counts;
}

/** Longer than a store leaves a new metric out of its index, or a point unwritten, while it has little to do. */
const SETTLED_AFTER_MS = 20_000;
const LOOKS = 10;

/** The same when all was found, or when two looks, some time from each other, find the same. */
export async function settledReadBack(queryPort: number, load: HostLoad, settledAfterMs = SETTLED_AFTER_MS): Promise<ReadBack> {
  let before: ReadBack | undefined;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const now = await readBack(queryPort, load);
    if (now.found === now.sent || now.found === before?.found) return now;
    before = now;
    await pause(settledAfterMs);
  }
  throw new Error(`after ${LOOKS} looks there are still points coming: ${before?.found} of ${before?.sent}`);
}
