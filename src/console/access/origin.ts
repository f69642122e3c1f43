import type { Context, MiddlewareHandler } from 'hono';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { failure } from '../failure.ts';
import { mayComeFromElsewhere } from '../slapos/cross-origin.ts';

/** What a browser says about where a request comes from. */
export interface RequestOrigin {
  /** `Sec-Fetch-Site`; browsers leave it out on plain http to another machine. */
  fetchSite: string | undefined;
  origin: string | undefined;
  host: string | undefined;
}

/** Methods that change nothing. */
const READING = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT']);

/** True for requests that only ask. */
export function isReading(method: string): boolean {
  return READING.has(method);
}

/**
 * True when a request that changes something was made by our own page. `Sec-Fetch-Site` cannot be forged by a page
 * and knows the address as the browser does, so it decides alone where it is there; otherwise the origin must name
 * the host that was asked. A request that says neither does not come from a browser's page and is refused too.
 */
export function isSameOrigin({ fetchSite, origin, host }: RequestOrigin): boolean {
  if (fetchSite !== undefined) return fetchSite === 'same-origin';
  if (origin === undefined || host === undefined) return false;
  const url = URL.parse(origin);
  return url !== null && url.host === host.toLowerCase();
}

/**
 * Refuses what other sites' pages have a browser send. A program that is no browser names no origin, and brings a token
 * or a name and password itself; the interfaces of SlapOS have rules of their own.
 */
export function onlySameOrigin(parts: ConsoleParts): MiddlewareHandler<ConsoleEnv> {
  return async (context, next) => {
    if (isReading(context.req.method)) return next();
    const origin = originOf(context);
    if (isSameOrigin(origin)) return next();
    const isProgram = origin.fetchSite === undefined && origin.origin === undefined && context.req.header('authorization') !== undefined;
    if (isProgram || (await mayComeFromElsewhere(context, parts))) return next();
    return failure(context, 403, 'other-origin', 'This request did not come from the console itself.');
  };
}

function originOf(context: Context): RequestOrigin {
  const header = (name: string): string | undefined => context.req.header(name);
  return { fetchSite: header('sec-fetch-site'), origin: header('origin'), host: header('host') };
}
