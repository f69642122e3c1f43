import type { QueryService } from '../query.ts';
import type { Series } from '../series.ts';
import type { TopSort } from './sorts.ts';

/*
 * What collectd measured on every host, as far as the store has it. Hosts are what sends `<prefix>.<host>.load…`; a
 * host's name is turned round in the names of metrics (templates/collectd), and may have several parts.
 */

export interface HostFigures {
  /** As people write it: host.example.org. */
  name: string;
  /** Seconds since the newest point; null when there is none of the last week. */
  ageSeconds: number | null;
  /** Load of the last minute. */
  load: number | null;
  cores: number | null;
  /** Percent of all cores that were not idle. */
  cpu: number | null;
  /** Percent used. */
  memory: number | null;
  /** Percent used of the fullest file system. */
  disk: number | null;
  /** Bytes per second, all interfaces but the loopback together. */
  received: number | null;
  sent: number | null;
}

/** Parts that a host's name may have. */
const MOST_PARTS = 6;
/** Points of this time are looked at; a host without any is silent. */
export const LATELY_S = 300;
const LONG_AGO_S = 7 * 86_400;
const LONG_LOOK_POINTS = 336;

const LOAD = 'load.load.shortterm';
const MEASURED = ['cpu.*.cpu.idle', 'memory.percent.used', 'df.*.percent_bytes.used', 'interface.*.if_octets.{rx,tx}'];

/** Every host that was ever heard of, with its figures of the last minutes. Throws what the query service says. */
export async function lookAtHosts(service: QueryService, prefix: string, nowMs: number, memory: HostMemory): Promise<HostFigures[]> {
  const untilS = Math.ceil(nowMs / 1000);
  const series = await service.render(targetsOf(prefix), untilS - LATELY_S, untilS + 60);
  const present = figuresOfHosts(prefix, series, nowMs / 1000);
  if (memory.isDue(nowMs)) {
    const long = await service.render(patterns(prefix, [LOAD]), untilS - LONG_AGO_S, untilS, { mostPoints: LONG_LOOK_POINTS });
    memory.keep(newestByHost(prefix, long), nowMs);
  }
  memory.keep(new Map(present.flatMap(({ name, ageSeconds }) => (ageSeconds === null ? [] : [[name, nowMs / 1000 - ageSeconds] as const]))));
  const names = new Set(present.map(({ name }) => name));
  const silent = [...memory.newest].filter(([name]) => !names.has(name));
  return [...present, ...silent.map(([name, at]) => silentHost(name, at === null ? null : nowMs / 1000 - at))];
}

/** Which hosts there were before, and when each sent last: asked for once in a while, as it costs more. */
export class HostMemory {
  /** Seconds since the epoch of the newest point; null when it is older than a week. */
  readonly newest = new Map<string, number | null>();
  #askedMs = -Infinity;

  isDue(nowMs: number): boolean {
    return nowMs - this.#askedMs >= 60_000;
  }

  keep(newest: ReadonlyMap<string, number | null>, askedMs = this.#askedMs): void {
    this.#askedMs = askedMs;
    for (const [name, at] of newest) {
      const known = this.newest.get(name) ?? null;
      if (known === null || (at !== null && at > known)) this.newest.set(name, at);
    }
  }
}

/** What is asked for: Graphite's * stands for one part of a name. Pure. */
export function targetsOf(prefix: string): string[] {
  return patterns(prefix, [LOAD, ...MEASURED]);
}

function patterns(prefix: string, metrics: readonly string[]): string[] {
  return Array.from({ length: MOST_PARTS }, (_, index) =>
    Array(index + 1)
      .fill('*')
      .join('.'),
  ).flatMap((host) => metrics.map((metric) => `${prefix}.${host}.${metric}`));
}

const METRIC =
  /^(.+)\.(load\.load\.shortterm|cpu\.[^.]+\.cpu\.idle|memory\.percent\.used|df\.[^.]+\.percent_bytes\.used|interface\.([^.]+)\.if_octets\.(rx|tx))$/;

/** Series as hosts with their newest figures. Pure. */
export function figuresOfHosts(prefix: string, series: readonly Series[], nowS: number): HostFigures[] {
  const hosts = new Map<string, Gathered>();
  for (const { name, points } of series) {
    const found = name.startsWith(`${prefix}.`) ? METRIC.exec(name.slice(prefix.length + 1)) : null;
    const newest = points.findLast(([, value]) => value !== null);
    if (found === null || newest === undefined) continue;
    const [, reversed = '', metric = '', device, direction] = found;
    const host = reversed.split('.').reverse().join('.');
    const gathered = hosts.get(host) ?? { newestS: -Infinity, load: [], idle: [], memory: [], disk: [], received: [], sent: [] };
    hosts.set(host, gathered);
    gathered.newestS = Math.max(gathered.newestS, newest[0]);
    const list = listOf(gathered, metric, device, direction);
    list?.push(newest[1] ?? 0);
  }
  return [...hosts].map(([name, gathered]) => figuresOf(name, gathered, nowS));
}

interface Gathered {
  newestS: number;
  load: number[];
  idle: number[];
  memory: number[];
  disk: number[];
  received: number[];
  sent: number[];
}

function listOf(gathered: Gathered, metric: string, device: string | undefined, direction: string | undefined): number[] | undefined {
  if (metric.startsWith('load')) return gathered.load;
  if (metric.startsWith('cpu')) return gathered.idle;
  if (metric.startsWith('memory')) return gathered.memory;
  if (metric.startsWith('df')) return gathered.disk;
  if (device === 'lo') return undefined;
  return direction === 'rx' ? gathered.received : gathered.sent;
}

function figuresOf(name: string, { newestS, load, idle, memory, disk, received, sent }: Gathered, nowS: number): HostFigures {
  const sum = (numbers: readonly number[]): number | null => (numbers.length === 0 ? null : numbers.reduce((total, number) => total + number, 0));
  const percent = (value: number): number => Math.max(0, Math.min(100, value));
  return {
    name,
    ageSeconds: Math.max(0, nowS - newestS),
    load: load[0] ?? null,
    cores: idle.length === 0 ? null : idle.length,
    cpu: idle.length === 0 ? null : percent(100 - (sum(idle) ?? 0) / idle.length),
    memory: memory[0] ?? null,
    disk: disk.length === 0 ? null : Math.max(...disk),
    received: sum(received),
    sent: sum(sent),
  };
}

function newestByHost(prefix: string, series: readonly Series[]): Map<string, number | null> {
  const newest = new Map<string, number | null>();
  for (const { name, points } of series) {
    if (!name.startsWith(`${prefix}.`) || !name.endsWith(`.${LOAD}`)) continue;
    const host = name
      .slice(prefix.length + 1, -LOAD.length - 1)
      .split('.')
      .reverse()
      .join('.');
    newest.set(host, points.findLast(([, value]) => value !== null)?.[0] ?? null);
  }
  return newest;
}

function silentHost(name: string, ageSeconds: number | null): HostFigures {
  return { name, ageSeconds, load: null, cores: null, cpu: null, memory: null, disk: null, received: null, sent: null };
}

/** Seconds after which a host counts as silent: collectd sends every ten. */
export const SILENT_S = 120;

export function isSilent({ ageSeconds }: Pick<HostFigures, 'ageSeconds'>): boolean {
  return ageSeconds === null || ageSeconds > SILENT_S;
}

/** Load for each core, as far as the number of cores is known. */
export function loadPerCore({ load, cores }: Pick<HostFigures, 'load' | 'cores'>): number | null {
  return load === null || cores === null ? null : load / cores;
}

/** How much trouble a host is in: 0 none at all, from 1 on something is used up, 2 it is silent. Pure. */
export function trouble(host: HostFigures): number {
  if (isSilent(host)) return 2;
  return Math.max((host.disk ?? 0) / 100, (host.memory ?? 0) / 100, (host.cpu ?? 0) / 100, loadTrouble(loadPerCore(host) ?? 0));
}

/** Two for each core is 1; more comes nearer to 2 and never there. */
function loadTrouble(perCore: number): number {
  return perCore <= 2 ? perCore / 2 : 2 - 2 / perCore;
}

/** Sorted so that what needs a look comes first; names from A to Z. Pure. */
export function sortHosts(hosts: readonly HostFigures[], sort: TopSort, isReversed = false): HostFigures[] {
  const byName = (a: HostFigures, b: HostFigures): number => NAMES.compare(a.name, b.name);
  const sorted = hosts.toSorted((a, b) => (sort === 'name' ? byName(a, b) : keyOf(b, sort) - keyOf(a, sort) || byName(a, b)));
  return isReversed ? sorted.reverse() : sorted;
}

const NAMES = new Intl.Collator('en', { numeric: true });

function keyOf(host: HostFigures, sort: Exclude<TopSort, 'name'>): number {
  switch (sort) {
    case 'worst':
      return trouble(host);
    case 'load':
      return loadPerCore(host) ?? host.load ?? -1;
    case 'network':
      return host.received === null && host.sent === null ? -1 : (host.received ?? 0) + (host.sent ?? 0);
    case 'age':
      return host.ageSeconds ?? Number.MAX_VALUE;
    case 'cpu':
    case 'memory':
    case 'disk':
      return host[sort] ?? -1;
  }
}
