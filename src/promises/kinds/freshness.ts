import { spanInWords } from '../../base/terminal.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { notAnswered, rendered, undecided, type QuerySettings, type Series } from './graphite.ts';
import type { KindContext, RunKind } from './kind.ts';
import { isLike } from './glob.ts';
import { targetsForHosts, type HostSettings } from './hosts.ts';
import { kept, namesInWords } from './outcome.ts';

/** Every host that sent a metric lately still does. */
export interface FreshnessSettings extends QuerySettings, Omit<HostSettings, 'apart_from'> {
  /** Metrics' names with {host} where the host's stands, which may have dots: "collectd.{host}.load.load.shortterm". */
  pattern: string[];
  /** Seconds without a point after which a host is stale. */
  max_age_s: number;
  /** Hours without a point after which a host is forgotten: it was taken away. */
  forget_h: number;
}

/** What was seen of a host. */
export interface HostAge {
  host: string;
  ageSeconds: number;
}

/** Points asked for in the long look: enough to tell who is there. */
const LONG_LOOK_POINTS = 60;

export const freshness: RunKind<FreshnessSettings> = async (settings, context) => {
  const { url, max_age_s, forget_h } = settings;
  const targets = targetsForHosts(settings.pattern, settings.most_parts);
  // Two looks: a short one that is exact, and a long one, thinned out, for who was there before.
  const recent = await rendered({ url, targets, from: `-${Math.ceil(max_age_s + 60)}s` }, context);
  if (recent.kind !== 'series') return notAnswered(recent, settings, context);
  const before = await rendered({ url, targets, from: `-${Math.ceil(forget_h * 3600)}s`, maxDataPoints: LONG_LOOK_POINTS }, context);
  if (before.kind !== 'series') return notAnswered(before, settings, context);
  return freshnessOutcome(settings, [...recent.series, ...before.series], context);
};

/** What the points mean. Pure. */
export function freshnessOutcome(settings: FreshnessSettings, series: readonly Series[], context: Pick<KindContext, 'services' | 'now'>): PromiseOutcome {
  const { max_age_s, forget_h, except } = settings;
  const hosts = agesOf(settings, series, context.now() / 1000).filter(
    ({ host, ageSeconds }) => ageSeconds <= forget_h * 3600 && !except.some((glob) => isLike(host, glob)),
  );
  if (hosts.length === 0) return undecided(`No host has sent ${namesInWords(settings.pattern)} within ${spanInWords(forget_h * 3600)}.`, settings, context);
  const stale = hosts.filter(({ ageSeconds }) => ageSeconds > max_age_s);
  const values = { hosts: hosts.length, stale_hosts: stale.length, oldest_s: Math.max(...hosts.map(({ ageSeconds }) => ageSeconds)) };
  if (stale.length === 0) return kept(`Every host sends: none has been silent for ${spanInWords(max_age_s)}.`, values);
  const message = `Silent for more than ${spanInWords(max_age_s)}: ${namesInWords(
    stale.map(({ host }) => host),
    10,
  )}.`;
  // After a start not all of them are back yet.
  return { ...undecided(message, { ...settings, no_data: 'failed' }, context), values };
}

/** The newest point of every host, by its name. Pure. */
export function agesOf({ pattern, reversed }: Pick<FreshnessSettings, 'pattern' | 'reversed'>, series: readonly Series[], nowSeconds: number): HostAge[] {
  const around = pattern.map((each) => each.split('{host}') as [before: string, after: string]);
  const ages = new Map<string, number>();
  for (const { name, points } of series) {
    const newest = points.at(-1);
    const [before, after] = around.find((each) => name.startsWith(each[0]) && name.endsWith(each[1]) && name.length > each[0].length + each[1].length) ?? [];
    if (newest === undefined || before === undefined || after === undefined) continue;
    const inName = name.slice(before.length, name.length - after.length);
    const host = reversed ? inName.split('.').reverse().join('.') : inName;
    ages.set(host, Math.min(ages.get(host) ?? Infinity, Math.max(0, nowSeconds - newest.atSeconds)));
  }
  return [...ages].map(([host, ageSeconds]) => ({ host, ageSeconds })).sort((a, b) => (a.host < b.host ? -1 : 1));
}
