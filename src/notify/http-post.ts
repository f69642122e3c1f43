import { request as requestHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { request as requestHttps, Agent as HttpsAgent } from 'node:https';
import { DkmError, messageOf } from '../base/errors.ts';

/*
 * One HTTP request to a receiver of messages. With node:http, as the supervisor runs without WebAssembly and so without
 * fetch. Addresses may be secrets: messages name no more of them than host and port.
 */

export interface HttpPost {
  url: string;
  method?: 'POST' | 'GET';
  headers: Record<string, string>;
  body: string;
  /** Certificates (PEM) to trust in place of the system's. */
  ca?: string;
  verifyTls: boolean;
  /** `http://host:port` of a proxy. */
  proxy?: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  /** Milliseconds to wait, as the other side asks for. */
  retryAfterMs: number | undefined;
  /** The beginning of what it said. */
  text: string;
}

const MOST_REDIRECTS = 3;
const LONGEST_ANSWER_BYTES = 2_048;

/**
 * Sends a request and returns the answer, whatever its status. A redirect is followed within the same origin only, and
 * only where the method stays (307, 308): what is sent is for that host alone. Throws `command-failed` without an answer.
 */
export async function httpPost(post: HttpPost): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(post.timeoutMs);
  const signal = post.signal ? AbortSignal.any([deadline, post.signal]) : deadline;
  let url = parsed(post.url);
  for (let redirects = 0; ; redirects += 1) {
    const answer = await once(post, url, signal, deadline);
    const target = redirectOf(answer, url);
    if (!target || redirects === MOST_REDIRECTS) return answer;
    url = target;
  }
}

function parsed(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new DkmError('usage', 'its address is not one of http:// or https://');
}

interface Answer extends HttpAnswer {
  location: string | undefined;
}

async function once(post: HttpPost, url: URL, signal: AbortSignal, deadline: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const isTls = url.protocol === 'https:';
  const proxyEnv = post.proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: post.proxy, HTTPS_PROXY: post.proxy } };
  const agent = isTls
    ? new HttpsAgent({ ...proxyEnv, rejectUnauthorized: post.verifyTls, ...(post.ca !== undefined && { ca: post.ca }) })
    : new HttpAgent(proxyEnv);
  const failed = (error: unknown): void => {
    const why = deadline.aborted ? `no answer within ${post.timeoutMs / 1000} s` : messageOf(error) || 'the connection failed'; // several addresses: the message is empty
    reject(new DkmError('command-failed', `${url.host}: ${why}`, { cause: error }));
  };
  try {
    const options = { method: post.method ?? 'POST', headers: { ...post.headers, ...lengthOf(post) }, agent, signal };
    const onResponse = (response: IncomingMessage): void => {
      // The status is the answer: what follows is only shown, and may be cut off.
      void beginningOf(response).then((text) => resolve(answerOf(response, text)));
    };
    const request = isTls ? requestHttps(url, options, onResponse) : requestHttp(url, options, onResponse);
    request.once('error', failed);
    request.end(post.body);
    return await promise;
  } catch (error) {
    if (error instanceof DkmError) throw error;
    throw new DkmError('usage', `${url.host}: ${messageOf(error)}`, { cause: error }); // a header that may not be sent
  } finally {
    agent.destroy();
  }
}

function lengthOf({ method, body }: HttpPost): Record<string, string> {
  return method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if ((bytes += chunk.length) >= LONGEST_ANSWER_BYTES) break;
    }
  } catch {
    // Cut off, or stalled until the time was over. The status came.
  }
  response.destroy();
  return Buffer.concat(chunks).subarray(0, LONGEST_ANSWER_BYTES).toString('utf8');
}

function answerOf(response: IncomingMessage, text: string): Answer {
  return { status: response.statusCode ?? 0, retryAfterMs: retryAfter(response.headers['retry-after']), text, location: response.headers.location };
}

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function retryAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function redirectOf({ status, location }: Answer, from: URL): URL | undefined {
  if ((status !== 307 && status !== 308) || location === undefined) return undefined;
  const target = URL.parse(location, from.href);
  return target?.origin === from.origin ? target : undefined;
}
