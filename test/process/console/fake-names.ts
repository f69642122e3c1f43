import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** How the fake query service behaves. */
export type NamesMode = 'answers' | 'hangs' | 'fails' | 'html' | 'unfinished';

export interface FakeNames {
  url: string;
  mode: NamesMode;
  /** Patterns that were asked for. */
  asked: string[];
  close: () => Promise<void>;
}

interface Node {
  below: Map<string, Node>;
  isMetric: boolean;
}

/** A loopback server that answers /metrics/find?format=completer, /functions and /render as carbonapi does, for these names. */
export async function fakeNames(names: Iterable<string>): Promise<FakeNames> {
  const root: Node = { below: new Map(), isMetric: false };
  for (const name of names) insert(root, name);
  const asked: string[] = [];
  const server = createServer((request, response) => void answer(request.url ?? '/', response));
  const answer = async (address: string, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(address, 'http://localhost');
    const json = (value: unknown): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (pathname === '/functions') return void response.writeHead(200, { 'content-type': 'text/plain' }).end(FUNCTIONS);
    if (pathname === '/render') return render(searchParams, response);
    if (pathname !== '/metrics/find') return void response.writeHead(404).end();
    const query = searchParams.get('query') ?? '';
    asked.push(query);
    await pause(0);
    if (fake.mode === 'hangs') return;
    if (fake.mode === 'fails') return void response.writeHead(500).end('out of order');
    if (fake.mode === 'html') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>');
    if (fake.mode === 'unfinished') return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"metrics":[{"path":"a');
    const metrics = [...found(root, `${query.replace(/\*+$/, '')}*`.split('.'), '')];
    // What carbonapi says where go-carbon knows no such name.
    if (metrics.length === 0) return void response.writeHead(500).end('Internal error while processing request (Not Found)');
    json({ metrics });
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const fake: FakeNames = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode: 'answers',
    asked,
    async close() {
      const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
      server.close(() => onClosed());
      server.closeAllConnections();
      await closed;
    },
  };
  return fake;
}

/** 100,000 names: 10,000 on one level, and 500 hosts with 180 each. */
export function* manyNames(): Generator<string> {
  for (let index = 0; index < 10_000; index += 1) yield `wide.sensor${String(index).padStart(5, '0')}.value`;
  for (let host = 0; host < 500; host += 1)
    for (let plugin = 0; plugin < 30; plugin += 1)
      for (let value = 0; value < 6; value += 1) yield `fleet.dc${host % 5}.host${host}.plugin${plugin}.value${value}`;
  yield* ['demo.load', 'demo.temp', 'demo.<b>bold</b>', 'demo.=cmd'];
}

function insert(root: Node, name: string): void {
  let node = root;
  for (const part of name.split('.')) {
    const next: Node = node.below.get(part) ?? { below: new Map(), isMetric: false };
    node.below.set(part, next);
    node = next;
  }
  node.isMetric = true;
}

function* found(node: Node, [pattern = '', ...rest]: readonly string[], path: string): Generator<object> {
  const match = new RegExp(
    `^${pattern
      .replace(/[+^$()|\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
  for (const [name, below] of node.below) {
    if (!match.test(name)) continue;
    if (rest.length > 0) yield* found(below, rest, `${path}${name}.`);
    else {
      if (below.below.size > 0) yield { path: `${path}${name}.`, name: '', is_leaf: '0' };
      if (below.isMetric) yield { path: `${path}${name}`, name, is_leaf: '1' };
    }
  }
}

const PARAMETER = { name: 'seriesList', type: 'seriesList', required: true };
const FUNCTIONS = JSON.stringify({
  movingAverage: {
    name: 'movingAverage',
    group: 'Calculate',
    description: 'The average.',
    params: [PARAMETER, { name: 'windowSize', type: 'intOrInterval', required: true }],
  },
  sumSeries: { name: 'sumSeries', group: 'Combine', description: 'The sum.', params: [PARAMETER] },
});

/** A target is a series of that name, with a wave; `nosuch(…)` is refused, `empty` has no points, `nothing` does not exist. */
function render(query: URLSearchParams, response: ServerResponse): void {
  const targets = query.getAll('target');
  const refused = targets.find((target) => target.startsWith('nosuch('));
  if (refused !== undefined) return void response.writeHead(400).end(`Bad Request\n\nTarget : ${refused}\nError : unknown function\n`);
  const [from, until] = [Number(query.get('from')), Number(query.get('until'))].map((time) =>
    Number.isFinite(time) && time > 0 ? time : Math.floor(Date.now() / 1000),
  ) as [number, number];
  const step = Math.max(10, Math.ceil((until - from) / 200 / 10) * 10);
  const series = targets
    .filter((target) => !target.includes('nothing'))
    .map((target, index) => {
      const datapoints: [number | null, number][] = [];
      for (let time = Math.ceil(from / step) * step; time <= until; time += step)
        datapoints.push([target.includes('empty') ? null : 50 + 40 * Math.sin(time / 400 + index + target.length), time]);
      return { target, datapoints };
    });
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(series));
}
