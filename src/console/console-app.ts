import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { messageOf } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { onlyFor } from './access.ts';
import type { HostAnswer } from './answers.ts';
import { chartsOf } from './charts.ts';
import type { ConsoleConfig } from './config.ts';
import type { ConsoleEnv, ConsoleParts } from './console-parts.ts';
import { failure } from './failure.ts';
import { loginRoutes } from './login-routes.ts';
import { isSameOrigin } from './origin.ts';
import type { PublicFile } from './page-files.ts';
import { renderQuery } from './render-query.ts';
import { ROUTES } from './routes/all.ts';
import { securityHeaders } from './security-headers.ts';
import { readStatus } from './status-view.ts';

/** Bytes a request's body may have: a password and a token. */
const MOST_BODY_BYTES = 4096;

/** The console's routes. */
export function consoleApp(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { config, layout, files, visitors, log } = parts;
  const app = new Hono<ConsoleEnv>();
  app.use(
    securityHeaders,
    onlySameOrigin,
    bodyLimit({ maxSize: MOST_BODY_BYTES, onError: (context) => failure(context, 413, 'too-large', 'The request is too large.') }),
  );
  app.get('/healthz', (context) => context.text('ok'));
  for (const [path, file] of files.public) app.get(path, (context) => sendPublicFile(context, file));
  app.route('/', loginRoutes(parts));
  app.get('/', async (context) => ((await visitors.isLoggedIn(context)) ? context.html(files.index) : context.redirect('/login', 303)));
  app.use('/api/*', onlyFor(parts, 'reader'));
  app.get('/api/status', async (context) => context.json(await readStatus(layout.status)));
  app.get('/api/host', (context) => context.json(hostAnswer(config)));
  app.get('/api/render', (context) => sendRender(context, parts));
  for (const routes of ROUTES) app.route('/', routes(parts));
  app.notFound((context) => failure(context, 404, 'not-found', 'There is nothing at this address.'));
  app.onError((error, context) => {
    log(`error: ${context.req.method} ${context.req.path}: ${messageOf(error)}`);
    return failure(context, 500, 'internal', 'The console failed to answer; its log says why.');
  });
  return app;
}

const onlySameOrigin = createMiddleware(async (context, next) => {
  const { method } = context.req;
  const header = (name: string): string | undefined => context.req.header(name);
  if (method === 'GET' || method === 'HEAD' || isSameOrigin({ fetchSite: header('sec-fetch-site'), origin: header('origin'), host: header('host') }))
    return next();
  return failure(context, 403, 'other-origin', 'This request did not come from the console itself.');
});

function sendPublicFile(context: Context, file: PublicFile): Response {
  context.header('ETag', file.etag);
  context.header('Cache-Control', 'no-cache'); // ask each time, so that an update shows at once
  context.header('Vary', 'Accept-Encoding');
  if (context.req.header('if-none-match') === file.etag) return context.body(null, 304);
  context.header('Content-Type', file.type);
  if (!/\bgzip\b/.test(context.req.header('accept-encoding') ?? '')) return context.body(file.body);
  context.header('Content-Encoding', 'gzip');
  return context.body(file.gzipped);
}

function hostAnswer({ host, title, port }: ConsoleConfig): HostAnswer {
  return { title, version: VERSION, host: host.split('.').reverse().join('.'), port, charts: chartsOf(host) };
}

async function sendRender(context: Context, { askRender }: ConsoleParts): Promise<Response> {
  const query = renderQuery(new URL(context.req.url).searchParams);
  if (!query.ok) return failure(context, 400, 'bad-request', query.message);
  const outcome = await askRender(query.search);
  if (outcome.kind === 'failed') return failure(context, outcome.status, outcome.code, outcome.message);
  return context.body(outcome.body, 200, { 'Content-Type': 'application/json; charset=utf-8' });
}
