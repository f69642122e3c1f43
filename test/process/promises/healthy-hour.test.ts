import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcp, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { Cron } from 'croner';
import { afterEach, describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import type { PromiseSpec } from '../../../src/contract/promise.ts';
import type { ServiceStatus } from '../../../src/contract/status.ts';
import { loadHostPromises } from '../../../src/manifest/host-promises.ts';
import { loadManifests } from '../../../src/manifest/load.ts';
import { collectPromises } from '../../../src/promises/definitions/collect.ts';
import { KINDS } from '../../../src/promises/kinds/all.ts';
import { freePorts } from '../../helpers/ports.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/*
 * An hour of the promises that come with dkm, by a clock of its own, from the moment of the start: nothing listens at
 * first, services become ready one after the other, points come in as the real programs send them. What looks at the
 * machine itself (disk, memory, load, the clock's keeper) is left to its tables: this one need not be healthy.
 */

const FOLDER = join(import.meta.dirname, '../../../vendor-manifests');
const OF_THE_MACHINE = ['resource', 'disk', 'disk-forecast', 'clock'];
const START_MS = 1_790_000_000_000;
const HOUR_S = 3600;

/** When things happen, in seconds after the start. */
const READY_AFTER_S: Record<string, number> = { 'go-carbon': 2, carbonapi: 4, grafana: 40, console: 6, collectd: 8 };
const ROLES: Record<string, string> = { 'go-carbon': 'store', carbonapi: 'query', grafana: 'dashboards', console: 'dashboards', collectd: 'collector' };

const servers: (Server | TcpServer)[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server | TcpServer, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  servers.push(server);
}

/** An installation whose clock is `clock.seconds` after its start. */
async function healthy(
  clock: { seconds: number },
  sentBeforeS: number | undefined,
): Promise<{ promises: PromiseSpec[]; services: () => ServiceStatus[]; become: (name: string) => Promise<void> }> {
  const port = await freePorts();
  const layout = layoutOf(temporaryDirectory());
  mkdirSync(layout.logs, { recursive: true });
  mkdirSync(join(layout.storage, 'whisper'), { recursive: true });
  for (const name of Object.keys(ROLES)) writeFileSync(join(layout.logs, `${name}.log`), 'started\n');
  const { promises, faults } = collectPromises({
    manifests: (await loadManifests(FOLDER)).filter(({ name }) => name in ROLES || name === 'node'),
    host: await loadHostPromises(FOLDER),
    settings: {
      install: {
        type: 'all',
        port,
        hostname: 'host.example.org',
        listen: { dashboards: '127.0.0.1', carbon: '127.0.0.1', query: '127.0.0.1' },
        providers: { store: 'go-carbon', query: 'carbonapi', dashboards: 'grafana', collector: 'collectd' },
      },
      services: {},
    },
    layout,
    folder: { root: layout.root, path: 'conf/promises.d', entries: [], fill: undefined },
    promiseSettings: { text: undefined, file: 'conf/promises.toml' },
  });
  expect(faults).toEqual([]);
  const services = (): ServiceStatus[] => Object.entries(ROLES).map(([name, role]) => serviceAt(name, role, clock.seconds));
  const become = async (name: string): Promise<void> => {
    if (name === 'go-carbon') {
      for (const offset of [1, 4])
        await listen(
          createTcp((socket) => void socket.on('error', () => undefined)),
          port + offset,
        );
      await listen(
        createServer((_, response) => void response.end('{}')),
        port + 3,
      );
    }
    if (name === 'carbonapi') await listen(graphite(clock, sentBeforeS), port + 2);
    if (name === 'grafana')
      await listen(
        createServer((_, response) => void response.end('{ "database": "ok" }')),
        port,
      );
    if (name === 'console')
      await listen(
        createServer((_, response) => void response.end('ok')),
        port + 5,
      );
  };
  return { promises, services, become };
}

function serviceAt(name: string, role: string, seconds: number): ServiceStatus {
  const isReady = seconds >= READY_AFTER_S[name]!;
  return {
    ...{
      name,
      title: name,
      version: '1',
      role,
      pid: 1,
      pidStartTime: null,
      startedAtMs: START_MS,
      restarts: 0,
      reason: '',
      lastExit: null,
      ports: [],
      logFiles: [],
    },
    state: isReady ? 'RUNNING' : 'STARTING',
    ready: isReady,
    health: isReady ? 'healthy' : 'unknown',
  };
}

/** What a metric is on a healthy host, by the end of its name, where 1 would not be. */
const HEALTHY: readonly [end: RegExp, value: number][] = [
  [/overflow$/, 0],
  [/df\.\*\.percent_bytes\.free$/, 60],
  [/df\.\*\.df_complex\.free$/, 2 ** 37],
  [/memory\.percent\.used$/, 40],
  [/heap_percent$/, 60],
];

/** The names that the query service gives to what a target finds: of this host, of another one, and of two instances of DSS. */
function namesOf(target: string): string[] {
  const [, named] = /^applyByNode\((?:.*),"([^"]*)"\)$/.exec(target) ?? [];
  const path = /(?:collectd|telegraf|dss|dataiku)\.[^,(]*/.exec(target)?.[0] ?? target;
  if (path.startsWith('dss.*.')) return [(named ?? path).replace(/^(dss\.\*|%)/, 'dss.one')];
  if (path.startsWith('dataiku.dss.*.')) return [(named ?? path).replace(/^(dataiku\.dss\.\*|%)/, 'dataiku.dss.two')];
  const hosts = ['collectd.org.example.host', 'collectd.org.example.other'];
  if (/^collectd\.\*\.\*\.\*\.[a-z]/.test(path)) return hosts.map((host) => (named ?? path).replace(/^(collectd\.\*\.\*\.\*|%)/, host));
  return /^(?:collectd|telegraf)\.\*/.test(path) || target === 'dkm.probe' ? [] : [target];
}

/** Points of the collectors and of DSS every 10 s from the start, of the store every minute, and those of a run that ended some time before. */
function graphite(clock: { seconds: number }, sentBeforeS: number | undefined): Server {
  return createServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://h').searchParams;
    const from = clock.seconds - Number(/^-(\d+)(s|min)$/.exec(query.get('from') ?? '')?.[1] ?? 0) * (query.get('from')?.endsWith('min') === true ? 60 : 1);
    const series = query
      .getAll('target')
      .flatMap(namesOf)
      .flatMap((name) => {
        const step = name.startsWith('carbon.') ? 60 : 10;
        const value = HEALTHY.find(([end]) => end.test(name))?.[1] ?? 1;
        const times = Array.from({ length: Math.floor(Math.max(0, clock.seconds - 8) / step) }, (_, index) => 8 + (index + 1) * step);
        const all = [...(sentBeforeS === undefined ? [] : [-sentBeforeS - 20, -sentBeforeS - 10, -sentBeforeS]), ...times].filter((time) => time >= from);
        return all.length === 0 ? [] : [{ target: name, datapoints: all.map((time) => [value, START_MS / 1000 + time]) }];
      });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(series));
  });
}

describe('an hour with nothing wrong', () => {
  it.each([
    ['after an installation', undefined],
    ['after a restart', 60],
    ['after a night in which it was off', 8 * HOUR_S],
  ])('%s', async (_, sentBeforeS) => {
    const clock = { seconds: 0 };
    const started = new Set<string>();
    const { promises, services, become } = await healthy(clock, sentBeforeS);
    const looked = promises.filter(({ check }) => check.kind === 'built-in' && !OF_THE_MACHINE.includes(check.name));
    expect(looked.length).toBeGreaterThan(28);
    const lines = new Map<string, string[]>();
    for (const seconds of momentsOf(looked)) {
      clock.seconds = seconds;
      for (const [name, after] of Object.entries(READY_AFTER_S)) {
        if (seconds < after || started.has(name)) continue;
        started.add(name);
        await become(name);
      }
      for (const spec of looked.filter((each) => seconds === 0 || isDue(each, seconds))) {
        const outcome = await look(spec, services, clock);
        expect({ id: spec.id, seconds, ...outcome }).toMatchObject({ state: 'ok' });
        const told = lines.get(spec.id) ?? [];
        if (told.at(-1) !== outcome.message) lines.set(spec.id, [...told, outcome.message]);
      }
    }
    // A new message is a line of history: a handful for the start, none for the rest of the hour.
    expect([...lines].filter(([, told]) => told.length > 3)).toEqual([]);
    expect(lines.size).toBe(looked.length);
    // Whatever asks the store found something to look at.
    expect([...lines].filter(([, told]) => /There is no point|No host has sent/.test(told.at(-1) ?? ''))).toEqual([]);
  });
});

/** Every second of the first minute, as whoever runs "dkm check" may; then whenever anything is due. */
function momentsOf(specs: readonly PromiseSpec[]): number[] {
  const due = Array.from({ length: HOUR_S / 60 }, (_, minute) => minute * 60).filter((seconds) => specs.some((spec) => isDue(spec, seconds)));
  return [...new Set([0, 1, 3, 5, 7, 9, 15, 20, 30, 45, 75, 90, ...due])].sort((a, b) => a - b);
}

const crons = new Map<string, Cron>();

function isDue({ schedule }: PromiseSpec, seconds: number): boolean {
  if (seconds < 60) return true;
  const cron = crons.get(schedule) ?? new Cron(schedule, { paused: true, timezone: 'UTC' });
  crons.set(schedule, cron);
  const minute = Math.floor((START_MS + seconds * 1000) / 60_000) * 60_000;
  return cron.nextRun(new Date(minute - 1))?.getTime() === minute;
}

async function look(
  { check, timeoutMs }: PromiseSpec,
  services: () => ServiceStatus[],
  clock: { seconds: number },
): Promise<{ state: string; message: string }> {
  if (check.kind !== 'built-in') throw new Error('only built-in ones come with dkm');
  const run = await KINDS[check.name]!();
  return run(check.settings, {
    layout: layoutOf('/nowhere'),
    signal: new AbortController().signal,
    timeoutMs,
    now: () => START_MS + clock.seconds * 1000,
    services,
  });
}
