import type { Series } from '../promises/kinds/graphite.ts';
import type { Graphite } from './graphite.ts';
import { legacyHost } from './legacy.ts';

/*
 * The processes of DSS that collectd found by their command lines (`ProcessMatch` in conf/collectd/collectd.conf): the
 * server (backend), one for each job (jek), and one for each user's explorations (fek).
 */

export const MATCHES = ['backend', 'fek', 'jek'] as const;
export type Match = (typeof MATCHES)[number];

/** What runs of DSS on a host. */
export interface HostProcesses {
  /** As it is called: host.example.org. */
  host: string;
  counts: Partial<Record<Match, number>>;
  ageSeconds: number;
}

/** Parts that a host's name may have. */
const MOST_PARTS = 8;

/** What the collectd of every host, and that of every instance of DSS, found lately; `now` is in milliseconds. */
export async function findProcesses(graphite: Graphite, prefixes: readonly string[], now: () => number): Promise<HostProcesses[]> {
  const hosts = Array.from(
    { length: MOST_PARTS },
    (_, index) =>
      `collectd.${Array(index + 1)
        .fill('*')
        .join('.')}`,
  );
  const targets = [...hosts, ...prefixes.map((prefix) => `${prefix}.collectd`)].map((place) => `${place}.processes.dss_*.ps_count.processes`);
  return processesIn(await graphite.render(targets, '-6min'), now() / 1000);
}

/** The newest count of every match on every host. Pure. */
export function processesIn(series: readonly Series[], nowSeconds: number): HostProcesses[] {
  const hosts = new Map<string, HostProcesses>();
  for (const { name, points } of series) {
    const [, place = '', match = ''] = /^(.+)\.processes\.dss_(backend|fek|jek)\.ps_count\.processes$/.exec(name) ?? [];
    const newest = points.at(-1);
    if (place === '' || newest === undefined) continue;
    const host = hostOf(place);
    const found = hosts.get(host) ?? { host, counts: {}, ageSeconds: Infinity };
    found.counts[match as Match] = newest.value;
    found.ageSeconds = Math.min(found.ageSeconds, Math.max(0, nowSeconds - newest.atSeconds));
    hosts.set(host, found);
  }
  // What `dkm dss legacy` has a host send a second time is no second host.
  for (const host of [...hosts.keys()]) hosts.delete(`dss.${legacyHost(host.split('.').reverse().join('.'))}`);
  return [...hosts.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
}

/** collectd.org.example.host is host.example.org; what an instance's own collectd sends has that instance's name alone. */
function hostOf(place: string): string {
  return place.startsWith('collectd.') ? place.slice('collectd.'.length).split('.').reverse().join('.') : place.replace(/\.collectd$/, '');
}

/** True for a host on which anything of DSS runs. Pure. */
export function runsDss({ counts }: HostProcesses): boolean {
  return MATCHES.some((match) => (counts[match] ?? 0) > 0);
}
