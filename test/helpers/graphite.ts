import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { runOrThrow } from '../../src/base/exec.ts';

/** A datapoint as it is sent: name, value, seconds since the epoch. */
export type Datapoint = readonly [name: string, value: number, time: number];

export const now = (): number => Math.floor(Date.now() / 1000);

/** Sends text to a TCP port and waits until the other side has taken all of it. */
export function sendTcp(port: number, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host: '127.0.0.1', port });
  socket.once('error', reject);
  socket.once('close', () => resolve());
  socket.once('connect', () => socket.end(text));
  socket.resume();
  return promise;
}

/** Sends one datagram. */
export function sendUdp(port: number, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = createSocket('udp4');
  socket.send(text, port, '127.0.0.1', (error) => {
    socket.close();
    if (error) reject(error);
    else resolve();
  });
  return promise;
}

const PICKLE_SENDER = `
import json, pickle, socket, struct, sys
points = [(name, (time, value)) for name, value, time in json.load(sys.stdin)]
body = pickle.dumps(points, protocol=2)
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
    s.sendall(struct.pack("!L", len(body)) + body)
`;

/** Sends datapoints in carbon's pickle protocol, pickled by Python itself. */
export async function sendPickle(port: number, points: readonly Datapoint[]): Promise<void> {
  await runOrThrow('python3', ['-c', PICKLE_SENDER, String(port)], { input: JSON.stringify(points), timeoutMs: 30_000 });
}

export const lines = (points: readonly Datapoint[]): string => points.map(([name, value, time]) => `${name} ${value} ${time}\n`).join('');

export interface Series {
  target: string;
  datapoints: [value: number | null, time: number][];
}

/** Asks the query API for targets. */
export async function render(port: number, targets: string | string[], from = '-10min'): Promise<Series[]> {
  const query = new URLSearchParams({ format: 'json', from, noCache: '1' });
  for (const target of [targets].flat()) query.append('target', target);
  const response = await fetch(`http://127.0.0.1:${port}/render?${query.toString()}`, { signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`render answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
  return (await response.json()) as Series[];
}

/** The values of the first series that are there. */
export async function values(port: number, target: string, from?: string): Promise<number[]> {
  return (await render(port, target, from))[0]?.datapoints.flatMap(([value]) => (value === null ? [] : [value])) ?? [];
}

/** Every metric a pattern stands for. */
export async function expand(port: number, query: string): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics/expand?${new URLSearchParams({ query, leavesOnly: '1' }).toString()}`, {
    signal: AbortSignal.timeout(60_000),
  });
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`expand of ${query} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
  return ((await response.json()) as { results: string[] }).results ?? [];
}
