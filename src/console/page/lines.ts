import type { RenderedSeries } from '../answers.ts';
import type { ChartForHost, InstanceLines } from '../graphite/charts.ts';
import { formatValue } from './format.ts';

/** A value per time; null where there is none. */
export type Values = (number | null)[];

/** One line of a chart. */
export interface Line {
  label: string;
  /** Number of its colour; 0 is the one for what need not be looked at. */
  hue: number;
  /** Drawn below zero. */
  below: boolean;
  values: Values;
}

/** What a chart draws: lines over the same times (seconds since the epoch). */
export interface Lines {
  times: number[];
  lines: Line[];
  /** How many instances are not shown because there are too many. */
  more: number;
}

/** More lines than this cannot be told apart. */
export const MOST_INSTANCES = 8;

/** A chart's lines from what the query service answered. */
export function linesOf(chart: ChartForHost, rendered: readonly RenderedSeries[]): Lines {
  const times = timesOf(rendered);
  const values = new Map(rendered.map((series) => [series.target, alignedTo(times, series)]));
  const drawn = chart.lines.kind === 'named' ? { lines: namedLines(chart.lines.named, values), more: 0 } : instanceLines(chart.lines.instances, chart, values);
  return { times, ...drawn };
}

function timesOf(rendered: readonly RenderedSeries[]): number[] {
  const times = new Set(rendered.flatMap((series) => series.datapoints.map(([, time]) => time)));
  return [...times].sort((a, b) => a - b);
}

function alignedTo(times: readonly number[], series: RenderedSeries): Values {
  const byTime = new Map(series.datapoints.map(([value, time]) => [time, value]));
  return times.map((time) => byTime.get(time) ?? null);
}

const hasPoint = (values: Values): boolean => values.some((value) => value !== null);

function namedLines(named: readonly { label: string; quiet?: boolean }[], values: ReadonlyMap<string, Values>): Line[] {
  return named.flatMap(({ label, quiet }, position) => {
    const own = values.get(label);
    return own === undefined || !hasPoint(own) ? [] : [{ label, hue: quiet ? 0 : position + 1, below: false, values: own }];
  });
}

function instanceLines(spec: InstanceLines, chart: ChartForHost, values: ReadonlyMap<string, Values>): { lines: Line[]; more: number } {
  const found = new Map<string, Map<string, Values>>();
  for (const [target, own] of values) {
    const name = parseTarget(target, chart.prefix, spec.type);
    if (name === undefined || !hasPoint(own)) continue;
    const byValue = found.get(name.instance) ?? new Map<string, Values>();
    found.set(name.instance, byValue.set(name.value, own));
  }
  const worthShowing = busiest(withoutNoise([...found.keys()], spec.leaveOut).sort(byLabel), found);
  const shown = worthShowing.slice(0, MOST_INSTANCES);
  const lines = shown.flatMap((instance, position) => linesOfInstance(spec, instance, position + 1, found.get(instance) ?? new Map<string, Values>()));
  return { lines, more: worthShowing.length - shown.length };
}

/** The parts of a raw series' name, `<prefix><instance>.<type>.<value>`; an instance may have dots in it. */
function parseTarget(target: string, prefix: string, type: string): { instance: string; value: string } | undefined {
  if (!target.startsWith(prefix)) return undefined;
  const nodes = target.slice(prefix.length).split('.');
  const value = nodes.pop();
  return value === undefined || nodes.pop() !== type || nodes.length === 0 ? undefined : { instance: nodes.join('.'), value };
}

function linesOfInstance(spec: InstanceLines, instance: string, hue: number, byValue: ReadonlyMap<string, Values>): Line[] {
  if (spec.derive === 'share') {
    const [part, ...rest] = spec.values.map((value) => byValue.get(value));
    return part === undefined ? [] : [{ label: labelOf(instance), hue, below: false, values: shareOf(part, rest) }];
  }
  return spec.values.flatMap((value, position) => {
    const own = byValue.get(value);
    return own === undefined ? [] : [{ label: `${instance} ${spec.labels[position] ?? value}`, hue, below: position > 0, values: own }];
  });
}

/** collectd calls the file system at / "root"; no other name of an instance means anything else than it says. */
function labelOf(instance: string): string {
  return instance === 'root' ? '/' : instance;
}

function byLabel(a: string, b: string): number {
  return labelOf(a) < labelOf(b) ? -1 : 1;
}

function shareOf(part: Values, rest: readonly (Values | undefined)[]): Values {
  return part.map((value, index) => {
    const others = rest.map((values) => values?.[index] ?? null);
    if (value === null || others.includes(null)) return null;
    const all = others.reduce<number>((sum, other) => sum + (other ?? 0), value);
    return all === 0 ? null : (100 * value) / all;
  });
}

const PSEUDO_FILE_SYSTEM = /^(dev|run|sys|proc|snap)(-|$)/;
const VIRTUAL_DISK = /^(loop|ram|zram|sr|fd|dm-|md)\d+$/;
const VIRTUAL_INTERFACE = /^(lo|lo0|(docker|ifb|dummy|tunl|gif|stf|utun|awdl|llw|anpi|ap|bridge)\d+|(veth|virbr|br-|cali|cni|flannel).*)$/;

/** The instances without those that tell nothing new; all of them when nothing else is there. */
export function withoutNoise(instances: readonly string[], leaveOut: InstanceLines['leaveOut']): string[] {
  const isNoise: Record<InstanceLines['leaveOut'], (name: string) => boolean> = {
    'pseudo-file-systems': (name) => PSEUDO_FILE_SYSTEM.test(name),
    'virtual-interfaces': (name) => VIRTUAL_INTERFACE.test(name),
    'parts-of-disks': (name) => VIRTUAL_DISK.test(name) || instances.some((disk) => isPartition(name, disk)),
  };
  const kept = instances.filter((name) => !isNoise[leaveOut](name));
  return kept.length === 0 ? [...instances] : kept;
}

/** sda1 is a partition of sda, nvme0n1p2 of nvme0n1: its traffic is counted in the disk's. */
function isPartition(name: string, disk: string): boolean {
  return name !== disk && name.startsWith(disk) && (/\d$/.test(disk) ? /^p\d+$/ : /^\d+$/).test(name.slice(disk.length));
}

/** The names in their order when all can be shown; else those with the highest values first. */
function busiest(instances: string[], found: ReadonlyMap<string, ReadonlyMap<string, Values>>): string[] {
  if (instances.length <= MOST_INSTANCES) return instances;
  const peak = (instance: string): number =>
    [...(found.get(instance)?.values() ?? [])].flat().reduce<number>((highest, value) => Math.max(highest, value ?? 0), 0);
  const peaks = new Map(instances.map((instance) => [instance, peak(instance)]));
  return instances.sort((a, b) => (peaks.get(b) ?? 0) - (peaks.get(a) ?? 0));
}

/** Each line's values on top of those before it. A missing value counts as none, where any line has one. */
export function stacked(lines: readonly Line[]): Values[] {
  const height = (lines[0]?.values ?? []).map<number | null>((_, index) => (lines.some((line) => line.values[index] !== null) ? 0 : null));
  return lines.map((line) => {
    line.values.forEach((value, index) => {
      const below = height[index];
      if (below !== null && below !== undefined) height[index] = below + (value ?? 0);
    });
    return [...height];
  });
}

/** A line's newest value. */
export function latest(values: Values): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

/** The figure beside a chart's title: one value, or one for each direction. */
export function headlineOf(chart: ChartForHost, { lines }: Lines): { label: string; value: number }[] {
  const values = (chosen: readonly Line[]): number[] => chosen.flatMap((line) => latest(line.values) ?? []);
  const sum = (chosen: readonly Line[]): number => values(chosen).reduce((total, value) => total + value, 0);
  if (lines.length === 0) return [];
  switch (chart.headline) {
    case 'first':
      return values(lines.slice(0, 1)).map((value) => ({ label: lines[0]?.label ?? '', value }));
    case 'first-of-all':
      return values(lines.slice(0, 1)).map((value) => ({ label: `of ${formatValue(sum(lines), chart.unit)} ${lines[0]?.label ?? ''}`, value }));
    case 'sum':
      return [{ label: 'in use', value: sum(lines.filter((line) => line.hue !== 0)) }];
    case 'highest':
      return [{ label: 'fullest', value: Math.max(0, ...values(lines)) }];
    case 'directions': {
      const [above = '', below = ''] = chart.lines.kind === 'instances' ? chart.lines.instances.labels : [];
      return [
        { label: above, value: sum(lines.filter((line) => !line.below)) },
        { label: below, value: sum(lines.filter((line) => line.below)) },
      ];
    }
  }
}
