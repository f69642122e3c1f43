import { messageOf } from '../../base/errors.ts';

/*
 * The way to the Graphite query API. Neither a slow nor a talkative query service may take the console down with it:
 * every answer is bounded in time and size, and only so many are under way at once.
 */

export interface AskLimits {
  timeoutMs: number;
  /** Bytes of an answer. */
  mostBytes: number;
  /** Questions under way at the same time. */
  mostAtOnce: number;
}

/** What came of a question. `body` is what the query service sent, byte by byte. */
export type GraphiteOutcome = { kind: 'answered'; body: Uint8Array<ArrayBuffer> } | GraphiteFailure;

export interface GraphiteFailure {
  kind: 'failed';
  status: 400 | 502 | 503 | 504;
  code: string;
  message: string;
  /** With code `answer-too-large`: what came before the limit. */
  beginning?: Uint8Array<ArrayBuffer>;
}

export interface Question {
  /** `/render`, `/metrics/find` or another path of Graphite's API. */
  path: string;
  search: URLSearchParams;
  /** Answered where there is nothing of that name, which for the query services is a failure and for us is not. */
  nothing: string;
  /** What to do when the answer is too large. */
  advice: string;
  /** carbonapi answers /functions with JSON that it calls plain text. */
  anyType?: boolean;
}

/** Asks the query service; every failure is an outcome that says what happened. */
export type AskGraphite = (question: Question) => Promise<GraphiteOutcome>;

/** A question with more than this goes into a request's body: gunicorn, which serves graphite-web, takes lines of 8190 bytes. */
const LONGEST_ADDRESS = 4000;

/** Makes the function that asks the query service at `baseUrl`. */
export function graphiteAsker(baseUrl: string, limits: AskLimits): AskGraphite {
  let underWay = 0;
  return async (question) => {
    if (underWay >= limits.mostAtOnce)
      return { kind: 'failed', status: 503, code: 'busy', message: 'Too many queries at the same time. Try again in a moment.' };
    underWay += 1;
    try {
      return await ask(baseUrl, question, limits);
    } catch (error) {
      return failureOf(error, baseUrl, limits);
    } finally {
      underWay -= 1;
    }
  };
}

async function ask(baseUrl: string, question: Question, limits: AskLimits): Promise<GraphiteOutcome> {
  const response = await send(`${baseUrl.replace(/\/+$/, '')}${question.path}`, question.search.toString(), limits.timeoutMs);
  // carbonapi may say "not found" where it knows no such metric, which for whoever asks is no data and no failure.
  if (response.status === 404) {
    await response.body?.cancel();
    return { kind: 'answered', body: new TextEncoder().encode(question.nothing) };
  }
  const { body, isWhole } = await boundedBody(response, limits.mostBytes);
  if (!isWhole) {
    const message = `The query service answered with more than ${limits.mostBytes} bytes. ${question.advice}`;
    return { kind: 'failed', status: 502, code: 'answer-too-large', message, ...(response.ok && { beginning: body }) };
  }
  return judged(response, body, question, baseUrl);
}

function send(url: string, search: string, timeoutMs: number): Promise<Response> {
  const init: RequestInit = { redirect: 'error', signal: AbortSignal.timeout(timeoutMs), headers: { accept: 'application/json' } };
  if (search.length <= LONGEST_ADDRESS) return fetch(`${url}?${search}`, init);
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  return fetch(url, { ...init, method: 'POST', headers, body: search });
}

function judged(response: Response, body: Buffer<ArrayBuffer>, { anyType, nothing }: Question, baseUrl: string): GraphiteOutcome {
  const said = (): string => `"${saidIn(body)}"`;
  // What carbonapi 0.18 answers /metrics/find with where go-carbon's index knows no such name.
  if (response.status === 500 && /request \(Not Found\)/i.test(said())) return { kind: 'answered', body: new TextEncoder().encode(nothing) };
  if (response.status === 400) return { kind: 'failed', status: 400, code: 'query-refused', message: `The query service refused the query: ${said()}.` };
  if (!response.ok)
    return { kind: 'failed', status: 502, code: 'query-failed', message: `The query service answered with status ${response.status}: ${said()}.` };
  if (anyType !== true && !/json/.test(response.headers.get('content-type') ?? ''))
    return { kind: 'failed', status: 502, code: 'not-graphite', message: `What answers at ${baseUrl} is not a Graphite query service: it sent no JSON.` };
  return { kind: 'answered', body };
}

/** The body, or its beginning when it is longer than allowed. */
async function boundedBody(response: Response, mostBytes: number): Promise<{ body: Buffer<ArrayBuffer>; isWhole: boolean }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) return { body: Buffer.concat(chunks), isWhole: false }; // leaving the loop cancels the rest
    chunks.push(chunk);
  }
  return { body: Buffer.concat(chunks), isWhole: true };
}

/** What a failure says, in one line: carbonapi's "Bad Request" is followed by what was bad, and its marks are escaped twice. */
function saidIn(body: Buffer): string {
  const lines = body
    .subarray(0, 4096)
    .toString('utf8')
    .replace(/<[^>]*>/g, '')
    .split('\n');
  const [first = '', ...more] = lines.map((line) => line.replace(/\s+/g, ' ').trim()).filter((line) => line !== '');
  const text = /^bad request$/i.test(first) && more.length > 0 ? more.join('; ') : first;
  return text
    .replace(/&(?:amp;)*(?:#34|quot);/g, "'")
    .replace(/&(?:amp;)*#39;/g, "'")
    .slice(0, 300);
}

function failureOf(error: unknown, baseUrl: string, limits: AskLimits): GraphiteFailure {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    const message = `The query service at ${baseUrl} did not answer within ${limits.timeoutMs / 1000} s.`;
    return { kind: 'failed', status: 504, code: 'query-timeout', message };
  }
  const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
  return { kind: 'failed', status: 502, code: 'query-unreachable', message: `The query service at ${baseUrl} does not answer (${cause}).` };
}
