import { messageOf } from '../base/errors.ts';

/*
 * The way to the Graphite query API. The page may ask for what it needs and for nothing else, and neither a slow nor
 * a talkative query service may take the console down with it.
 */

const MOST_TARGETS = 40;
const LONGEST_TARGET = 1000;
const MOST_POINTS = 4000;
const TIME = /^(now|\d{9,11}|-\d{1,6}(s|min|h|d|w))$/;

/** A checked query, or why it is refused. */
export type RenderQuery = { ok: true; search: URLSearchParams } | { ok: false; message: string };

/** Takes the parameters of /api/render that may be passed on; anything else is refused. */
export function renderQuery(params: URLSearchParams): RenderQuery {
  for (const [name, value] of params) {
    const fault = faultOf(name, value);
    if (fault !== undefined) return { ok: false, message: fault };
  }
  const targets = params.getAll('target').length;
  if (targets === 0 || targets > MOST_TARGETS) return { ok: false, message: `target: 1 to ${MOST_TARGETS} are needed, found ${targets}.` };
  const search = new URLSearchParams(params);
  search.set('format', 'json');
  return { ok: true, search };
}

function faultOf(name: string, value: string): string | undefined {
  switch (name) {
    case 'target':
      return value !== '' && value.length <= LONGEST_TARGET && !/\p{Cc}/u.test(value)
        ? undefined
        : `target: 1 to ${LONGEST_TARGET} printable characters are allowed.`;
    case 'from':
    case 'until':
      return TIME.test(value) ? undefined : `${name}: seconds since the epoch, "now", or a time back such as "-1h" is expected.`;
    case 'maxDataPoints':
      return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= MOST_POINTS ? undefined : `maxDataPoints: 1 to ${MOST_POINTS} is expected.`;
    case 'format':
      return value === 'json' ? undefined : 'format: only json is served.';
    default:
      return `${name.slice(0, 40)}: this parameter is not served.`;
  }
}

/** What came of a query. `body` is the query service's JSON, byte by byte. */
export type RenderOutcome =
  { kind: 'answered'; body: Uint8Array<ArrayBuffer> } | { kind: 'failed'; status: 400 | 502 | 503 | 504; code: string; message: string };

export interface RenderLimits {
  timeoutMs: number;
  /** Bytes of an answer. */
  mostBytes: number;
  /** Queries under way at the same time. */
  mostAtOnce: number;
}

const LIMITS: RenderLimits = { timeoutMs: 10_000, mostBytes: 8 * 1024 * 1024, mostAtOnce: 32 };

/** Asks the query service at `baseUrl`; every failure is an outcome that says what happened. */
export type AskRender = (search: URLSearchParams) => Promise<RenderOutcome>;

/** Makes the function that asks one query service. */
export function renderAsker(baseUrl: string, limits: RenderLimits = LIMITS): AskRender {
  let underWay = 0;
  return async (search) => {
    if (underWay >= limits.mostAtOnce)
      return { kind: 'failed', status: 503, code: 'busy', message: 'Too many queries at the same time. Try again in a moment.' };
    underWay += 1;
    try {
      return await ask(baseUrl, search, limits);
    } catch (error) {
      return failureOf(error, baseUrl, limits);
    } finally {
      underWay -= 1;
    }
  };
}

const NO_SERIES = new TextEncoder().encode('[]');

async function ask(baseUrl: string, search: URLSearchParams, limits: RenderLimits): Promise<RenderOutcome> {
  const url = `${baseUrl.replace(/\/+$/, '')}/render?${search.toString()}`;
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(limits.timeoutMs), headers: { accept: 'application/json' } });
  // carbonapi may say "not found" where it knows no such metric, which for a chart is no data and no failure.
  if (response.status === 404) {
    await response.body?.cancel();
    return { kind: 'answered', body: NO_SERIES };
  }
  const body = await boundedBody(response, limits.mostBytes);
  if (body === undefined)
    return {
      kind: 'failed',
      status: 502,
      code: 'answer-too-large',
      message: `The query service answered with more than ${limits.mostBytes} bytes. Choose a shorter time range.`,
    };
  if (response.status === 400)
    return { kind: 'failed', status: 400, code: 'query-refused', message: `The query service refused the query: "${firstLine(body)}".` };
  if (!response.ok)
    return { kind: 'failed', status: 502, code: 'query-failed', message: `The query service answered with status ${response.status}: "${firstLine(body)}".` };
  if (!/json/.test(response.headers.get('content-type') ?? ''))
    return { kind: 'failed', status: 502, code: 'not-graphite', message: `What answers at ${baseUrl} is not a Graphite query service: it sent no JSON.` };
  return { kind: 'answered', body };
}

/** The body; undefined when it is longer than allowed. */
async function boundedBody(response: Response, mostBytes: number): Promise<Buffer<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) return undefined; // leaving the loop cancels the rest
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function firstLine(body: Buffer): string {
  return (body.subarray(0, 4096).toString('utf8').trim().split('\n')[0] ?? '').replace(/<[^>]*>/g, '').slice(0, 200);
}

function failureOf(error: unknown, baseUrl: string, limits: RenderLimits): RenderOutcome {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return {
      kind: 'failed',
      status: 504,
      code: 'query-timeout',
      message: `The query service at ${baseUrl} did not answer within ${limits.timeoutMs / 1000} s.`,
    };
  }
  const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
  return { kind: 'failed', status: 502, code: 'query-unreachable', message: `The query service at ${baseUrl} does not answer (${cause}).` };
}
