import { randomBytes } from 'node:crypto';
import { Hono, type Context } from 'hono';
import { onlyFor } from './access.ts';
import { FIRST_ACCOUNT } from '../accounts/account-files.ts';
import { addressOf } from './address.ts';
import { audit } from './audit.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { fillIn } from '../page-files.ts';
import { formToken, isSame } from './session.ts';
import { cookiesOf, type LoginOutcome } from './visitors.ts';

/*
 * Logging in works without script: a form, a token in it and a cookie that fit each other. The token is there beside
 * the check of the request's origin, so that neither has to be perfect.
 */

type LoginContext = Context<ConsoleEnv>;

/** The routes /login and /logout. */
export function loginRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { visitors } = parts;
  const app = new Hono<ConsoleEnv>();
  app.get('/login', async (context) => {
    const next = ownPath(context.req.query('next'));
    return (await visitors.isLoggedIn(context)) ? context.redirect(next, 303) : loginPage(context, parts, 200, { next });
  });
  app.post('/login', (context) => logIn(context, parts));
  app.post('/logout', onlyFor(parts, 'reader'), async (context) => {
    await visitors.logOut(context);
    parts.log(`logout: ${addressOf(context, parts.config)}`);
    await audit(context, parts, 'logout', '', 'done');
    // Not "cookies": that would take those of every program of this host, whatever its port.
    context.header('Clear-Site-Data', '"cache", "storage"');
    return /\btext\/html\b/.test(context.req.header('accept') ?? '') ? context.redirect('/login', 303) : context.body(null, 204);
  });
  return app;
}

async function logIn(context: LoginContext, parts: ConsoleParts): Promise<Response> {
  const { visitors, log, config } = parts;
  const form = await readForm(context);
  if (form === undefined || !isOurForm(context, parts, form.token))
    return loginPage(context, parts, 400, { message: 'The form was too old. Please try again.', ...(form && { name: form.name, next: form.next }) });
  const outcome = await visitors.logIn(context, form.name, form.password);
  const address = addressOf(context, config);
  if (outcome.kind === 'account') {
    log(`login: ${address} as ${outcome.account.name}`);
    await note(context, parts, outcome, form.name, 'done');
    return context.redirect(form.next, 303);
  }
  if (outcome.kind === 'wait') {
    const { waitS } = outcome;
    if (outcome.isNews) {
      log(`login refused: ${address} has to wait ${waitS} s`);
      await note(context, parts, outcome, form.name, 'refused: too many wrong passwords');
    }
    context.header('Retry-After', String(waitS));
    return loginPage(context, parts, 429, { ...form, message: `Too many wrong passwords. Try again in ${waitS} ${waitS === 1 ? 'second' : 'seconds'}.` });
  }
  log(`login failed: ${address}`);
  await note(context, parts, outcome, form.name, 'wrong name or password');
  return loginPage(context, parts, 401, { ...form, message: 'That is not the name or not the password.' });
}

function note(context: LoginContext, { auditTrail, config }: ConsoleParts, outcome: LoginOutcome, name: string, what: string): Promise<void> {
  const role = outcome.kind === 'account' ? outcome.account.role : '';
  return auditTrail.write({ account: name, role, via: 'login', address: addressOf(context, config), action: 'login', subject: '', outcome: what });
}

interface Shown {
  message?: string;
  name?: string;
  next?: string;
}

const FORM_COOKIE = 'login';

function loginPage(context: LoginContext, { config, files, sessionSecret }: ConsoleParts, status: 200 | 400 | 401 | 429, shown: Shown): Response {
  const cookies = cookiesOf(config);
  const cookie = cookies.read(context, FORM_COOKIE) ?? randomBytes(18).toString('base64url');
  cookies.write(context, FORM_COOKIE, cookie);
  const { message = '', name = FIRST_ACCOUNT, next = '/' } = shown;
  return context.html(fillIn(files.login, { title: config.title, token: formToken(cookie, sessionSecret), message, name, next }), status);
}

/** True when the form's token fits the cookie that came with the form. */
function isOurForm(context: LoginContext, { config, sessionSecret }: ConsoleParts, token: string): boolean {
  const cookie = cookiesOf(config).read(context, FORM_COOKIE);
  return cookie !== undefined && isSame(token, formToken(cookie, sessionSecret));
}

interface Form {
  name: string;
  password: string;
  token: string;
  next: string;
}

async function readForm(context: Context): Promise<Form | undefined> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(context.req.header('content-type') ?? '')) return undefined;
  const form = new URLSearchParams(await context.req.text());
  const name = (form.get('username') ?? FIRST_ACCOUNT).trim();
  return { name, password: form.get('password') ?? '', token: form.get('token') ?? '', next: ownPath(form.get('next') ?? undefined) };
}

/** Where to go after logging in: a path of ours, whatever was asked for. */
export function ownPath(wanted: string | undefined): string {
  if (wanted === undefined || !/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted)) return '/';
  const url = URL.parse(wanted, 'http://console.invalid');
  return url?.host === 'console.invalid' && url.pathname !== '/login' ? url.pathname + url.search : '/';
}
