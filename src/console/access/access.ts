import type { Context, MiddlewareHandler } from 'hono';
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { addressOf } from './address.ts';
import type { ConsoleEnv, ConsoleParts, Role } from '../console-parts.ts';
import { failure } from '../failure.ts';
import { isReading } from './origin.ts';
import { isSame } from './session.ts';
import type { Identified } from './visitors.ts';

/*
 * Who may do what. Every route that is not for everybody stands behind `onlyFor`; a test asks all routes that there are
 * (test/unit/console/every-route.test.ts).
 */

export interface AccessOptions {
  /** Also takes a name and a password with the request (Basic), and asks for them with this realm. */
  basic?: {
    realm: string;
    /** Browsers that want a page are sent to log in all the same. */
    orLogIn?: boolean;
  };
}

/**
 * Lets through who may do what this role may; `context.var.account` says who it is. Others are answered 401 or 403, and a
 * person's browser is sent to log in. A session's request that changes something must bring its token along
 * (`csrfField`, `csrfToken`); one with a bearer token or Basic need not.
 */
export function onlyFor(parts: ConsoleParts, role: Role, { basic }: AccessOptions = {}): MiddlewareHandler<ConsoleEnv> {
  return async (context, next) => {
    // Another `onlyFor` before this one may have found out who it is.
    if ((context.var as Partial<ConsoleEnv['Variables']>).account === undefined) {
      const identified = await parts.visitors.identify(context, { basic: basic !== undefined });
      if (identified.kind !== 'account') return await notIdentified(context, parts, identified, basic);
      context.set('account', identified.account);
      if (identified.account.via === 'session' && !isReading(context.req.method) && !(await bringsToken(context, parts)))
        return failure(context, 403, 'csrf', 'This page was too old. Load it again and repeat what you did.');
    }
    if (role === 'operator' && context.var.account.role !== 'operator')
      return failure(context, 403, 'not-allowed', 'This account may look, but not change anything.');
    return next();
  };
}

/** Field of forms, header of scripts and name of the <meta> that have the session's token. */
export const CSRF_FIELD = 'csrf';
export const CSRF_HEADER = 'x-csrf-token';

/** The token that a page's script sends as header `x-csrf-token` with each request that changes something; empty without a session. */
export function csrfToken(context: Context<ConsoleEnv>, { visitors }: ConsoleParts): string {
  return visitors.formTokenOf(context);
}

/** The hidden field that every form with method "post" needs. */
export function csrfField(context: Context<ConsoleEnv>, parts: ConsoleParts): HtmlEscapedString | Promise<HtmlEscapedString> {
  return html`<input type="hidden" name="${CSRF_FIELD}" value="${csrfToken(context, parts)}" />`;
}

async function bringsToken(context: Context<ConsoleEnv>, { visitors }: ConsoleParts): Promise<boolean> {
  const expected = visitors.formTokenOf(context);
  if (expected === '') return false;
  const given = context.req.header(CSRF_HEADER) ?? (await fieldOf(context));
  return typeof given === 'string' && isSame(given, expected);
}

async function fieldOf(context: Context<ConsoleEnv>): Promise<unknown> {
  try {
    return (await context.req.parseBody())[CSRF_FIELD];
  } catch {
    return undefined; // a body that is no form has no field
  }
}

async function notIdentified(
  context: Context<ConsoleEnv>,
  parts: ConsoleParts,
  identified: Exclude<Identified, { kind: 'account' }>,
  basic: AccessOptions['basic'],
): Promise<Response> {
  const { auditTrail, config } = parts;
  const { name } = identified;
  const note = (outcome: string): Promise<void> =>
    auditTrail.write({ account: name, role: '', via: 'basic', address: addressOf(context, config), action: 'login', subject: '', outcome });
  if (identified.kind === 'wait') {
    if (identified.isNews) await note('refused: too many wrong passwords');
    context.header('Retry-After', String(identified.waitS));
    return failure(context, 429, 'too-many-logins', `Too many wrong passwords. Try again in ${identified.waitS} s.`);
  }
  if (identified.reason === 'wrong' && name !== '') await note('wrong name or password');
  const isSentToLogIn = identified.reason === 'none' && (basic === undefined || basic.orLogIn === true) && isPersonsPage(context);
  if (isSentToLogIn) return context.redirect(loginAddress(context), 303);
  if (basic) context.header('WWW-Authenticate', `Basic realm="${basic.realm}", charset="UTF-8"`);
  return failure(context, 401, 'not-logged-in', identified.reason === 'wrong' ? 'Name, password or token are not right.' : 'Log in first.');
}

/** True when a browser asks for a page to show: there, a login form helps more than an error. */
function isPersonsPage(context: Context): boolean {
  const { method, path } = context.req;
  return (method === 'GET' || method === 'HEAD') && !path.startsWith('/api/') && /\btext\/html\b/.test(context.req.header('accept') ?? '');
}

function loginAddress(context: Context): string {
  const { pathname, search } = new URL(context.req.url);
  const wanted = pathname + search;
  return wanted === '/' || wanted.length > 1000 ? '/login' : `/login?next=${encodeURIComponent(wanted)}`;
}

/** True while the account of this request may go on: for answers that take long, such as streams of events. */
export async function isStillAllowed(context: Context<ConsoleEnv>, { visitors }: ConsoleParts): Promise<boolean> {
  const identified = await visitors.identify(context, { basic: context.var.account.via === 'basic' });
  return identified.kind === 'account' && identified.account.name === context.var.account.name && identified.account.role === context.var.account.role;
}
