import { DkmError } from '../base/errors.ts';
import { isListOf, isRecordWith, isText } from '../base/shape.ts';
import { nodesOf, sortNodes, type FoundNode } from '../console/explorer/nodes.ts';
import { graphiteAsker, type GraphiteFailure } from '../console/graphite/ask-graphite.ts';
import type { Point, Series } from './series.ts';

/*
 * What a query service is asked, and what it answers.
 * https://graphite.readthedocs.io/en/latest/render_api.html
 */

export interface QueryService {
  url: string;
  /** Series of these targets between two times (seconds since the epoch), every point that the store has of them. */
  render: (targets: readonly string[], fromS: number, untilS: number, options?: { mostPoints?: number }) => Promise<Series[]>;
  /** What a pattern stands for, sorted; folders, too. */
  find: (pattern: string) => Promise<FoundNode[]>;
}

export interface QueryLimits {
  timeoutMs?: number;
  mostBytes?: number;
}

/** A year of ten minutes of forty series is as much. */
const MOST_BYTES = 64 << 20;
const TIMEOUT_MS = 30_000;

/** The query service at an address. What it cannot answer throws `service-failed` with what it said, and the hint where it is silent. */
export function queryServiceAt(url: string, hint: string, { timeoutMs = TIMEOUT_MS, mostBytes = MOST_BYTES }: QueryLimits = {}): QueryService {
  const ask = graphiteAsker(url, { timeoutMs, mostBytes, mostAtOnce: 8 });
  const failed = ({ code, message }: GraphiteFailure): DkmError =>
    new DkmError('service-failed', message, code === 'query-unreachable' || code === 'query-timeout' ? { hint } : {});
  return {
    url,
    async render(targets, fromS, untilS, { mostPoints } = {}) {
      const search = new URLSearchParams({ format: 'json', from: String(Math.floor(fromS)), until: String(Math.ceil(untilS)), noCache: '1' });
      for (const target of targets) search.append('target', target);
      if (mostPoints !== undefined) search.set('maxDataPoints', String(mostPoints));
      const outcome = await ask({ path: '/render', search, nothing: '[]', advice: 'Ask for a shorter time, or for fewer series.' });
      if (outcome.kind === 'failed') throw failed(outcome);
      const series = seriesOf(outcome.body);
      if (series === undefined) throw new DkmError('service-failed', `What answers at ${url} is not a Graphite query service: it sent no series.`);
      return series;
    },
    async find(pattern) {
      // Both query services add an asterisk to what ends with a dot.
      const search = new URLSearchParams({ query: pattern.replace(/\.+$/, ''), format: 'completer' });
      const outcome = await ask({ path: '/metrics/find', search, nothing: '{"metrics":[]}', advice: 'Ask for fewer names.' });
      if (outcome.kind === 'failed') throw failed(outcome);
      const nodes = nodesOf(outcome.body);
      if (nodes === undefined) throw new DkmError('service-failed', `What answers at ${url} is not a Graphite query service: it sent no names.`);
      return sortNodes(nodes);
    },
  };
}

const isAnswer = isListOf(isRecordWith({ target: isText, datapoints: isListOf((point) => Array.isArray(point) && typeof point[1] === 'number') }));

/** The series of an answer of /render; undefined when it is none. What is no number (NaN, infinity) is nothing known. Pure. */
export function seriesOf(body: Uint8Array): Series[] | undefined {
  let value: unknown;
  try {
    // graphite-web writes Python's NaN and Infinity, which JSON does not know.
    value = JSON.parse(
      Buffer.from(body.buffer, body.byteOffset, body.byteLength)
        .toString('utf8')
        .replace(/\[(?:NaN|-?Infinity),/g, '[null,'),
    );
  } catch {
    return undefined;
  }
  if (!isAnswer(value)) return undefined;
  return (value as { target: string; datapoints: [unknown, number][] }[]).map(({ target, datapoints }) => ({
    name: target,
    points: datapoints
      .map(([measured, at]): Point => [at, typeof measured === 'number' && Number.isFinite(measured) ? measured : null])
      .sort((a, b) => a[0] - b[0]),
  }));
}
