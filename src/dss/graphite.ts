import { DkmError } from '../base/errors.ts';
import { isListOf, isRecordWith, isText } from '../base/shape.ts';
import { ask } from '../promises/kinds/ask.ts';
import { parseSeries, type Series } from '../promises/kinds/graphite.ts';

/*
 * What is asked of the query service: names with /metrics/find, points with /render. carbonapi and graphite-web answer both.
 * https://graphite.readthedocs.io/en/latest/metrics_api.html, https://graphite.readthedocs.io/en/latest/render_api.html
 */

/** A name, of a metric or of what metrics lie below; a name may be both. */
export interface Node {
  path: string;
  isMetric: boolean;
  isFolder: boolean;
}

export interface Graphite {
  url: string;
  /** What a pattern stands for, at its level; nothing where there is nothing. */
  find: (pattern: string) => Promise<Node[]>;
  /** The series of targets from some time (`-6min`) until now. */
  render: (targets: readonly string[], from: string) => Promise<Series[]>;
}

const ANSWER_TIMEOUT_MS = 20_000;
const MOST_BYTES = 32 << 20;
/** Bytes of targets in one address: gunicorn, which serves graphite-web, takes lines of 8190 bytes, others of half that. */
const MOST_ADDRESS_BYTES = 3_500;

/** Asks the query service at an address. What cannot be asked throws `service-failed`, and says why. */
export function graphiteAt(url: string): Graphite {
  const get = async (path: string, search: URLSearchParams): Promise<string | undefined> => {
    const context = { signal: new AbortController().signal, timeoutMs: ANSWER_TIMEOUT_MS };
    const reply = await ask({ url: `${url}${path}?${search.toString()}`, headers: { accept: 'application/json' }, mostBytes: MOST_BYTES }, context);
    if (reply.kind === 'failed') throw failed(`The query service at ${url} ${reply.why}.`);
    // carbonapi says "not found" where it knows no such metric; 0.18 with status 500 where go-carbon's index knows no such name.
    if (reply.status === 404 || (reply.status === 500 && /request \(Not Found\)/i.test(reply.body))) return undefined;
    if (reply.status !== 200) throw failed(`The query service at ${url} answers ${path} with status ${reply.status}, expected 200.`);
    if (!reply.isWhole) throw failed(`The query service at ${url} answers ${path} with more than ${MOST_BYTES} bytes.`);
    return reply.body;
  };
  return {
    url,
    async find(pattern) {
      // Both add an asterisk at the end themselves in this format, the one that they share and that keeps whole paths.
      const query = pattern === '*' ? pattern : pattern.replace(/\*$/, '');
      const body = await get('/metrics/find', new URLSearchParams({ query, format: 'completer' }));
      const nodes = body === undefined ? [] : nodesOf(body);
      if (nodes === undefined) throw failed(`What answers at ${url} is no Graphite query service.`);
      return nodes.filter(({ path }) => path.split('.').length === pattern.split('.').length);
    },
    async render(targets, from) {
      const answers: Series[] = [];
      for (const some of inAddresses(targets)) {
        const search = new URLSearchParams({ format: 'json', from, until: 'now', noCache: '1' });
        for (const target of some) search.append('target', target);
        const body = await get('/render', search);
        const series = body === undefined ? [] : parseSeries(body);
        if (series === undefined) throw failed(`What answers at ${url} is no Graphite query service.`);
        answers.push(...series);
      }
      return answers;
    },
  };
}

function failed(message: string): DkmError {
  return new DkmError('service-failed', message, {
    hint: 'See whether it runs: dkm status. Of another machine: it is reached only where it was installed with --query-listen.',
  });
}

/** Targets in lots that fit into an address. Pure. */
export function inAddresses(targets: readonly string[]): string[][] {
  const lots: string[][] = [];
  let bytes = Infinity;
  for (const target of targets) {
    const more = encodeURIComponent(target).length + '&target='.length;
    if (bytes + more > MOST_ADDRESS_BYTES) {
      lots.push([]);
      bytes = 0;
    }
    lots.at(-1)?.push(target);
    bytes += more;
  }
  return lots;
}

const isAnswer = isRecordWith({ metrics: isListOf(isRecordWith({ path: isText })) });

/** Reads an answer of /metrics/find?format=completer; undefined when it is none. What is metric and folder is told as one. Pure. */
export function nodesOf(body: string): Node[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isAnswer(value)) return undefined;
  const nodes = new Map<string, Node>();
  for (const { path: given, is_leaf: leaf } of (value as { metrics: { path: string; is_leaf?: unknown }[] }).metrics) {
    const path = given.replace(/\.+$/, '');
    const node = nodes.get(path) ?? { path, isMetric: false, isFolder: false };
    if (String(leaf) === '1' || leaf === true) node.isMetric = true;
    else node.isFolder = true;
    nodes.set(path, node);
  }
  return [...nodes.values()].filter(({ path }) => path !== '').sort((a, b) => (a.path < b.path ? -1 : 1));
}
