import { STATUS_CODES } from 'node:http';
import { messageOf, systemCodeOf } from './errors.ts';

/*
 * The decisions of `http.ts`, apart from the network: what is worth another try, how long to wait for it, which
 * redirects are followed.
 */

/** Why a request failed, and whether asking again can help. */
export interface Fault {
  /** What happened, without the address. */
  what: string;
  /** How often it may be tried again in a row without getting further. */
  retries: number;
  /** How long the server asked to be left alone. */
  retryAfterMs?: number;
  hint?: string;
}

/** Tries after a fault that usually passes: a reset, a stall, an overloaded server. */
const TRANSIENT_RETRIES = 4;
/** One quick try more for what seldom passes, so that a machine without Internet finds out soon. */
const UNLIKELY_RETRIES = 1;
/** A server that wants to be left alone for longer is not waited for. */
export const LONGEST_RETRY_AFTER_MS = 60_000;
/** As many redirects as a browser follows. */
export const REDIRECT_LIMIT = 20;

const NO_NETWORK_HINT =
  'Check this machine’s network (HTTPS_PROXY, HTTP_PROXY and NO_PROXY are respected), or build from a filled --vendor-dir with --offline.';

const UNLIKELY: Record<string, string> = {
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve (no answer from the name server)',
  ECONNREFUSED: 'the connection was refused',
  ENETUNREACH: 'the network cannot be reached',
  EHOSTUNREACH: 'the host cannot be reached',
  ETIMEDOUT: 'the connection timed out',
};
const DISK: Record<string, string> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'no permission to write there',
};

/** The fault that an error thrown while asking or reading stands for. */
export function faultOfError(error: unknown): Fault {
  const code = systemCodeOf(error) ?? '';
  if (UNLIKELY[code] !== undefined) return { what: `${UNLIKELY[code]} (${code})`, retries: UNLIKELY_RETRIES, hint: NO_NETWORK_HINT };
  if (DISK[code] !== undefined) return { what: `${DISK[code]} (${code})`, retries: 0, hint: 'Free some space, or choose another --vendor-dir.' };
  if (isCertificateFault(code)) {
    return { what: `its certificate was not accepted (${code})`, retries: 0, hint: 'Behind an inspecting proxy, name its certificate in NODE_EXTRA_CA_CERTS.' };
  }
  return { what: code === '' ? messageOf(error) : `the connection broke (${code})`, retries: TRANSIENT_RETRIES };
}

/** The fault of a server that does not answer at all, or stops in the middle. */
export function faultOfSilence(missing: 'answer' | 'data', afterMs: number): Fault {
  if (missing === 'answer') return { what: `gave no answer for ${afterMs / 1000} s`, retries: UNLIKELY_RETRIES, hint: NO_NETWORK_HINT };
  return { what: `stalled: no data for ${afterMs / 1000} s`, retries: TRANSIENT_RETRIES };
}

/** The fault of a file that ended too early. */
export function faultOfTruncation(received: number, total: number): Fault {
  return { what: `ended after ${received} of ${total} bytes`, retries: TRANSIENT_RETRIES };
}

function isCertificateFault(code: string): boolean {
  return /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(code) || code === 'HOSTNAME_MISMATCH';
}

/** The fault that a status other than the wanted ones stands for. */
export function faultOfStatus(status: number, retryAfter: string | null, nowMs: number): Fault {
  const what = `answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
  const isTransient = status >= 500 || status === 429 || status === 408 || status === 425;
  if (!isTransient) return { what, retries: 0 };
  const retryAfterMs = retryAfterOf(retryAfter, nowMs);
  if (retryAfterMs === undefined) return { what, retries: TRANSIENT_RETRIES };
  if (retryAfterMs <= LONGEST_RETRY_AFTER_MS) return { what, retries: TRANSIENT_RETRIES, retryAfterMs };
  return { what: `${what} and asks to wait for ${Math.round(retryAfterMs / 1000)} s`, retries: 0, hint: 'Try again later.' };
}

/** A Retry-After header (seconds, or a date) as milliseconds from now (RFC 9110, section 10.2.3). */
export function retryAfterOf(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/**
 * Milliseconds before the next try: doubling from `baseMs`, at most 15 s, and of that a random half, so that many
 * builds that failed together do not come back together. `random` is in [0, 1).
 */
export function backoffMs(failures: number, baseMs: number, random: number): number {
  const whole = Math.min(15_000, baseMs * 2 ** (failures - 1));
  return Math.round(whole / 2 + (whole / 2) * random);
}

/** The address a redirect leads to, or the reason why it is not followed. */
export function redirectOf(trail: readonly string[], location: string | null): { to: string } | { refused: string } {
  const from = trail.at(-1) ?? '';
  if (location === null || !URL.canParse(location, from)) return { refused: `redirects to no valid address (${location ?? 'no Location header'})` };
  const to = new URL(location, from);
  to.hash = '';
  if (to.protocol !== 'https:' && to.protocol !== 'http:') return { refused: `redirects to ${to.protocol}, which is not fetched` };
  if (new URL(from).protocol === 'https:' && to.protocol === 'http:') return { refused: `redirects from https to unprotected http (${shownUrl(to.href)})` };
  if (trail.includes(to.href)) return { refused: `redirects in a circle: ${[...trail.slice(trail.indexOf(to.href)), to.href].map(shownUrl).join(' -> ')}` };
  if (trail.length > REDIRECT_LIMIT) return { refused: `redirects more than ${REDIRECT_LIMIT} times, last to ${shownUrl(to.href)}` };
  return { to: to.href };
}

/** An address for messages: without user, password and query, any of which may hold a secret. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** What a partly fetched file needs to be continued: the server must still hold the same content. */
export interface ResumePoint {
  /** bytes */
  offset: number;
  /** A strong ETag or a Last-Modified date, for If-Range. */
  validator: string;
}

/** What identifies the content of a response well enough to continue it later (RFC 9110, section 13.1.5: no weak ETags). */
export function validatorOf(etag: string | null, lastModified: string | null): string | undefined {
  if (etag !== null && !etag.startsWith('W/')) return etag;
  return etag === null && lastModified !== null ? lastModified : undefined;
}

/** The first byte and the whole size that a Content-Range header tells; undefined when it makes no sense. */
export function contentRangeOf(header: string | null): { start: number; total: number | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header ?? '');
  if (match?.[1] === undefined) return undefined;
  return { start: Number(match[1]), total: match[2] === '*' ? undefined : Number(match[2]) };
}
