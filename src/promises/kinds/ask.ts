import { request as requestHttp, type IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { messageOf, systemCodeOf } from '../../base/errors.ts';
import { boundedSignal, within } from './bounded.ts';
import type { KindContext } from './kind.ts';

/*
 * One question over http or https, bounded in bytes, redirects and time. Not fetch: it needs WebAssembly, which the
 * supervisor does without.
 */

export interface Question {
  url: string;
  method?: 'GET' | 'HEAD';
  headers?: Record<string, string>;
  /** `user:password`, for the server that is asked, not for one that it points to. */
  basicAuth?: string;
  /** False: whatever certificate. */
  verifyTls?: boolean;
  /** Certificates (PEM) that are trusted in place of the usual ones. */
  ca?: string;
  /** Redirects that are followed; with 0 the first answer is the answer. */
  mostRedirects?: number;
  /** Bytes of the body that are read. */
  mostBytes: number;
}

/** What came back. `why` is the end of a sentence that begins with the address. */
export type Reply =
  | {
      kind: 'answered';
      status: number;
      body: string;
      /** False: there was more than `mostBytes`. */
      isWhole: boolean;
      /** Its clock (Date header), milliseconds since the epoch. */
      dateMs: number | undefined;
      /** When its certificate ends, milliseconds since the epoch; undefined without TLS. */
      certificateUntilMs: number | undefined;
      elapsedMs: number;
    }
  | { kind: 'failed'; why: string };

/** Asks; every failure is a reply that says what happened. */
export async function ask(question: Question, context: Pick<KindContext, 'signal' | 'timeoutMs'>): Promise<Reply> {
  const startedAt = performance.now();
  const signal = boundedSignal(context);
  let url = question.url;
  for (let followed = 0; ; followed += 1) {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (target === undefined || !['http:', 'https:'].includes(target.protocol)) return { kind: 'failed', why: `leads to "${url}", which is no http address` };
    try {
      const { reply, location } = await once(target, question, signal);
      if (location === undefined || (question.mostRedirects ?? 0) === 0) return { ...reply, elapsedMs: performance.now() - startedAt };
      if (followed >= (question.mostRedirects ?? 0)) return { kind: 'failed', why: `redirects more than ${question.mostRedirects} times` };
      url = URL.canParse(location, url) ? new URL(location, url).href : location;
    } catch (error) {
      // Ended in the middle of a body, it looks as if the server had closed the connection.
      return { kind: 'failed', why: failureInWords(signal.aborted ? signal.reason : error, within(context)) };
    }
  }
}

type Answered = Omit<Extract<Reply, { kind: 'answered' }>, 'elapsedMs'>;

async function once(url: URL, question: Question, signal: AbortSignal): Promise<{ reply: Answered; location: string | undefined }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const isFirst = url.origin === new URL(question.url).origin;
  const options = {
    method: question.method ?? 'GET',
    headers: { 'user-agent': 'dkm', accept: '*/*', ...(isFirst ? question.headers : {}) },
    ...(isFirst && question.basicAuth !== undefined && { auth: question.basicAuth }),
    agent: false,
    signal,
    rejectUnauthorized: question.verifyTls ?? true,
    ...(question.ca !== undefined && { ca: question.ca }),
  };
  // TLS takes megabytes: only who asks for it has it loaded.
  const start = url.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
  const request = start(url, options, resolve);
  request.on('error', reject);
  request.end();
  const response = await promise;
  response.on('error', () => undefined); // whoever reads it learns of it; a body that nobody reads may fail as it likes
  try {
    const certificateUntilMs = certificateEnd(response);
    const status = response.statusCode ?? 0;
    const location = [301, 302, 303, 307, 308].includes(status) ? response.headers.location : undefined;
    const { body, isWhole } = await boundedBody(response, location === undefined ? question.mostBytes : 0);
    const dateMs = Date.parse(response.headers.date ?? '');
    return { reply: { kind: 'answered', status, body, isWhole, dateMs: Number.isNaN(dateMs) ? undefined : dateMs, certificateUntilMs }, location };
  } finally {
    response.destroy();
  }
}

async function boundedBody(response: IncomingMessage, mostBytes: number): Promise<{ body: string; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isWhole = true;
  if (mostBytes > 0) {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, mostBytes - bytes));
      bytes += chunk.length;
      isWhole = bytes <= mostBytes;
      if (!isWhole) break;
    }
  }
  return { body: Buffer.concat(chunks).toString('utf8'), isWhole };
}

function certificateEnd({ socket }: IncomingMessage): number | undefined {
  if (!('getPeerCertificate' in socket)) return undefined;
  const until = Date.parse((socket as TLSSocket).getPeerCertificate().valid_to);
  return Number.isNaN(until) ? undefined : until;
}

/** What went wrong with a connection, as the end of a sentence. */
export function failureInWords(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name)) return `did not answer within ${Math.round(timeoutMs / 1000)} s`;
  const code = systemCodeOf(error);
  const words = code === undefined ? undefined : FAILURES[code];
  if (words !== undefined) return words;
  if (code?.startsWith('HPE_')) return 'does not speak http';
  return `does not answer: ${code === undefined || messageOf(error).includes(code) ? messageOf(error) : `${messageOf(error)} (${code})`}`;
}

const FAILURES: Record<string, string> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'closed the connection',
  EPIPE: 'closed the connection',
  ETIMEDOUT: 'did not answer in time',
  EHOSTUNREACH: 'cannot be reached: no way to this host',
  ENETUNREACH: 'cannot be reached: no way to this network',
  ENOTFOUND: 'cannot be reached: there is no such host',
  EAI_AGAIN: 'cannot be reached: names cannot be looked up now',
  EPROTO: 'does not speak TLS as it should',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'does not speak TLS',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  CERT_NOT_YET_VALID: 'has a certificate that does not hold yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a self-signed certificate, which is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate of an authority that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate of an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a certificate of an authority that is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
};
