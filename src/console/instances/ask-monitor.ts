import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { messageOf, systemCodeOf } from '../../base/errors.ts';

/*
 * One document of another monitor. Nothing secret is sent, so that a certificate which nobody vouches for is no reason to
 * see nothing; it is told. Redirections are not followed: a monitor that says it is elsewhere is to be corrected in the
 * settings, and nobody else decides where this machine connects to.
 */

export interface AskOptions {
  /** For all of it, however slowly it drips. */
  timeoutMs: number;
  mostBytes: number;
}

export type MonitorDocument =
  /** `isVerified`: false where the certificate is not one that this machine trusts. */
  { kind: 'document'; text: string; isVerified: boolean } | { kind: 'missing' } | { kind: 'failed'; message: string };

/** Gets a document; never throws. */
export async function askMonitor(url: string, { timeoutMs, mostBytes }: AskOptions): Promise<MonitorDocument> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await responseOf(new URL(url), signal);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return await documentIn(response, mostBytes);
    response.destroy();
    if (statusCode === 404) return { kind: 'missing' };
    if (statusCode >= 300 && statusCode < 400) return { kind: 'failed', message: `It sends one elsewhere: ${shortened(headers.location ?? 'nowhere')}.` };
    if (statusCode === 401 || statusCode === 403) return { kind: 'failed', message: `It does not show its state to everybody (status ${statusCode}).` };
    return { kind: 'failed', message: `It answers with status ${statusCode}.` };
  } catch (error) {
    return { kind: 'failed', message: signal.aborted ? `It did not answer within ${timeoutMs / 1000} s.` : reasonOf(error) };
  }
}

function responseOf(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  // No agent keeps a connection to each of many monitors open for a question a minute.
  const options = { signal, agent: false, maxHeaderSize: 16 * 1024, headers: { accept: 'application/json, application/rss+xml' } } as const;
  const request = url.protocol === 'https:' ? getHttps(url, { ...options, rejectUnauthorized: false }, resolve) : getHttp(url, options, resolve);
  request.once('error', reject);
  return promise;
}

async function documentIn(response: IncomingMessage, mostBytes: number): Promise<MonitorDocument> {
  const { socket } = response;
  const isVerified = !('authorized' in socket) || socket.authorized === true;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) return { kind: 'failed', message: `Its answer has more than ${mostBytes} bytes.` }; // leaving the loop ends the connection
    chunks.push(chunk);
  }
  return { kind: 'document', text: Buffer.concat(chunks).toString('utf8'), isVerified };
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens at its address.',
  ENOTFOUND: 'Its name is not known.',
  EAI_AGAIN: 'Its name cannot be looked up at the moment.',
  ECONNRESET: 'It ended the connection.',
  EHOSTUNREACH: 'Its machine cannot be reached.',
  ENETUNREACH: 'Its network cannot be reached.',
  EPROTO: 'It does not speak https there.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'It does not speak https there.',
};

function reasonOf(error: unknown): string {
  const code = systemCodeOf(error) ?? '';
  return REASONS[code] ?? `It cannot be asked: ${shortened(messageOf(error))}.`;
}

const shortened = (text: string): string => text.replace(/\p{Cc}/gu, ' ').slice(0, 200);
