/*
 * Simulated hosts: which metrics they have, when they send, and what. The sender and who reads the points back both work
 * it out from the same few numbers. Everything here is pure.
 */

/** As collectd's `Interval` in templates/collectd. */
export const STEP_S = 10;

/** What is simulated. */
export interface HostLoad {
  hosts: number;
  metricsPerHost: number;
  /** When the first interval begins: seconds since the epoch, a multiple of STEP_S. */
  firstSecond: number;
  intervals: number;
  /** The same seed gives the same moments. */
  seed: number;
}

/** `org.example.bench3`: reversed, as collectd's configuration has it. */
export function hostName(host: number): string {
  return `org.example.bench${host}`;
}

const CPU = ['user', 'nice', 'system', 'idle', 'wait', 'interrupt', 'softirq', 'steal', 'guest', 'guest_nice'];
const MEMORY = ['used', 'free', 'buffered', 'cached', 'slab_recl', 'slab_unrecl'];
const SWAP = ['used', 'free', 'cached'];
const PROCESSES = ['ps_rss', 'ps_vm', 'ps_code', 'ps_data', 'ps_stacksize', 'file_handles', 'file_handles.mapped', 'contextswitch'];
const [PER_TWO, PER_STATE] = [
  ['if_octets', 'if_packets', 'if_errors', 'if_dropped'],
  ['running', 'sleeping', 'blocked', 'zombies', 'stopped', 'paging'],
];

const each = (heads: readonly string[], tails: readonly string[]): string[] => heads.flatMap((head) => tails.map((tail) => `${head}.${tail}`));

/** Names of a host's metrics below its own, as templates/collectd makes them, as many as wanted: what is above the rest are processors. */
export function metricNames(count: number): string[] {
  const mounts = ['root', 'data', 'var-log'].map((mount) => `df.${mount}`);
  const names = [
    ...['shortterm', 'midterm', 'longterm'].map((term) => `load.load.${term}`),
    ...each(['memory.memory', 'memory.percent'], MEMORY),
    ...each(['swap.swap', 'swap.percent'], SWAP),
    ...each(['swap.swap_io'], ['in', 'out']),
    ...each(each(mounts, ['df_complex', 'percent_bytes']), ['free', 'reserved', 'used']),
    ...each(each(['disk.sda', 'disk.sdb'], ['disk_octets', 'disk_ops', 'disk_time', 'disk_merged']), ['read', 'write']),
    ...each(['disk.sda', 'disk.sdb'], ['disk_io_time.io_time', 'disk_io_time.weighted_io_time', 'pending_operations']),
    ...each(each(['interface.eth0', 'interface.lo'], PER_TWO), ['rx', 'tx']),
    ...each(['processes.ps_state'], PER_STATE),
    'processes.fork_rate',
    ...each(['processes.dss_backend', 'processes.dss_fek', 'processes.dss_jek'], [...PROCESSES, 'ps_count.processes', 'ps_count.threads']),
    ...each(each(['processes.dss_backend', 'processes.dss_fek', 'processes.dss_jek'], ['ps_cputime']), ['user', 'syst']),
  ];
  for (let cpu = 0; names.length < count; cpu += 1) names.push(...each([`cpu.${cpu}.cpu`], CPU));
  return names.slice(0, count);
}

/** The value of a metric in an interval: no two metrics or neighbouring intervals have the same, so that a mix-up shows. */
export function valueOf(metric: number, intervalSecond: number): number {
  return ((intervalSecond / STEP_S) % 100_000) * 1000 + metric;
}

/** How far from the edges of an interval hosts send, so that every interval gets one point and what is missing was lost. */
const EDGE_MS = 500;
/** Real collectds are this far from their own beat, more or less. */
const JITTER_MS = 200;

/** When a host sends in an interval, milliseconds since the epoch: each host at a moment of its own, a little off it each time. */
export function sendingMs({ firstSecond, seed }: Pick<HostLoad, 'firstSecond' | 'seed'>, host: number, interval: number): number {
  const room = STEP_S * 1000 - 2 * EDGE_MS - JITTER_MS;
  const phaseMs = EDGE_MS + chance(seed, host, -1) * room;
  return (firstSecond + interval * STEP_S) * 1000 + phaseMs + chance(seed, host, interval) * JITTER_MS;
}

/** A number from 0 to 1 that depends on these alone (splitmix32's mixing: https://prng.di.unimi.it/splitmix64.c, for 32 bits). */
function chance(seed: number, host: number, interval: number): number {
  let mixed = Math.imul(seed ^ Math.imul(host + 1, 0x9e3779b1) ^ Math.imul(interval + 2, 0x85ebca6b), 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

/** Bytes that collectd's write_graphite sends at once: https://github.com/collectd/collectd, src/write_graphite.c, WG_SEND_BUF_SIZE */
const BUFFER_BYTES = 1428;

/** What a host sends in an interval, in the portions that write_graphite makes of it. */
export function portions(host: number, names: readonly string[], intervalSecond: number, second: number): string[] {
  const made: string[] = [];
  let portion = '';
  for (const [metric, name] of names.entries()) {
    const line = `collectd.${hostName(host)}.${name} ${valueOf(metric, intervalSecond)} ${second}\r\n`;
    if (portion.length + line.length > BUFFER_BYTES) [portion] = ['', made.push(portion)];
    portion += line;
  }
  return [...made, portion];
}
