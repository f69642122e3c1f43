import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import fetch, { type Response } from 'node-fetch';
import { DkmError } from './errors.ts';
import * as policy from './http-policy.ts';
import { discard, forgetResumePoint, readResumePoint, writeResumePoint } from './http-resume.ts';
import { createWatch, type Watch, type WatchOptions } from './http-watch.ts';
import { fileKindOf, readHead } from './magic.ts';

/*
 * The only place that fetches over HTTP. What is retried, followed and refused is decided in `http-policy.ts`.
 */

export interface HttpOptions extends WatchOptions {
  /** Milliseconds before the first retry; doubled for each further one. */
  backoffBaseMs?: number;
  /** Told before each retry, in words. */
  onRetry?: (message: string) => void;
}

export interface DownloadOptions extends HttpOptions {
  onProgress?: (doneBytes: number, totalBytes: number | undefined) => void;
  /** False: what an interrupted run left at the path is not continued. */
  resume?: boolean;
}

/** A server that always sends a little and breaks off is given up at last. */
const MOST_ATTEMPTS = 40;
const CHECKSUM_FILE_LIMIT = 256 * 1024;

// Node's agents respect HTTPS_PROXY, HTTP_PROXY and NO_PROXY (either case) when they are given the environment.
const httpAgent = new HttpAgent({ proxyEnv: process.env });
const httpsAgent = new HttpsAgent({ proxyEnv: process.env });

/**
 * Fetches an address into a file, which may hold the beginning left by an interrupted run. Throws `download-failed`
 * (then nothing is left at the path) or `interrupted` (then what came so far is left, to be continued).
 */
export async function download(url: string, toPath: string, options: DownloadOptions = {}): Promise<{ size: number }> {
  if (options.resume === false) await discard(toPath);
  let most = 0;
  const outcome = await repeat(url, options, async () => {
    const attempt = await receiveFile(url, toPath, options);
    const progressed = attempt.received > most;
    most = Math.max(most, attempt.received);
    return { ...attempt, progressed };
  });
  if (outcome.fault === undefined) {
    await forgetResumePoint(toPath);
    return { size: outcome.received };
  }
  await discard(toPath);
  throw failure(url, outcome.fault, outcome.attempts);
}

/** Fetches a small text, such as a checksum file. Throws `download-failed`, also when it is a web page or too long. */
export async function fetchText(url: string, options: HttpOptions & { maxBytes?: number } = {}): Promise<string> {
  const outcome = await repeat(url, options, async () => ({ ...(await receiveText(url, options)), progressed: false }));
  if (outcome.fault !== undefined) throw failure(url, outcome.fault, outcome.attempts);
  return outcome.text;
}

interface Attempt {
  /** Undefined when it went well. */
  fault: policy.Fault | undefined;
  /** True when it got further than any before. */
  progressed: boolean;
}

/** Tries until it goes well or the fault says that another try is no use. Throws `interrupted` only. */
async function repeat<Result extends Attempt>(url: string, options: HttpOptions, once: () => Promise<Result>): Promise<Result & { attempts: number }> {
  let failures = 0;
  for (let attempts = 1; ; attempts += 1) {
    refuseInterrupted(url, options.signal);
    const result = await once();
    if (result.fault !== undefined) refuseInterrupted(url, options.signal);
    failures = result.progressed ? 1 : failures + 1;
    if (result.fault === undefined || failures > result.fault.retries || attempts >= MOST_ATTEMPTS) return { ...result, attempts };
    const waitMs = result.fault.retryAfterMs ?? policy.backoffMs(failures, options.backoffBaseMs ?? 500, Math.random());
    options.onRetry?.(`${policy.shownUrl(url)}: ${result.fault.what}; trying again in ${(waitMs / 1000).toFixed(1)} s`);
    await delay(waitMs, undefined, options.signal && { signal: options.signal }).catch(() => undefined);
  }
}

function refuseInterrupted(url: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DkmError('interrupted', `Fetching ${policy.shownUrl(url)} was interrupted.`);
}

function failure(url: string, fault: policy.Fault, attempts: number): DkmError {
  const tries = attempts === 1 ? '' : ` (tried ${attempts} times)`;
  return new DkmError('download-failed', `${policy.shownUrl(url)}: ${fault.what}${tries}.`, fault.hint === undefined ? {} : { hint: fault.hint });
}

/** One request for a file, or for the rest of it, written to `toPath` as it comes. */
async function receiveFile(url: string, toPath: string, options: DownloadOptions): Promise<{ fault: policy.Fault | undefined; received: number }> {
  const watch = createWatch(options);
  const transfer: Transfer = { received: 0, total: undefined };
  try {
    const fault = await transferFile(url, toPath, transfer, watch, options);
    return { fault, received: transfer.received };
  } catch (error) {
    return { fault: brokenOff(watch.expired ?? policy.faultOfError(error), transfer), received: transfer.received };
  } finally {
    watch.stop();
  }
}

async function transferFile(url: string, toPath: string, transfer: Transfer, watch: Watch, options: DownloadOptions): Promise<policy.Fault | undefined> {
  const resume = await readResumePoint(url, toPath);
  const answer = await request(url, resume === undefined ? {} : { range: `bytes=${resume.offset}-`, 'if-range': resume.validator }, watch);
  if ('fault' in answer && answer.status !== 416) return answer.fault;
  const start = 'fault' in answer ? undefined : startOf(answer.response, resume, transfer);
  if ('fault' in answer || start === undefined) {
    if ('response' in answer) drop(answer.response);
    await discard(toPath);
    return { what: 'does not continue the file where it was left', retries: 1 };
  }
  const { response } = answer;
  if (start === 0) await writeResumePoint(url, toPath, policy.validatorOf(response.headers.get('etag'), response.headers.get('last-modified')));
  transfer.received = start;
  await writeBody(response, toPath, transfer, watch, options);
  return faultOfFile(toPath, transfer, response);
}

interface Transfer {
  received: number;
  total: number | undefined;
}

/** Where in the file the answer begins, and, told to `transfer`, how long the whole is; undefined when it is the wrong part. */
function startOf(response: Response, resume: policy.ResumePoint | undefined, transfer: Transfer): number | undefined {
  if (response.status === 206) {
    const range = policy.contentRangeOf(response.headers.get('content-range'));
    transfer.total = range?.total;
    return resume !== undefined && range?.start === resume.offset ? resume.offset : undefined;
  }
  const length = response.headers.get('content-length');
  transfer.total = length === null ? undefined : Number(length);
  return 0;
}

async function writeBody(response: Response, toPath: string, transfer: Transfer, watch: Watch, options: DownloadOptions): Promise<void> {
  const file = await open(toPath, transfer.received > 0 ? 'a' : 'w', 0o600);
  try {
    watch.expectData();
    for await (const chunk of response.body ?? []) {
      watch.expectData();
      await file.writeFile(chunk as Buffer);
      transfer.received += chunk.length;
      options.onProgress?.(transfer.received, transfer.total);
    }
  } finally {
    await file.close();
  }
}

/** What is wrong with a file that came to its end: cut short, empty, or a web page. */
async function faultOfFile(path: string, transfer: Transfer, response: Response): Promise<policy.Fault | undefined> {
  const { received, total } = transfer;
  if (total !== undefined && received !== total) return policy.faultOfTruncation(received, total);
  if (received === 0) return { what: 'sent an empty file', retries: 0 };
  const kind = fileKindOf(await readHead(path));
  const isPage = kind === 'html' || (kind === undefined && isHtml(response));
  return isPage ? htmlFault(response) : undefined;
}

function isHtml(response: Response): boolean {
  return /^(text\/html|application\/xhtml)/i.test(response.headers.get('content-type') ?? '');
}

function htmlFault(response: Response): policy.Fault {
  const from = response.url === '' ? '' : ` (from ${policy.shownUrl(response.url)})`;
  return {
    what: `sent a web page where a file was expected${from}`,
    retries: 0,
    hint: 'Open the address in a browser: a log-in page, a proxy’s notice or a moved file is likely.',
  };
}

function brokenOff(fault: policy.Fault, { received, total }: Transfer): policy.Fault {
  if (received === 0) return fault;
  return { ...fault, what: `${fault.what} after ${received}${total === undefined ? '' : ` of ${total}`} bytes` };
}

async function receiveText(url: string, options: HttpOptions & { maxBytes?: number }): Promise<{ fault: policy.Fault | undefined; text: string }> {
  const watch = createWatch(options);
  const limit = options.maxBytes ?? CHECKSUM_FILE_LIMIT;
  try {
    const answer = await request(url, {}, watch);
    if ('fault' in answer) return { fault: answer.fault, text: '' };
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer.response.body ?? []) {
      watch.expectData();
      size += chunk.length;
      if (size > limit) return { fault: { what: `is longer than the ${limit} bytes that a checksum file may have`, retries: 0 }, text: '' };
      chunks.push(chunk as Buffer);
    }
    const content = Buffer.concat(chunks);
    return fileKindOf(content) === 'html' ? { fault: htmlFault(answer.response), text: '' } : { fault: undefined, text: content.toString('utf8') };
  } catch (error) {
    return { fault: watch.expired ?? policy.faultOfError(error), text: '' };
  } finally {
    watch.stop();
  }
}

type Answer = { response: Response } | { fault: policy.Fault; status: number };

/** Asks, following redirects one by one so that circles and downgrades are seen. */
async function request(url: string, headers: Record<string, string>, watch: Watch): Promise<Answer> {
  const { address, authorization } = withoutCredentials(url);
  const trail = [address];
  for (;;) {
    watch.expectAnswer();
    const current = trail.at(-1) ?? address;
    const response = await fetch(current, {
      headers: { 'user-agent': 'dkm', 'accept-encoding': 'identity', ...headers, ...(sameOrigin(current, address) && authorization) },
      agent: ({ protocol }) => (protocol === 'https:' ? httpsAgent : httpAgent),
      // An archive is wanted as it is stored: nothing may unpack it on the way.
      compress: false,
      redirect: 'manual',
      signal: watch.signal,
    });
    if (response.status === 200 || response.status === 206) return { response };
    drop(response);
    if (![301, 302, 303, 307, 308].includes(response.status)) {
      return { fault: policy.faultOfStatus(response.status, response.headers.get('retry-after'), Date.now()), status: response.status };
    }
    const next = policy.redirectOf(trail, response.headers.get('location'));
    if ('refused' in next) return { fault: { what: next.refused, retries: 0 }, status: response.status };
    trail.push(next.to);
  }
}

/** User and password of an address as a header; they are for its own server alone. */
function withoutCredentials(url: string): { address: string; authorization: Record<string, string> } {
  const parsed = new URL(url);
  const { username, password } = parsed;
  parsed.username = parsed.password = parsed.hash = '';
  if (username === '' && password === '') return { address: parsed.href, authorization: {} };
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { address: parsed.href, authorization: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

function sameOrigin(one: string, other: string): boolean {
  return new URL(one).origin === new URL(other).origin;
}

/** The body of an answer that is not wanted is not waited for. */
function drop({ body }: Response): void {
  (body as Readable | null)?.once('error', () => undefined).destroy();
}
