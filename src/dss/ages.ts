import type { Graphite } from './graphite.ts';
import type { Instance, Part } from './instances.ts';

/*
 * How old the newest point is of what sends. A short look is cheap and sees all; longer ones, at some of the metrics, are
 * only needed where nothing came lately. What is asked for over days is answered in steps of minutes.
 */

/** Seconds without a point after which something is silent: several times the minute that senders of metrics take at most. */
export const SILENT_AFTER_S = 300;
/** Days without a point after which something is gone: it was taken away, or is called otherwise now. */
export const GONE_AFTER_DAYS = 7;

/** The longer looks. The shipped retention has points of every 10 s for six hours. */
const LONGER_LOOKS = ['-5h', `-${GONE_AFTER_DAYS}d`] as const;

/** Metrics of a part that are all looked at. */
const MOST_AT_ONCE = 2000;

export interface PartAge extends Pick<Part, 'name' | 'metrics'> {
  /** Of its newest point; null when there is none of the last GONE_AFTER_DAYS days. */
  ageSeconds: number | null;
}

export type InstanceState = 'sends' | 'silent' | 'gone';

export interface InstanceAge extends Pick<Instance, 'prefix' | 'kind'> {
  metrics: number;
  parts: PartAge[];
  /** Of the newest point of DSS itself; of its collectd where that alone sends. */
  ageSeconds: number | null;
  state: InstanceState;
}

/** The age of each part of an instance; `now` is in milliseconds. */
export async function ageOf(graphite: Graphite, { prefix, kind, parts }: Instance, now: () => number): Promise<InstanceAge> {
  const aged: PartAge[] = [];
  for (const { name, metrics, patterns, sample } of parts) {
    // One series that has a point wherever one of them has. Of very many, graphite-web would read one file after another.
    const all = metrics > MOST_AT_ONCE ? sample : patterns.map((pattern) => `maxSeries(${pattern})`);
    let newest = await newestOf(graphite, all, `-${SILENT_AFTER_S + 60}s`);
    for (const from of LONGER_LOOKS) newest ??= await newestOf(graphite, sample, from);
    aged.push({ name, metrics, ageSeconds: newest === undefined ? null : Math.max(0, now() / 1000 - newest) });
  }
  return withState({ prefix, kind }, aged);
}

async function newestOf(graphite: Graphite, targets: readonly string[], from: string): Promise<number | undefined> {
  const series = await graphite.render(targets, from);
  const times = series.flatMap(({ points }) => points.at(-1)?.atSeconds ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** What the ages of its parts mean for an instance: what its collectd sends does not show that DSS does. Pure. */
export function withState({ prefix, kind }: Pick<Instance, 'prefix' | 'kind'>, parts: PartAge[]): InstanceAge {
  const own = parts.filter(({ name }) => name !== 'collectd');
  const ages = (own.length > 0 ? own : parts).flatMap(({ ageSeconds }) => ageSeconds ?? []);
  const ageSeconds = ages.length === 0 ? null : Math.min(...ages);
  const state = ageSeconds === null ? 'gone' : ageSeconds > SILENT_AFTER_S ? 'silent' : 'sends';
  return { prefix, kind, metrics: parts.reduce((sum, { metrics }) => sum + metrics, 0), parts, ageSeconds, state };
}

/** True where DSS itself sends, and not only what measures its machine. Pure. */
export function isDssSending({ kind, state }: Pick<InstanceAge, 'kind' | 'state'>): boolean {
  return state === 'sends' && kind !== 'host only';
}
