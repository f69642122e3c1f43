import type { MiddlewareHandler } from 'hono';
import type { ConsoleEnv } from '../console-parts.ts';
import type { Family, Sample } from './text-format.ts';

/** Upper ends of the histogram's buckets, in seconds: from a page out of memory to a query that takes its time. */
const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is counted apart. The beginning of the path says which part of the console answers; everything else is one. */
const PARTS = [
  'api',
  'public',
  'private',
  'share',
  'cgi-bin',
  'metrics',
  'healthz',
  'login',
  'events',
  'feed',
  'feeds',
  'promises',
  'services',
  'dashboards',
] as const;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT']);

/** How the console answers, since it was started. */
export interface RequestCounts {
  /** Counts every request that passes; put it before all else. */
  measured: MiddlewareHandler<ConsoleEnv>;
  families: () => Family[];
}

interface Histogram {
  buckets: number[];
  sum: number;
  count: number;
}

/** Counts of one console. */
export function createRequestCounts(): RequestCounts {
  const answered = new Map<string, { labels: Record<string, string>; count: number }>();
  const durations = new Map<string, Histogram>();
  const note = (part: string, method: string, status: number, seconds: number): void => {
    const key = `${part} ${method} ${status}`;
    const known = answered.get(key) ?? { labels: { part, method, code: `${status}` }, count: 0 };
    answered.set(key, { ...known, count: known.count + 1 });
    const histogram = durations.get(part) ?? { buckets: BUCKETS_S.map(() => 0), sum: 0, count: 0 };
    BUCKETS_S.forEach((end, index) => {
      if (seconds <= end) histogram.buckets[index] = (histogram.buckets[index] ?? 0) + 1;
    });
    durations.set(part, { ...histogram, sum: histogram.sum + seconds, count: histogram.count + 1 });
  };
  return {
    measured: async (context, next) => {
      const startedMs = performance.now();
      await next();
      const method = METHODS.has(context.req.method) ? context.req.method : 'other';
      note(partOf(context.req.path), method, context.res.status, (performance.now() - startedMs) / 1000);
    },
    families: () => [
      {
        name: 'dkm_console_http_requests',
        type: 'counter',
        help: 'Requests that the console answered, by part of it, method and status code.',
        samples: [...answered.values()].map(({ labels, count }) => ({ labels, value: count })),
      },
      {
        name: 'dkm_console_http_request_duration_seconds',
        type: 'histogram',
        unit: 'seconds',
        help: 'Time until the console began to answer.',
        samples: [...durations].flatMap(([part, histogram]) => samplesOf({ part }, histogram)),
      },
    ],
  };
}

function partOf(path: string): string {
  const first = path.split('/')[1] ?? '';
  return PARTS.find((part) => part === first) ?? 'other';
}

function samplesOf(labels: Record<string, string>, { buckets, sum, count }: Histogram): Sample[] {
  const bucket = (le: string, value: number): Sample => ({ labels: { ...labels, le }, value, suffix: '_bucket' });
  return [
    ...BUCKETS_S.map((end, index) => bucket(Number.isInteger(end) ? `${end}.0` : `${end}`, buckets[index] ?? 0)),
    bucket('+Inf', count),
    { labels, value: sum, suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ];
}
