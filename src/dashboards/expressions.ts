/*
 * Graphite expressions that dashboards share. Functions are kept to those that graphite-web and carbonapi have in common
 * and do alike; test/e2e/dashboards.test.ts runs each of them through both.
 */

/** Labels that a host's name may have: host, host.example, host.example.org, … */
export const LABELS = [1, 2, 3, 4, 5] as const;

/** `*.*` for two. */
function stars(count: number): string {
  return Array.from({ length: count }, () => '*').join('.');
}

/** The nodes 1 to `count`: a host's name after a prefix of one word. */
function hostNodes(count: number): string {
  return Array.from({ length: count }, (_, index) => index + 1).join(', ');
}

/** One expression for hosts with however many labels; `make` gets a pattern of their names, its nodes after one word, and its nodes alone. */
export function ofAllHosts(make: (pattern: string, nodes: string, bareNodes: string) => string): string {
  const each = LABELS.map((count) => make(stars(count), hostNodes(count), Array.from({ length: count }, (_, index) => index).join(', ')));
  return `group(${each.join(', ')})`;
}

/** Names of hosts below a prefix, by a metric that each of them has: `org.example.host`. */
export function hostNames(prefix: string, metric: string): string {
  const all = ofAllHosts((pattern) => `${prefix}.${pattern}.${metric}`);
  return `aliasSub(aliasSub(${all}, '\\.${metric.replaceAll('.', '\\.')}$', ''), '^${prefix.replaceAll('.', '\\.')}\\.', '')`;
}

const BUSY = '{user,nice,system,wait,interrupt,softirq,steal}';

/** What processors are busy with, in per cent of one: a series for each state, averaged over all processors. */
export function cpuByState(host: string): string {
  return `groupByNode(${host}.cpu.*.{cpu,percent}.${BUSY}, -1, 'average')`;
}

/** Processors in use, in per cent of all of them. */
export function cpuInUse(host: string): string {
  return `sumSeries(${cpuByState(host)})`;
}

/**
 * File systems in use as df shows it, used / (used + free): what is reserved for root is neither. One series each, called
 * asPercent(<name>.used,…). collectd's percent_bytes counts what is reserved as free, and so shows less than df.
 */
export function fileSystemsInUse(host: string): string {
  return onlyUsed(`asPercent(${host}.df.*.df_complex.{used,free}, None, -3)`);
}

function onlyUsed(percentages: string): string {
  return `exclude(${percentages}, '^asPercent\\([^,]*\\.free,')`;
}

/** The fullest file system of each host; see `fileSystemsInUse`. */
export function fullestOfHosts(prefix: string): string {
  return ofAllHosts((pattern, nodes) => {
    const fileSystem = (nodes.split(', ').length + 2).toString();
    const used = onlyUsed(`asPercent(${prefix}.${pattern}.df.*.df_complex.{used,free}, None, ${nodes}, ${fileSystem})`);
    return `groupByNodes(${used}, 'max', ${nodes})`;
  });
}

/** A value of each host. */
export function valueOfHosts(prefix: string, metric: string): string {
  return ofAllHosts((pattern, nodes) => `aliasByNode(${prefix}.${pattern}.${metric}, ${nodes})`);
}

/** Processors in use, of each host. */
export function cpuOfHosts(prefix: string): string {
  return ofAllHosts((pattern, nodes, bare) => {
    const idle = `groupByNodes(${prefix}.${pattern}.cpu.*.{cpu,percent}.idle, 'average', ${nodes})`;
    return `aliasByNode(offset(scale(${idle}, -1), 100), ${bare})`;
  });
}

/** Load over 5 minutes, per processor. */
export function loadPerCore(host: string): string {
  return `divideSeries(${host}.load.load.midterm, countSeries(${host}.cpu.*.{cpu,percent}.idle))`;
}

/** Bytes per second of each host, over all its interfaces but the loopback one. */
export function trafficOfHosts(prefix: string, direction: 'rx' | 'tx'): string {
  return ofAllHosts((pattern, nodes) => {
    const real = `exclude(${prefix}.${pattern}.interface.*.if_octets.${direction}, '\\.interface\\.lo\\.')`;
    return `groupByNodes(${real}, 'sum', ${nodes})`;
  });
}

/** Hosts by the beginning of their own name, with however many labels before it: `collectd.*.worker-*.load`. */
export function ofHostsCalled(prefix: string, name: string, metric: string): string {
  return `group(${LABELS.map((count) => [prefix, ...Array.from({ length: count - 1 }, () => '*'), name, metric].join('.')).join(', ')})`;
}
