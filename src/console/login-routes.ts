import { randomBytes } from 'node:crypto';
import { Hono, type Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { ConsoleEnv, ConsoleParts } from './console-parts.ts';
import { createLoginLimit, type LoginLimit } from './login-limit.ts';
import { fillIn } from './page-files.ts';
import { formToken, isSame } from './session.ts';
import { COOKIE } from './visitors.ts';

/*
 * Logging in works without script: a form, a token in it and a cookie that fit each other. The token is there beside
 * the check of the request's origin, so that neither has to be perfect.
 */

/** The routes /login and /logout. */
export function loginRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { visitors } = parts;
  const limit = createLoginLimit();
  const app = new Hono<ConsoleEnv>();
  app.get('/login', async (context) => ((await visitors.isLoggedIn(context)) ? context.redirect('/', 303) : loginPage(context, parts, 200)));
  app.post('/login', (context) => logIn(context, parts, limit));
  app.post('/logout', async (context) => {
    await visitors.logOut(context);
    return context.body(null, 204);
  });
  return app;
}

async function logIn(context: Context<ConsoleEnv>, parts: ConsoleParts, limit: LoginLimit): Promise<Response> {
  const { visitors, log } = parts;
  const form = await readForm(context);
  if (form === undefined || !isOurForm(context, parts, form.token)) return loginPage(context, parts, 400, 'The form was too old. Please try again.');
  const address = context.env.incoming.socket.remoteAddress ?? 'unknown';
  const waitS = Math.ceil(limit.tryLogin(address) / 1000);
  if (waitS > 0) {
    log(`login refused: ${address} has to wait ${waitS} s`);
    context.header('Retry-After', String(waitS));
    return loginPage(context, parts, 429, `Too many wrong passwords. Try again in ${waitS} ${waitS === 1 ? 'second' : 'seconds'}.`);
  }
  if (!(await visitors.logIn(context, form.password))) {
    log(`login failed: ${address}`);
    return loginPage(context, parts, 401, 'That is not the password.');
  }
  limit.succeeded(address);
  log(`login: ${address}`);
  return context.redirect('/', 303);
}

function loginPage(context: Context, { config, files, sessionSecret }: ConsoleParts, status: 200 | 400 | 401 | 429, message = ''): Response {
  const cookie = getCookie(context, formCookie(config.port)) ?? randomBytes(18).toString('base64url');
  setCookie(context, formCookie(config.port), cookie, COOKIE);
  // A browser names no origin for a form on a page with the policy no-referrer: this one page needs it named to us.
  context.header('Referrer-Policy', 'same-origin');
  return context.html(fillIn(files.login, { title: config.title, token: formToken(cookie, sessionSecret), message }), status);
}

/** True when the form's token fits the cookie that came with the form. */
function isOurForm(context: Context, { config, sessionSecret }: ConsoleParts, token: string): boolean {
  const cookie = getCookie(context, formCookie(config.port));
  return cookie !== undefined && isSame(token, formToken(cookie, sessionSecret));
}

const formCookie = (port: number): string => `dkm_login_${port}`;

async function readForm(context: Context): Promise<{ password: string; token: string } | undefined> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(context.req.header('content-type') ?? '')) return undefined;
  const form = new URLSearchParams(await context.req.text());
  return { password: form.get('password') ?? '', token: form.get('token') ?? '' };
}
