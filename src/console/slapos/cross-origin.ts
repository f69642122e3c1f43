import type { Context, MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { readIfPresent } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { monitorTree } from '../../monitor/tree.ts';
import type { ConsoleConfig } from '../config.ts';

/*
 * The monitoring interface of SlapOS is a web application of its own origin that reads each instance with the reader's
 * name and password. Which origins may do that is configured (`cors_domains`, and the
 * monitoring tree's own list, which can be edited through that interface); none by default.
 */

/** Beginnings of the addresses that other origins may be let in to. */
const SLAPOS_PATH = /^\/(public|private|share|cgi-bin|feeds?|monitor\.haljson)(\/|$)/;
const METHODS = 'GET, HEAD, OPTIONS, POST, PUT, PROPFIND, REPORT';
const REQUEST_HEADERS = 'Accept, Authorization, Content-Type, Depth, If-Match, If-Modified-Since, If-None-Match, If-Range, Overwrite, Range, X-Requested-With';
const ANSWER_HEADERS = 'Accept-Ranges, Content-Length, Content-Range, DAV, ETag, Last-Modified, WWW-Authenticate';

/** How long a browser keeps an answer, and what it may: seconds, from the contract. */
const KEPT_S = 40;

/** What says whose pages may use the interface. */
interface Sources {
  config: Pick<ConsoleConfig, 'cors_domains'>;
  layout: Pick<Layout, 'monitor'>;
}

/** The domains whose pages may use the interface, of now. */
export async function readDomains({ config, layout }: Sources): Promise<string[]> {
  const text = (await readIfPresent(monitorTree(layout).corsDomains)) ?? '';
  const listed = text.split('\n').map((line) => line.trim().toLowerCase());
  return [...(config.cors_domains ?? []), ...listed].filter((domain) => domain !== '');
}

/** True for one of the domains (`example.org`, at any port; `example.org:8443`, at that one) or below it, http or https. */
export function isAllowedOrigin(origin: string | undefined, domains: readonly string[]): boolean {
  const url = origin === undefined ? null : URL.parse(origin);
  if (url === null || url.origin !== origin || (url.protocol !== 'https:' && url.protocol !== 'http:')) return false;
  return domains.some((domain) => {
    const asked = domain.includes(':') ? url.host : url.hostname;
    return asked === domain || asked.endsWith(`.${domain}`);
  });
}

/** True for addresses of the SlapOS interface, which have rules of their own on who may ask from elsewhere. */
export function isSlaposPath(path: string): boolean {
  return SLAPOS_PATH.test(path);
}

/**
 * True when a request for a SlapOS address may be made from where it comes: from a configured origin, or, as programs
 * do it that are no browsers, without any origin and without a browser's session.
 */
export async function mayComeFromElsewhere(context: Context, sources: Sources): Promise<boolean> {
  const { method, path } = context.req;
  if (!isSlaposPath(path)) return false;
  // They change nothing, and another origin's page is not shown what they answer.
  if (method === 'OPTIONS' || method === 'PROPFIND' || method === 'REPORT') return true;
  const origin = context.req.header('origin');
  if (origin !== undefined) return isAllowedOrigin(origin, await readDomains(sources));
  return context.req.header('sec-fetch-site') === undefined && context.req.header('cookie') === undefined;
}

/** Sets the headers of the contract on every answer below it, refusals included. */
export function crossOrigin(sources: Sources): MiddlewareHandler {
  return createMiddleware(async (context, next) => {
    await next();
    const { headers } = context.res;
    // A refusal is not kept: the next request may bring a password along.
    if (!headers.has('Cache-Control') && context.res.status < 400) headers.set('Cache-Control', `private, max-age=${KEPT_S}`);
    headers.append('Vary', 'Origin');
    headers.set('Access-Control-Max-Age', `${KEPT_S}`);
    const origin = context.req.header('origin');
    if (origin === undefined || !isAllowedOrigin(origin, await readDomains(sources))) return;
    headers.set('Access-Control-Allow-Origin', origin);
    headers.set('Access-Control-Allow-Credentials', 'true');
    headers.set('Access-Control-Allow-Methods', METHODS);
    headers.set('Access-Control-Allow-Headers', REQUEST_HEADERS);
    headers.set('Access-Control-Expose-Headers', ANSWER_HEADERS);
  });
}
