import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import picomatch from 'picomatch';
import { beforeRemoval } from '../../helpers/temporary.ts';

/** A store and its query service for tests of commands: what is sent in plaintext can be asked for by name or pattern. */
export interface FakeStore {
  carbonPort: number;
  queryPort: number;
  /** Lines that were received. */
  received: string[];
  /** Values of a metric, one every ten seconds, the last one now; null is a gap. */
  add: (name: string, values: readonly (number | null)[], endsS?: number) => void;
  /** How questions are answered from now on. */
  mode: 'answers' | 'fails' | 'refuses' | 'hangs' | 'forgets';
  asked: string[];
  close: () => Promise<void>;
}

type Points = Map<number, number | null>;

/** Starts both on these ports of the loopback address, 0 for any. They end after the test. */
export async function fakeStore({ carbon = 0, query = 0 } = {}): Promise<FakeStore> {
  const metrics = new Map<string, Points>();
  const plaintext = createServer((socket) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => undefined);
    socket.on('end', () => {
      for (const line of text.split('\n').filter((each) => each !== '')) {
        store.received.push(line);
        const [name = '', value = '', time = ''] = line.split(' ');
        if (store.mode !== 'forgets') pointsOf(name).set(Math.floor(Number(time) / 10) * 10, Number(value));
      }
      socket.end();
    });
  });
  const pointsOf = (name: string): Points => {
    const points = metrics.get(name) ?? new Map<number, number | null>();
    metrics.set(name, points);
    return points;
  };
  const answering = createHttpServer((request, response) => void answer(request, response, metrics, store));
  const store: FakeStore = {
    carbonPort: 0,
    queryPort: 0,
    received: [],
    asked: [],
    mode: 'answers',
    add(name, values, endsS = Math.floor(Date.now() / 10_000) * 10) {
      const points = pointsOf(name);
      for (const [index, value] of values.entries()) points.set(endsS - (values.length - 1 - index) * 10, value);
    },
    async close() {
      answering.closeAllConnections();
      await Promise.all([ended(plaintext), ended(answering)]);
    },
  };
  store.carbonPort = await listening(plaintext, carbon);
  store.queryPort = await listening(answering, query);
  beforeRemoval(() => store.close());
  return store;
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: Map<string, Points>, store: FakeStore): Promise<void> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) body += chunk;
  const url = new URL(request.url ?? '/', 'http://localhost');
  const search = new URLSearchParams(body === '' ? url.search : body);
  store.asked.push(`${url.pathname} ${search.toString()}`);
  const json = (value: unknown): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (store.mode === 'hangs') return;
  if (store.mode === 'fails') return void response.writeHead(500, { 'content-type': 'text/plain' }).end('out of order');
  if (store.mode === 'refuses') return void response.writeHead(400, { 'content-type': 'text/plain' }).end('unknown function');
  if (url.pathname === '/metrics/find') return json({ metrics: nodesFor(search.get('query') ?? '', [...metrics.keys()]) });
  const [from, until] = [Number(search.get('from')), Number(search.get('until'))];
  json(
    search.getAll('target').flatMap((target) =>
      [...metrics]
        .filter(([name]) => isMatch(name, target))
        .map(([name, points]) => ({
          target: name,
          datapoints: [...points].filter(([at]) => at >= from && at <= until).map(([at, value]) => [value, at]),
        })),
    ),
  );
}

function isMatch(name: string, pattern: string): boolean {
  const [parts, patterns] = [name.split('.'), pattern.split('.')];
  return parts.length === patterns.length && patterns.every((each, index) => picomatch.isMatch(parts[index] ?? '', each));
}

function nodesFor(query: string, names: readonly string[]): { path: string; is_leaf: '0' | '1' }[] {
  const depth = query.split('.').length;
  const nodes = names.flatMap((name) => {
    const parts = name.split('.');
    const path = parts.slice(0, depth).join('.');
    return parts.length >= depth && isMatch(path, query)
      ? [parts.length === depth ? { path, is_leaf: '1' as const } : { path: `${path}.`, is_leaf: '0' as const }]
      : [];
  });
  return [...new Map(nodes.map((node) => [node.path, node])).values()];
}

async function listening(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  return (server.address() as AddressInfo).port;
}

function ended(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  return promise;
}
