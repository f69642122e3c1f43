import { spanInWords } from '../../base/terminal.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { notAnswered, rendered, undecided, type QuerySettings, type Series } from './graphite.ts';
import type { KindContext, RunKind } from './kind.ts';
import { kept, namesInWords } from './outcome.ts';

/** Every host that sent a metric lately still does. */
export interface FreshnessSettings extends QuerySettings {
  /** A metric's name with {host} where the host's stands, which may have dots: "collectd.{host}.load.load.shortterm". */
  pattern: string;
  /** Parts that a host's name may have. */
  most_parts: number;
  /** True: host.example.org is org.example.host in the metric's name. */
  reversed: boolean;
  /** Seconds without a point after which a host is stale. */
  max_age_s: number;
  /** Hours without a point after which a host is forgotten: it was taken away. */
  forget_h: number;
  /** Hosts (globs with *) that may be silent. */
  except: string[];
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
  const targets = targetsOf(settings);
  // Two looks: a short one that is exact, and a long one, thinned out, for who was there before.
  const recent = await rendered({ url, targets, from: `-${Math.ceil(max_age_s + 60)}s` }, context);
  if (recent.kind !== 'series') return notAnswered(recent, settings, context);
  const before = await rendered({ url, targets, from: `-${Math.ceil(forget_h * 3600)}s`, maxDataPoints: LONG_LOOK_POINTS }, context);
  if (before.kind !== 'series') return notAnswered(before, settings, context);
  return freshnessOutcome(settings, [...recent.series, ...before.series], context);
};

/** One target for each number of parts that a host's name may have: Graphite's * stands for one part. Pure. */
export function targetsOf({ pattern, most_parts }: Pick<FreshnessSettings, 'pattern' | 'most_parts'>): string[] {
  return Array.from({ length: most_parts }, (_, index) =>
    pattern.replace(
      '{host}',
      Array(index + 1)
        .fill('*')
        .join('.'),
    ),
  );
}

/** What the points mean. Pure. */
export function freshnessOutcome(settings: FreshnessSettings, series: readonly Series[], context: Pick<KindContext, 'services' | 'now'>): PromiseOutcome {
  const { max_age_s, forget_h, except } = settings;
  const hosts = agesOf(settings, series, context.now() / 1000).filter(
    ({ host, ageSeconds }) => ageSeconds <= forget_h * 3600 && !except.some((glob) => isLike(host, glob)),
  );
  if (hosts.length === 0) return undecided(`No host has sent ${settings.pattern} within ${spanInWords(forget_h * 3600)}.`, settings, context);
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
  const [before = '', after = ''] = pattern.split('{host}');
  const ages = new Map<string, number>();
  for (const { name, points } of series) {
    const newest = points.at(-1);
    if (newest === undefined || !name.startsWith(before) || !name.endsWith(after) || name.length <= before.length + after.length) continue;
    const inName = name.slice(before.length, name.length - after.length);
    const host = reversed ? inName.split('.').reverse().join('.') : inName;
    ages.set(host, Math.min(ages.get(host) ?? Infinity, Math.max(0, nowSeconds - newest.atSeconds)));
  }
  return [...ages].map(([host, ageSeconds]) => ({ host, ageSeconds })).sort((a, b) => (a.host < b.host ? -1 : 1));
}

/** True when a name is like a glob with * for any characters: without regular expressions, so that it costs no more than it looks. Pure. */
export function isLike(name: string, glob: string): boolean {
  const parts = glob.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return name === glob;
  const last = parts.at(-1) ?? '';
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const at = name.indexOf(part, from);
    if (at < 0 || at + part.length > name.length - last.length) return false;
    from = at + part.length;
  }
  return true;
}
