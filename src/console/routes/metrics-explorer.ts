import { Hono, type Context } from 'hono';
import { onlyFor } from '../access/access.ts';
import { graphiteAsker } from '../graphite/ask-graphite.ts';
import type { RenderedSeries } from '../answers.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { csvOf } from '../explorer/csv.ts';
import { finder, MOST_NODES_AT_ONCE, type Found, type LevelRequest } from '../explorer/find.ts';
import { functionLister } from '../explorer/functions.ts';
import { explorerPage } from '../explorer/page.ts';
import { failure } from '../failure.ts';
import { sendPage } from '../html/shell.ts';
import { renderQuery } from '../graphite/render-query.ts';

/** 200,000 names of a level are some 16 MiB. */
const FIND_LIMITS = { timeoutMs: 15_000, mostBytes: 24 * 1024 * 1024, mostAtOnce: 12 };
const LONGEST_PATH = 1000;
const LONGEST_TEXT = 200;

/** `/metrics-explorer` and what it asks: /api/find, /api/search, /api/names, /api/functions and /api/render.csv. */
export function explorerRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const ask = graphiteAsker(parts.config.query_url, FIND_LIMITS);
  const { level, search, names } = finder(ask);
  const functions = functionLister(ask);
  const app = new Hono<ConsoleEnv>();
  app.use('/api/*', onlyFor(parts, 'reader'));
  app.get('/metrics-explorer', onlyFor(parts, 'reader'), (context) =>
    sendPage(context, parts, { title: 'Metrics', active: '/metrics-explorer', body: explorerPage(), scripts: ['explorer'], styles: ['explorer'] }),
  );
  app.get('/api/find', async (context) => {
    const request = levelRequest(new URL(context.req.url).searchParams);
    return typeof request === 'string' ? failure(context, 400, 'bad-request', request) : sendFound(context, await level(request));
  });
  app.get('/api/search', async (context) => {
    const text = (context.req.query('query') ?? '').trim();
    const fault = textFault('query', text, LONGEST_TEXT);
    if (text === '' || fault !== undefined) return failure(context, 400, 'bad-request', fault ?? 'query: a part of a name is expected.');
    return sendFound(context, await search(text));
  });
  app.get('/api/names', async (context) => {
    const pattern = (context.req.query('pattern') ?? '').trim();
    const fault = textFault('pattern', pattern, LONGEST_PATH);
    if (pattern === '' || fault !== undefined) return failure(context, 400, 'bad-request', fault ?? 'pattern: a pattern of names is expected.');
    return sendFound(context, await names(pattern));
  });
  app.get('/api/functions', async (context) => context.json(await functions()));
  app.get('/api/render.csv', (context) => sendCsv(context, parts));
  return app;
}

function sendFound<Answer extends object>(context: Context<ConsoleEnv>, found: Found<Answer>): Response {
  return found.kind === 'failed' ? failure(context, found.status, found.code, found.message) : context.json(found.answer);
}

/** The parameters of /api/find, or what is wrong with them. Pure. */
export function levelRequest(params: URLSearchParams): LevelRequest | string {
  const [parent, filter] = [params.get('parent') ?? '', (params.get('filter') ?? '').trim()];
  const fault = textFault('parent', parent, LONGEST_PATH) ?? textFault('filter', filter, LONGEST_TEXT);
  if (fault !== undefined) return fault;
  if (/[*?[\]{}]/.test(parent)) return 'parent: the name of one folder is expected, without a pattern.';
  if (filter.includes('.')) return 'filter: a part of one name is expected, without dots.';
  const [offset, limit] = [count(params.get('offset'), 0), count(params.get('limit'), MOST_NODES_AT_ONCE)];
  if (offset === undefined) return 'offset: a number from 0 is expected.';
  if (limit === undefined || limit < 1 || limit > MOST_NODES_AT_ONCE) return `limit: a number from 1 to ${MOST_NODES_AT_ONCE} is expected.`;
  return { parent, filter, offset, limit };
}

function textFault(name: string, text: string, longest: number): string | undefined {
  return text.length > longest || /\p{Cc}/u.test(text) ? `${name}: at most ${longest} printable characters are allowed.` : undefined;
}

function count(text: string | null, otherwise: number): number | undefined {
  if (text === null) return otherwise;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

async function sendCsv(context: Context<ConsoleEnv>, { askRender }: ConsoleParts): Promise<Response> {
  const query = renderQuery(new URL(context.req.url).searchParams);
  if (!query.ok) return failure(context, 400, 'bad-request', query.message);
  const outcome = await askRender(query.search);
  if (outcome.kind === 'failed') return failure(context, outcome.status, outcome.code, outcome.message);
  const series = seriesOf(outcome.body);
  if (series === undefined) return failure(context, 502, 'not-graphite', 'The query service answered with something that is no list of series.');
  const table = csvOf(series);
  if (!table.ok) return failure(context, 422, 'too-large', table.message);
  return context.body(table.text, 200, {
    'Content-Type': 'text/csv; charset=utf-8; header=present',
    'Content-Disposition': `attachment; filename="metrics-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}.csv"`,
  });
}

function seriesOf(body: Uint8Array): RenderedSeries[] | undefined {
  try {
    const answer: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return Array.isArray(answer) && answer.every(isSeries) ? answer : undefined;
  } catch {
    return undefined;
  }
}

function isSeries(value: unknown): value is RenderedSeries {
  const { target, datapoints } = (value ?? {}) as Partial<RenderedSeries>;
  return typeof target === 'string' && Array.isArray(datapoints) && datapoints.every((point) => Array.isArray(point) && typeof point[1] === 'number');
}
