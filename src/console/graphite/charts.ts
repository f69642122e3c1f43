/*
 * The charts of a host, as data. The names are those that collectd's write_graphite makes with SeparateInstances and
 * PreserveSeparator, seen with collectd 5.12:
 *   collectd.<host>.<plugin>[.<instance>].<type>.<value>
 * Functions are kept to those which graphite-web and carbonapi have in common.
 */

/** How values are written. */
export type Unit = 'number' | 'percent' | 'bytes' | 'bytes-per-second';

/** How lines are drawn: beside each other, on each other, or the second value of an instance below zero. */
export type Shape = 'lines' | 'stacked' | 'mirrored';

/** The large figure beside the title: the first line (of the sum of all), the sum of the counted ones, the highest, or one per direction. */
export type Headline = 'first' | 'first-of-all' | 'sum' | 'highest' | 'directions';

/** A line with a name of its own, from one Graphite expression; `{host}` is `collectd.<host>`. */
export interface NamedLine {
  label: string;
  expression: string;
  /** Drawn in grey: nothing to look at. */
  quiet?: boolean;
}

/** Lines found by asking: one for each disk, interface or file system. */
export interface InstanceLines {
  plugin: string;
  type: string;
  /** The values of the type; with two and the shape `mirrored` the second goes below zero. */
  values: string[];
  /** What the values are called on the page. */
  labels: string[];
  /** `share`: one line for each instance, the first value in per cent of all. */
  derive: 'values' | 'share';
  /** Instances that tell nothing new. */
  leaveOut: 'pseudo-file-systems' | 'parts-of-disks' | 'virtual-interfaces';
}

export interface Chart {
  id: string;
  title: string;
  /** One sentence on what is shown. */
  about: string;
  unit: Unit;
  shape: Shape;
  headline: Headline;
  /** Fixed top of the scale. */
  top?: number;
  lines: { kind: 'named'; named: NamedLine[] } | { kind: 'instances'; instances: InstanceLines };
}

/** A chart with the Graphite expressions that fill it. */
export interface ChartForHost extends Chart {
  /** Names of raw series begin with this; the rest is `<instance>.<type>.<value>`. */
  prefix: string;
  targets: string[];
}

/** The first points are on the page this many seconds after the collector started: its interval, twice, and the store's. */
export const FIRST_POINTS_WITHIN_S = 30;

/** The average over all cores, added up where a line stands for several states. */
const cpu = (label: string, ...states: string[]): NamedLine => {
  const averages = states.map((state) => `averageSeries({host}.cpu.*.{cpu,percent}.${state})`);
  return { label, expression: averages.length === 1 ? averages.join() : `sumSeries(${averages.join()})` };
};
const memory = (label: string, kinds: string): NamedLine => ({ label, expression: `sumSeries({host}.memory.memory.${kinds})` });
const load = (label: string, term: string): NamedLine => ({ label, expression: `{host}.load.load.${term}` });

/** Every chart of the page, in its order. */
export const CHARTS: readonly Chart[] = [
  {
    id: 'load',
    title: 'Load',
    about: 'Processes that run or wait to run, averaged.',
    unit: 'number',
    shape: 'lines',
    headline: 'first',
    lines: { kind: 'named', named: [load('1 min', 'shortterm'), load('5 min', 'midterm'), load('15 min', 'longterm')] },
  },
  {
    id: 'cpu',
    title: 'CPU',
    about: 'Share of all cores.',
    unit: 'percent',
    shape: 'stacked',
    headline: 'sum',
    top: 100,
    lines: {
      kind: 'named',
      named: [
        cpu('user', 'user'),
        cpu('system', 'system'),
        cpu('waiting for disk', 'wait'),
        cpu('nice', 'nice'),
        cpu('stolen', 'steal'),
        cpu('interrupts', 'interrupt', 'softirq'),
      ],
    },
  },
  {
    id: 'memory',
    title: 'Memory',
    about: 'All of it, by use.',
    unit: 'bytes',
    shape: 'stacked',
    headline: 'first-of-all',
    lines: {
      kind: 'named',
      // The last three before "free" are what collectd reports on macOS in place of the others.
      named: [
        memory('used', 'used'),
        memory('kernel', '{slab_recl,slab_unrecl}'),
        memory('buffers', 'buffered'),
        memory('cached', 'cached'),
        memory('wired', 'wired'),
        memory('active', 'active'),
        memory('inactive', 'inactive'),
        { ...memory('free', 'free'), quiet: true },
      ],
    },
  },
  {
    id: 'disk-use',
    title: 'Disk space',
    about: 'Share of each file system in use.',
    unit: 'percent',
    shape: 'lines',
    headline: 'highest',
    top: 100,
    lines: {
      kind: 'instances',
      instances: { plugin: 'df', type: 'df_complex', values: ['used', 'free'], labels: ['used', 'free'], derive: 'share', leaveOut: 'pseudo-file-systems' },
    },
  },
  {
    id: 'disk-io',
    title: 'Disk traffic',
    about: 'Read above, written below.',
    unit: 'bytes-per-second',
    shape: 'mirrored',
    headline: 'directions',
    lines: {
      kind: 'instances',
      instances: { plugin: 'disk', type: 'disk_octets', values: ['read', 'write'], labels: ['read', 'write'], derive: 'values', leaveOut: 'parts-of-disks' },
    },
  },
  {
    id: 'network',
    title: 'Network',
    about: 'Received above, sent below.',
    unit: 'bytes-per-second',
    shape: 'mirrored',
    headline: 'directions',
    lines: {
      kind: 'instances',
      instances: { plugin: 'interface', type: 'if_octets', values: ['rx', 'tx'], labels: ['in', 'out'], derive: 'values', leaveOut: 'virtual-interfaces' },
    },
  },
];

/** The charts with their expressions for a host, named as in metrics (org.example.host). */
export function chartsOf(reversedHost: string): ChartForHost[] {
  const host = `collectd.${reversedHost}`;
  return CHARTS.map((chart) => ({ ...chart, ...queryOf(chart, host) }));
}

function queryOf(chart: Chart, host: string): { prefix: string; targets: string[] } {
  if (chart.lines.kind === 'named') {
    const targets = chart.lines.named.map((line) => `alias(${line.expression.replaceAll('{host}', host)},"${line.label}")`);
    return { prefix: '', targets };
  }
  const { plugin, type, values } = chart.lines.instances;
  const prefix = `${host}.${plugin}.`;
  // An instance with a dot in its name (the VLAN eth0.100) is two nodes of the metric's name.
  return { prefix, targets: ['*', '*.*'].map((instance) => `${prefix}${instance}.${type}.{${values.join(',')}}`) };
}
