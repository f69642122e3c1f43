/*
 * Which metrics are those of one host. A name does not tell where the host's own ends (`collectd.org.example.web1.cpu.…`);
 * what every host has does.
 */

/** What collectd (templates/collectd) and Telegraf (templates/telegraf) send of every host, behind the host's name. */
const OF_EVERY_HOST = ['.load.load.shortterm', '.system.load1'];

/** A host, as far as metrics are concerned. */
export interface HostMetrics {
  /** `collectd.org.example.web1`: what the names of its metrics begin with. */
  prefix: string;
  metrics: string[];
}

/** Hosts among these metrics, the largest first. Pure. */
export function hostsAmong(metrics: Iterable<string>): HostMetrics[] {
  const hosts = new Map<string, HostMetrics>();
  const rest: string[] = [];
  for (const metric of metrics) {
    rest.push(metric);
    const end = OF_EVERY_HOST.find((ending) => metric.endsWith(ending));
    if (end !== undefined) hosts.set(metric.slice(0, -end.length), { prefix: metric.slice(0, -end.length), metrics: [] });
  }
  if (hosts.size > 0) for (const metric of rest) hostOf(metric, hosts)?.metrics.push(metric);
  return [...hosts.values()].sort((a, b) => b.metrics.length - a.metrics.length);
}

/** The longest name that this metric's begins with: `web1.example` may be a host beside `example`. */
function hostOf(metric: string, hosts: ReadonlyMap<string, HostMetrics>): HostMetrics | undefined {
  for (let end = metric.lastIndexOf('.'); end > 0; end = metric.lastIndexOf('.', end - 1)) {
    const host = hosts.get(metric.slice(0, end));
    if (host) return host;
  }
  return undefined;
}
