import { z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { PROMISE_STATES } from '../../contract/promise.ts';
import { errorSchema, fault } from './schemas.ts';

/* What the API is asked with. What is not named here is refused, so that a slip of the pen is told and not passed over. */

/** A whole number in an address, in decimal digits and nothing else. */
const count = (least: number, most: number, fallback: number): z.ZodType<number> =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number')
    .transform(Number)
    .pipe(z.number().int().min(least).max(most))
    .default(fallback)
    .openapi({ type: 'integer', minimum: least, maximum: most, default: fallback });

export const noQuery = z.strictObject({});
export const listQuery = z.strictObject({
  state: z.enum([...PROMISE_STATES, 'pending']).optional(),
  limit: count(1, 1000, 200),
  offset: count(0, 1_000_000, 0),
});
export const historyQuery = z.strictObject({ limit: count(1, 1000, 200) });
export const daysQuery = z.strictObject({ days: count(1, 1000, 90) });
export const waitQuery = z.strictObject({
  wait_s: count(0, 60, 30).describe('How long to wait for what comes of it; then the answer is 202, and it goes on.'),
});
export const auditQuery = z.strictObject({ limit: count(1, 1000, 100) });

const DAY_S = 24 * 60 * 60;
export const acknowledgeBody = z.strictObject({
  comment: z.string().max(500).default(''),
  for_s: z
    .number()
    .int()
    .min(60)
    .max(90 * DAY_S)
    .default(DAY_S)
    .describe('How long it holds, in seconds.'),
});

export const promiseParam = z.object({
  id: z
    .string()
    .min(1)
    .max(200)
    .openapi({ param: { name: 'id', in: 'path' }, example: 'host-disk' }),
});
export const serviceParam = z.object({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .max(100)
    .openapi({ param: { name: 'name', in: 'path' }, example: 'console' }),
});
export const SERVICE_ACTIONS = ['start', 'stop', 'restart'] as const;
export const serviceActionParam = serviceParam.extend({ action: z.enum(SERVICE_ACTIONS).openapi({ param: { name: 'action', in: 'path' } }) });

/** Refuses a body that is not said to be JSON. */
export const onlyJson: MiddlewareHandler = (context, next) => {
  if (/^application\/json\s*(;|$)/i.test(context.req.header('content-type') ?? '')) return next();
  return Promise.resolve(context.json(fault('not-json', 'Content-Type: application/json is expected.'), 415));
};

interface JsonAnswer<Schema extends z.ZodType> {
  description: string;
  content: { 'application/json': { schema: Schema } };
}

/** An answer of this shape. */
export function json<Schema extends z.ZodType>(schema: Schema, description: string): JsonAnswer<Schema> {
  return { description, content: { 'application/json': { schema } } };
}

/** The failures that every route can answer with, and those of its own. */
export function failures<const Own extends readonly number[]>(...own: Own): Record<Own[number] | 400 | 401 | 403 | 429 | 500, JsonAnswer<typeof errorSchema>> {
  const statuses = [400, 401, 403, 429, 500, ...own];
  return Object.fromEntries(statuses.map((status) => [status, json(errorSchema, WORDS[status] ?? '')])) as Record<
    Own[number] | 400 | 401 | 403 | 429 | 500,
    JsonAnswer<typeof errorSchema>
  >;
}

const WORDS: Readonly<Record<number, string>> = {
  400: 'The request is not one of this route.',
  401: 'Nobody is logged in, and no token that counts was brought along.',
  403: 'This account, or where the request came from, may not do this.',
  404: 'There is nothing of this name.',
  409: 'It does not fit how things are now.',
  413: 'The request is too large.',
  415: 'The body is not JSON.',
  422: 'What was asked for is too much to be answered.',
  429: 'Too many requests; the header Retry-After says when there may be another.',
  500: 'The console failed; its log says why.',
  502: 'The query service does not answer, or with nothing of use.',
  503: 'Too much is under way; try again in a moment.',
  504: 'The query service took too long.',
};
