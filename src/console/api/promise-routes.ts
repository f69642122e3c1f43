import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { PromiseStatus } from '../../contract/promise.ts';
import { readHistory, readStatistics } from '../../monitor/read.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { readPromises, worstFirst } from '../picture/promises-view.ts';
import { daysQuery, failures, historyQuery, json, listQuery, noQuery, promiseParam } from './requests.ts';
import { fault, historySchema, promiseSchema, promisesSchema, statisticsSchema } from './schemas.ts';

const tags = ['Promises'];

/** A promise as it is shown; what only the supervisor needs is left out. */
export function shownPromise({ definition: _, ...promise }: PromiseStatus): Omit<PromiseStatus, 'definition'> {
  return promise;
}

/** The promise of this id, as it was known last. */
export async function promiseOf({ layout }: ConsoleParts, id: string): Promise<PromiseStatus | undefined> {
  return (await readPromises(layout.promisesStatus)).promises.find((promise) => promise.id === id);
}

/** The promises to look at: all, one, its history and its days. */
export function addPromiseRoutes(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  const list = createRoute({
    method: 'get',
    path: '/api/v1/promises',
    tags,
    summary: 'Promises with what came of them, the broken ones first',
    request: { query: listQuery },
    responses: { 200: json(promisesSchema, 'A page of them.'), ...failures() },
  });
  const one = createRoute({
    method: 'get',
    path: '/api/v1/promises/{id}',
    tags,
    summary: 'One promise',
    request: { params: promiseParam, query: noQuery },
    responses: { 200: json(promiseSchema, 'The promise.'), ...failures(404) },
  });
  api.openapi(list, async (context) => {
    const { state, limit, offset } = context.req.valid('query');
    const known = await readPromises(parts.layout.promisesStatus);
    const fitting = worstFirst(known.promises).filter((promise) => state === undefined || promise.state === state);
    const promises = fitting.slice(offset, offset + limit).map(shownPromise);
    return context.json({ state: known.state, message: known.message, total: fitting.length, promises }, 200);
  });
  api.openapi(one, async (context) => {
    const promise = await promiseOf(parts, context.req.valid('param').id);
    return promise === undefined ? context.json(fault('not-found', 'There is no promise of this name.'), 404) : context.json(shownPromise(promise), 200);
  });
  addPasts(api, parts);
}

function addPasts(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  const history = createRoute({
    method: 'get',
    path: '/api/v1/promises/{id}/history',
    tags,
    summary: 'When its state or its message changed, the newest last',
    request: { params: promiseParam, query: historyQuery },
    responses: { 200: json(historySchema, 'The last changes.'), ...failures(404) },
  });
  const statistics = createRoute({
    method: 'get',
    path: '/api/v1/promises/{id}/statistics',
    tags,
    summary: 'How often it was kept and broken, day by day',
    request: { params: promiseParam, query: daysQuery },
    responses: { 200: json(statisticsSchema, 'The last days.'), ...failures(404) },
  });
  api.openapi(history, async (context) => {
    const { id } = context.req.valid('param');
    if ((await promiseOf(parts, id)) === undefined) return context.json(fault('not-found', 'There is no promise of this name.'), 404);
    const all = readHistory(parts.layout, id);
    return context.json({ total: all.length, history: all.slice(-context.req.valid('query').limit) }, 200);
  });
  api.openapi(statistics, async (context) => {
    const { id } = context.req.valid('param');
    if ((await promiseOf(parts, id)) === undefined) return context.json(fault('not-found', 'There is no promise of this name.'), 404);
    return context.json({ days: readStatistics(parts.layout, id).slice(-context.req.valid('query').days) }, 200);
  });
}
