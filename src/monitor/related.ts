import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { UNKNOWN_INSTANCE } from './feed.ts';

/*
 * What sub-monitors are called, for the OPML: the title in their public/monitor.global.json. Over node:http(s), as the
 * supervisor's engine has no WebAssembly, which fetch needs. Certificates are not verified, as in the original: monitors
 * sign their own, and nothing but a title comes of it.
 */

const WITHIN_MS = 20_000;
const LARGEST_BYTES = 1_048_576;
const REDIRECTIONS = 3;
const LONGEST_TITLE = 200;

/** The titles of monitors by their base addresses, asked for all at once; within 20 s, and never throwing. */
export async function titlesOfMonitors(urls: readonly string[], signal?: AbortSignal): Promise<Map<string, string>> {
  const ends = AbortSignal.any([AbortSignal.timeout(WITHIN_MS), ...(signal ? [signal] : [])]);
  return new Map(await Promise.all(urls.map(async (url): Promise<[string, string]> => [url, await titleOfMonitor(url, ends)])));
}

async function titleOfMonitor(url: string, signal: AbortSignal): Promise<string> {
  try {
    const value: unknown = JSON.parse(await textAt(`${url}/public/monitor.global.json`, signal, REDIRECTIONS));
    const { title } = value as { title?: unknown };
    return typeof title === 'string' && title.trim() !== '' ? title.trim().slice(0, LONGEST_TITLE).toWellFormed() : UNKNOWN_INSTANCE;
  } catch {
    return UNKNOWN_INSTANCE; // it is down, or no monitor: that it cannot be asked is what the name says
  }
}

async function textAt(url: string, signal: AbortSignal, redirections: number): Promise<string> {
  const response = await responseOf(new URL(url), signal);
  const { statusCode = 0, headers } = response;
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined && redirections > 0) {
    response.destroy();
    return textAt(new URL(headers.location, url).href, signal, redirections - 1);
  }
  if (statusCode !== 200) {
    response.destroy();
    throw new Error(`HTTP ${statusCode}`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if ((size += chunk.length) > LARGEST_BYTES) throw new Error('too long');
  }
  return Buffer.concat(chunks).toString('utf8');
}

function responseOf(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = { signal, agent: false, headers: { accept: 'application/json' } } as const;
  const request = url.protocol === 'https:' ? getHttps(url, { ...options, rejectUnauthorized: false }, resolve) : getHttp(url, options, resolve);
  request.once('error', reject);
  return promise;
}
