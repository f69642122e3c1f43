import { createServer, type ServerResponse } from 'node:http';
import picomatch from 'picomatch';
import { beforeRemoval } from './temporary.ts';

/** Seconds since the newest point of a metric, and its value. */
export type StoredMetrics = Record<string, { ageSeconds: number; value?: number }>;

/**
 * A loopback query service that holds one point of each metric. It finds names (format completer) and renders patterns and
 * maxSeries(pattern), as much of Graphite as tells whether something sends. Ends after the test.
 */
export async function storedMetrics(port: number, stored: StoredMetrics): Promise<void> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/metrics/find') return json(response, { metrics: found(Object.keys(stored), url.searchParams.get('query') ?? '') });
    if (url.pathname !== '/render') return void response.writeHead(404).end();
    const within = seconds(url.searchParams.get('from') ?? '');
    return json(
      response,
      url.searchParams.getAll('target').flatMap((target) => rendered(stored, target, within)),
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  beforeRemoval(async () => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    await closed.promise;
  });
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Graphite's * stands for a part, or a piece of it, and not for dots. */
const matcher = (pattern: string): ((name: string) => boolean) => {
  const isMatch = picomatch(pattern.replaceAll('.', '/'), { dot: true });
  return (name) => isMatch(name.replaceAll('.', '/'));
};

function found(names: readonly string[], query: string): { path: string; is_leaf: string }[] {
  const pattern = query.endsWith('*') ? query : `${query}*`;
  const level = pattern.split('.').length;
  const isMatch = matcher(pattern);
  const nodes = new Map<string, string>();
  for (const name of names) {
    const parts = name.split('.');
    const path = parts.slice(0, level).join('.');
    if (parts.length < level || !isMatch(path)) continue;
    const isLeaf = parts.length === level;
    nodes.set(isLeaf ? path : `${path}.`, isLeaf ? '1' : '0');
  }
  return [...nodes].map(([path, is_leaf]) => ({ path, is_leaf }));
}

function rendered(stored: StoredMetrics, target: string, withinSeconds: number): { target: string; datapoints: [number | null, number][] }[] {
  const [, inner] = /^maxSeries\((.+)\)$/.exec(target) ?? [];
  const isMatch = matcher(inner ?? target);
  const now = Math.floor(Date.now() / 1000);
  const series = Object.entries(stored)
    .filter(([name]) => isMatch(name))
    .map(([name, { ageSeconds, value = 1 }]) => ({
      target: name,
      datapoints: [[ageSeconds <= withinSeconds ? value : null, now - ageSeconds]] as [number | null, number][],
    }));
  if (inner === undefined || series.length === 0) return series;
  return [{ target, datapoints: series.flatMap(({ datapoints }) => datapoints).sort(([, a], [, b]) => a - b) }];
}

function seconds(from: string): number {
  const [, count = '0', unit = 's'] = /^-(\d+)(s|min|h|d)$/.exec(from) ?? [];
  return Number(count) * ({ s: 1, min: 60, h: 3600, d: 86_400 }[unit] ?? 1);
}
