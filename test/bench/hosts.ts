import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { listTree } from '../../src/base/files.ts';
import { bytesInWords, say, sayAside, table } from '../../src/base/terminal.ts';
import type { SupervisorStatus } from '../../src/contract/status.ts';
import { render } from '../helpers/graphite.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { hostName, STEP_S, type HostLoad } from './host-load.ts';
import { settledReadBack } from './host-loss.ts';
import type { SenderAccount } from './host-sender.ts';
import { median } from './measure.ts';
import { usageOf, type Usage } from './process-usage.ts';

/*
 * What 1, 10 and 100 hosts cost a store and a query service, with the dashboard of a host open and refreshed every 10 s.
 * Sizes in turn, and for each the bundles in turn. A part of `npm run bench` (1 and 10 hosts, a minute); by itself:
 *   node test/bench/hosts.ts BUNDLE... [--hosts 1,10,100] [--minutes 10] [--json]
 * Bundles are unpacked ones: two with different providers are shown side by side, with ratios.
 */

export const METRICS_PER_HOST = 300;

/** What was measured of one bundle with so many hosts. */
export interface HostFigures {
  hosts: number;
  minutes: number;
  store: string;
  query: string;
  sent: number;
  /** Sent, and never to be read again. */
  lost: number;
  /** Values that nobody sent. */
  wrong: number;
  acceptedPerSecond: number;
  storeCpuPercent: number;
  storeMemoryMib: number;
  queryCpuPercent: number;
  queryMemoryMib: number;
  /** Of both together, until everything could be read back. */
  writtenBytes: number;
  /** What the whisper files of a host take of the disk then. */
  diskBytesPerHost: number;
  /** All targets of the host dashboard in one request. */
  dashboardMedianMs: number;
  dashboardP95Ms: number;
  dashboardQueries: number;
  dashboardTargets: number;
  senderCpuPercent: number;
  senderMemoryMib: number;
  senderLatestMs: number;
  /** Of the machine, over the last minute of sending: other work on it shows here. */
  loadAverage: number;
}

interface Sizes {
  hosts: readonly number[];
  minutes: number;
}

/** What `npm run bench` runs, some six minutes of it; all of it is a command of its own: docs/retention.md. */
export const SHORT_HOSTS: Sizes = { hosts: [1, 10], minutes: 1 };

/** Measures and prints. `work`: a directory for everything, the caller's to remove. */
export async function reportHosts(bundles: readonly string[], { hosts, minutes }: Sizes, work: string): Promise<HostFigures[]> {
  const all: HostFigures[] = [];
  for (const count of hosts) {
    for (const [index, bundle] of bundles.entries()) {
      sayAside(`${count} host${count === 1 ? '' : 's'} for ${minutes} min, bundle ${index + 1} of ${bundles.length} …`);
      all.push(await measureHosts(bundle, { hosts: count, minutes }, join(work, `hosts-${count}-${index}`)));
    }
  }
  tell(all);
  return all;
}

/** Installs a bundle's store and query service alone, and has so many hosts send to it. */
async function measureHosts(bundle: string, { hosts, minutes }: { hosts: number; minutes: number }, root: string): Promise<HostFigures> {
  const target = await install(bundle, root, '-t', 'backend', '--hostname', 'bench.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
  try {
    await startAll(target);
    return await underLoad(target, hosts, minutes);
  } finally {
    await target.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

/** Time for the sender to start. */
const LEAD_S = 5;

async function underLoad(target: Installation, hosts: number, minutes: number): Promise<HostFigures> {
  const [store, query] = [serviceOf(target, 'store'), serviceOf(target, 'query')];
  const targets = hostDashboard(target);
  const firstSecond = Math.ceil((Date.now() / 1000 + LEAD_S) / STEP_S) * STEP_S;
  const load: HostLoad = { hosts, metricsPerHost: METRICS_PER_HOST, firstSecond, intervals: (minutes * 60) / STEP_S, seed: hosts };
  const sender = startSender(target.port + 1, load);
  const before = [usageOf(store.pid), usageOf(query.pid)] as const;
  const startMs = performance.now();
  const watching = new AbortController();
  const queries = askAgainAndAgain(target.port + 2, load, targets, watching.signal);
  const peaks = peaksOf([store.pid, query.pid], watching.signal);
  const account = await sender;
  const seconds = (performance.now() - startMs) / 1000;
  const after = [usageOf(store.pid), usageOf(query.pid)] as const;
  const loadAverage = loadavg()[0] ?? Number.NaN;
  watching.abort();
  const [times, [storeMemoryMib = 0, queryMemoryMib = 0]] = await Promise.all([queries, peaks]);
  const { sent, found, wrong } = await settledReadBack(target.port + 2, load);
  if (sent !== account.points) throw new Error(`the sender sent ${account.points} points, not ${sent}`);
  const percent = (now: Usage, then: Usage): number => ((now.cpuSeconds - then.cpuSeconds) / seconds) * 100;
  const written = [usageOf(store.pid), usageOf(query.pid)].reduce((sum, { writtenBytes }, index) => sum + writtenBytes - (before[index]?.writtenBytes ?? 0), 0);
  return {
    hosts,
    minutes,
    store: store.name,
    query: query.name,
    sent,
    lost: sent - found,
    wrong,
    acceptedPerSecond: found / (load.intervals * STEP_S),
    storeCpuPercent: percent(after[0], before[0]),
    storeMemoryMib,
    queryCpuPercent: percent(after[1], before[1]),
    queryMemoryMib,
    writtenBytes: written,
    diskBytesPerHost: (await diskBytesBelow(join(target.layout.storage, 'whisper', 'collectd'))) / hosts,
    dashboardMedianMs: median(times),
    dashboardP95Ms: percentile(times, 0.95),
    dashboardQueries: times.length,
    dashboardTargets: targets.length,
    senderCpuPercent: (account.cpuSeconds / seconds) * 100,
    senderMemoryMib: account.memoryMib,
    senderLatestMs: account.latestMs,
    loadAverage,
  };
}

function serviceOf({ layout }: Installation, role: string): { name: string; pid: number } {
  const { services } = JSON.parse(readFileSync(layout.status, 'utf8')) as SupervisorStatus;
  const found = services.find((service) => service.role === role);
  if (!found || found.pid === null) throw new Error(`no ${role} runs`);
  return { name: found.name, pid: found.pid };
}

function startSender(port: number, load: HostLoad): Promise<SenderAccount> {
  const { promise, resolve, reject } = Promise.withResolvers<SenderAccount>();
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'host-sender.ts'), JSON.stringify({ ...load, port })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.once('error', reject);
  child.once('close', (code) => (code === 0 ? resolve(JSON.parse(printed) as SenderAccount) : reject(new Error(`the sender ended with ${code}`))));
  return promise;
}

/** A dashboard as Grafana reads it, as far as it matters here. */
export interface Dashboard {
  uid?: string;
  templating?: { list?: { name: string; type?: string; current?: { value?: unknown } }[] };
  panels?: { targets?: { target?: string }[]; panels?: Dashboard['panels'] }[];
}

const HOST_DASHBOARD = 'dkm-this-host';

/** Targets of the dashboard of one host, as it is installed. `$host` is still in them. */
function hostDashboard({ layout }: Installation): string[] {
  const folder = join(layout.conf, 'dashboards');
  const all = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const found = all.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard).find(({ uid }) => uid === HOST_DASHBOARD);
  if (found === undefined) throw new Error(`${folder}: there is no dashboard ${HOST_DASHBOARD}`);
  return targetsOf(found);
}

/** Every target of a dashboard, its variables filled in as it is opened, but for `$host`. Pure. */
export function targetsOf({ templating, panels }: Dashboard): string[] {
  const variables = (templating?.list ?? []).filter(({ name }) => name !== 'host');
  const flat = (panels ?? []).flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  const targets = flat.flatMap((panel) => (panel.targets ?? []).flatMap(({ target }) => (target === undefined ? [] : [target])));
  return targets.map((target) => variables.reduce((text, { name, current }) => withVariable(text, name, valueAtOpening(current?.value)), target));
}

/** Grafana's own variables, such as `$__auto`, stand for a time span: at the last hour it is that of the finest points. */
function valueAtOpening(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`a variable that opens with ${JSON.stringify(value)}`);
  return value.startsWith('$__') ? `${STEP_S}s` : value;
}

/** `$name` and `${name}` in a target. */
export function withVariable(target: string, name: string, value: string): string {
  return target.replaceAll(new RegExp(`\\$(?:\\{${name}(?::\\w+)?\\}|${name}\\b)`, 'g'), () => value);
}

/** One person looks: asks for the dashboard of one host after the other, every 10 s. Returns milliseconds. */
async function askAgainAndAgain(port: number, load: HostLoad, targets: readonly string[], signal: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  // Begins when every host has sent twice, so that there is something to see.
  await pause((load.firstSecond + 2 * STEP_S) * 1000 - Date.now());
  for (let host = 0; !signal.aborted; host = (host + 1) % load.hosts) {
    const start = performance.now();
    const series = await render(
      port,
      targets.map((target) => withVariable(target, 'host', hostName(host))),
      '-1h',
    );
    const took = performance.now() - start;
    // A new metric may take some time to be found; what answers with nothing is not counted as quick.
    if (series.some(({ datapoints }) => datapoints.some(([value]) => value !== null))) times.push(took);
    await pause(Math.max(0, STEP_S * 1000 - took), undefined, { signal }).catch(() => undefined);
  }
  if (times.length === 0) throw new Error('the dashboard never showed anything');
  return times;
}

const LOOK_EVERY_MS = 5_000;

/** The most memory that each took, in MiB. */
async function peaksOf(pids: readonly number[], signal: AbortSignal): Promise<number[]> {
  const peaks = pids.map(() => 0);
  while (!signal.aborted) {
    for (const [index, pid] of pids.entries()) peaks[index] = Math.max(peaks[index] ?? 0, usageOf(pid).memoryMib);
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return peaks;
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

async function diskBytesBelow(folder: string): Promise<number> {
  const files = await Promise.all((await listTree(folder)).map(async (file) => stat(join(folder, file))));
  return files.reduce((sum, { blocks }) => sum + blocks * 512, 0);
}

const COLUMNS: [head: string, cell: (figures: HostFigures) => string][] = [
  ['HOSTS', ({ hosts }) => `${hosts}`],
  ['STORE + QUERY', ({ store, query }) => `${store} + ${query}`],
  ['POINTS/S', ({ acceptedPerSecond }) => acceptedPerSecond.toFixed(0)],
  ['SENT', ({ sent }) => `${sent}`],
  ['LOST', ({ lost, wrong }) => (wrong === 0 ? `${lost}` : `${lost}, ${wrong} of them wrong`)],
  ['CPU', ({ storeCpuPercent, queryCpuPercent }) => `${storeCpuPercent.toFixed(1)} + ${queryCpuPercent.toFixed(1)} %`],
  ['MEMORY', ({ storeMemoryMib, queryMemoryMib }) => `${storeMemoryMib.toFixed(0)} + ${queryMemoryMib.toFixed(0)} MiB`],
  ['WRITTEN', ({ writtenBytes }) => bytesInWords(writtenBytes)],
  ['DISK PER HOST', ({ diskBytesPerHost }) => bytesInWords(diskBytesPerHost)],
  ['DASHBOARD', ({ dashboardMedianMs, dashboardP95Ms }) => `${dashboardMedianMs.toFixed(0)} / ${dashboardP95Ms.toFixed(0)} ms`],
  ['SENDER', ({ senderCpuPercent, senderMemoryMib }) => `${senderCpuPercent.toFixed(1)} %, ${senderMemoryMib.toFixed(0)} MiB`],
  ['LOAD', ({ loadAverage }) => loadAverage.toFixed(1)],
];

const RATIOS: [head: string, of: (figures: HostFigures) => number][] = [
  ['CPU', ({ storeCpuPercent, queryCpuPercent }) => storeCpuPercent + queryCpuPercent],
  ['MEMORY', ({ storeMemoryMib, queryMemoryMib }) => storeMemoryMib + queryMemoryMib],
  ['WRITTEN', ({ writtenBytes }) => writtenBytes],
  ['DISK PER HOST', ({ diskBytesPerHost }) => diskBytesPerHost],
  ['DASHBOARD', ({ dashboardMedianMs }) => dashboardMedianMs],
];

function tell(all: readonly HostFigures[]): void {
  const [first] = all;
  if (!first) return;
  say(`\n${METRICS_PER_HOST} metrics of each host every ${STEP_S} s for ${first.minutes} min; a dashboard of ${first.dashboardTargets} targets every 10 s:`);
  say(table([COLUMNS.map(([head]) => head), ...all.map((figures) => COLUMNS.map(([, cell]) => cell(figures)))]));
  say('CPU (of one processor), memory (at most): store + query. Dashboard: all its targets in one request, median / 95th percentile.');
  const pairs = Map.groupBy(all, ({ hosts }) => hosts).values();
  const rows = [...pairs].flatMap(([ours, peer]) =>
    ours && peer
      ? [[`${ours.hosts}`, `${peer.store} + ${peer.query} / ${ours.store} + ${ours.query}`, ...RATIOS.map(([, of]) => (of(peer) / of(ours)).toFixed(2))]]
      : [],
  );
  if (rows.length > 0) say(`\n${table([['HOSTS', 'RATIO', ...RATIOS.map(([head]) => head)], ...rows])}`);
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { hosts: { type: 'string', default: '1,10,100' }, minutes: { type: 'string', default: '10' }, json: { type: 'boolean', default: false } },
  });
  const sizes = { hosts: values.hosts.split(',').map(Number), minutes: Number(values.minutes) };
  if (positionals.length === 0 || ![...sizes.hosts, sizes.minutes].every((number) => number > 0) || !sizes.hosts.every(Number.isInteger)) {
    sayAside('node test/bench/hosts.ts BUNDLE... [--hosts 1,10,100] [--minutes 10] [--json]');
    process.exit(2);
  }
  const work = realpathSync(mkdtempSync(join(tmpdir(), 'dkm-hosts-')));
  try {
    const figures = await reportHosts(positionals, sizes, work);
    if (values.json) say(JSON.stringify(figures, null, 1));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
