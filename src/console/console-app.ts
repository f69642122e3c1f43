import { Hono, type Context } from 'hono';
import { messageOf } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { onlyFor } from './access/access.ts';
import type { HostAnswer } from './answers.ts';
import { chartsOf } from './graphite/charts.ts';
import type { ConsoleConfig } from './config.ts';
import type { ConsoleEnv, ConsoleParts } from './console-parts.ts';
import { failure } from './failure.ts';
import { guards } from './access/guards.ts';
import { loginRoutes } from './access/login-routes.ts';
import { sendPacked } from './packed.ts';
import type { PublicFile } from './page-files.ts';
import { renderQuery, withShortValues } from './graphite/render-query.ts';
import { pathOfRequest } from './access/request-path.ts';
import { ROUTES } from './routes/all.ts';
import { requestCounts } from './routes/metrics.ts';
import { readStatus } from './picture/status-view.ts';

/** The console's routes. */
export function consoleApp(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { config, layout, files, log } = parts;
  const app = new Hono<ConsoleEnv>({ getPath: pathOfRequest });
  app.use(requestCounts.measured, ...guards(parts));
  app.get('/healthz', (context) => context.text('ok'));
  for (const [path, file] of files.public) app.get(path, (context) => sendPublicFile(context, file));
  app.route('/', loginRoutes(parts));
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
  return sendPacked(context, withShortValues(outcome.body), 'application/json; charset=utf-8');
}
