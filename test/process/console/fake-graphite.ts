import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the fake query service behaves. */
export type GraphiteMode = 'data' | 'empty' | 'not-found' | 'refuses' | 'fails' | 'html' | 'hangs' | 'huge' | 'redirects';

export interface FakeGraphite {
  url: string;
  mode: GraphiteMode;
  /** Addresses that were asked for. */
  asked: string[];
  close: () => Promise<void>;
}

/** A loopback server (on a port of the system's choice) that answers /render for collectd's metrics with made-up values. */
export async function fakeGraphite(port = 0): Promise<FakeGraphite> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    asked.push(request.url ?? '');
    answer(graphite.mode, url.searchParams, response);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  const graphite: FakeGraphite = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode: 'data',
    asked,
    async close() {
      const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
      server.close(() => onClosed());
      server.closeAllConnections();
      await closed;
    },
  };
  return graphite;
}

function answer(mode: GraphiteMode, query: URLSearchParams, response: ServerResponse): void {
  const send = (status: number, type: string, body: string): void => void response.writeHead(status, { 'content-type': type }).end(body);
  switch (mode) {
    case 'data':
      return send(200, 'application/json', JSON.stringify(query.getAll('target').flatMap((target) => seriesOf(target, query))));
    case 'empty':
      return send(200, 'application/json', '[]');
    case 'not-found':
      return send(404, 'text/plain', 'no metrics were found');
    case 'refuses':
      return send(400, 'text/plain', '<b>bad</b> function\nsecond line');
    case 'fails':
      return send(500, 'text/plain', 'out of order');
    case 'html':
      return send(200, 'text/html', '<!doctype html><title>another program</title>');
    case 'hangs':
      return;
    case 'huge':
      return send(200, 'application/json', `["${'x'.repeat(20 * 1024 * 1024)}"]`);
    case 'redirects':
      return void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  }
}

const GB = 1e9;
/** Middle value of each named line, and how far it swings. */
const NAMED: Record<string, [number, number]> = {
  '1 min': [0.9, 0.7],
  '5 min': [0.8, 0.35],
  '15 min': [0.7, 0.15],
  user: [22, 14],
  system: [7, 4],
  'waiting for disk': [3, 3],
  stolen: [0.6, 0.5],
  used: [5.1 * GB, 0.5 * GB],
  kernel: [0.6 * GB, 0.02 * GB],
  buffers: [0.5 * GB, 0.03 * GB],
  cached: [6.2 * GB, 0.4 * GB],
  interrupts: [0.3, 0.2],
  free: [4.2 * GB, 0.4 * GB],
};

const INSTANCES: Record<string, Record<string, Record<string, [number, number]>>> = {
  df: {
    root: { used: [97 * GB, GB], free: [150 * GB, GB] },
    'boot-efi': { used: [6e6, 0], free: [1e8, 0] },
    data: { used: [310 * GB, 12 * GB], free: [90 * GB, 4 * GB] },
    dev: { used: [0, 0], free: [12 * GB, 0] },
  },
  disk: {
    vda: { read: [2.1e6, 2e6], write: [5.4e6, 4.8e6] },
    vda1: { read: [2.1e6, 2e6], write: [5.4e6, 4.8e6] },
    vdb: { read: [4e5, 4e5], write: [9e5, 8e5] },
  },
  interface: { lo: { rx: [1e5, 1e4], tx: [1e5, 1e4] }, eth0: { rx: [1.9e6, 1.5e6], tx: [6.5e5, 5e5] }, 'eth0.100': { rx: [3e5, 2e5], tx: [9e4, 5e4] } },
};

interface Series {
  target: string;
  datapoints: [number | null, number][];
}

function seriesOf(target: string, query: URLSearchParams): Series[] {
  const alias = /^alias\(.*,"(.*)"\)$/.exec(target)?.[1];
  if (alias !== undefined) {
    const shape = NAMED[alias];
    return shape === undefined ? [] : [{ target: alias, datapoints: wave(alias, shape, query) }];
  }
  const raw = /^(collectd\..*)\.(df|disk|interface)\.(\*|\*\.\*)\.(\w+)\.\{(.*)\}$/.exec(target);
  const [, host = '', plugin = '', glob = '', type = '', values = ''] = raw ?? [];
  return Object.entries(INSTANCES[plugin] ?? {})
    .filter(([instance]) => instance.split('.').length === glob.split('.').length)
    .flatMap(([instance, shapes]) =>
      values
        .split(',')
        .map((value) => ({ target: `${host}.${plugin}.${instance}.${type}.${value}`, datapoints: wave(instance + value, shapes[value] ?? [0, 0], query) })),
    );
}

/** Smooth values that depend on the name and the time alone; the newest point is missing, as it often is. */
function wave(name: string, [middle, swing]: [number, number], query: URLSearchParams): [number | null, number][] {
  const from = Number(query.get('from'));
  const until = Number(query.get('until'));
  const step = Math.max(10, Math.ceil((until - from) / Math.min(400, Number(query.get('maxDataPoints'))) / 10) * 10);
  const phase = [...name].reduce((sum, character) => sum + character.charCodeAt(0), 0);
  const points: [number | null, number][] = [];
  for (let time = Math.ceil(from / step) * step; time <= until; time += step) {
    const x = (time / (until - from)) * 14 + phase;
    const value = middle + swing * (0.55 * Math.sin(x) + 0.3 * Math.sin(2.7 * x + 1) + 0.15 * Math.sin(11.3 * x));
    points.push([time + step > until ? null : Math.max(0, value), time]);
  }
  return points;
}
