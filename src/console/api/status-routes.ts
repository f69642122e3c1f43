import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { readPicture, summaryOf, type Picture } from '../picture/picture.ts';
import { failures, json, noQuery } from './requests.ts';
import { statusSchema } from './schemas.ts';

/** GET /api/v1/status: everything in brief. */
export function addStatusRoutes(api: OpenAPIHono<ConsoleEnv>, { layout }: ConsoleParts): void {
  const route = createRoute({
    method: 'get',
    path: '/api/v1/status',
    tags: ['Status'],
    summary: 'How everything is, in brief',
    request: { query: noQuery },
    responses: { 200: json(statusSchema, 'The supervisor, its services, and how many promises are kept.'), ...failures() },
  });
  api.openapi(route, async (context) => {
    const picture = await readPicture(layout);
    const { nowMs, supervisor, services, warnings } = picture.status;
    return context.json({ nowMs, summary: summaryOf(picture), supervisor, services, warnings, promises: countsOf(picture) }, 200);
  });
}

function countsOf({ promises: { state, message, promises } }: Picture): {
  state: Picture['promises']['state'];
  message: string;
  counts: { ok: number; failed: number; 'no-data': number; pending: number };
  acknowledged: number;
} {
  const count = (wanted: string): number => promises.filter((promise) => promise.state === wanted).length;
  return {
    state,
    message,
    counts: { ok: count('ok'), failed: count('failed'), 'no-data': count('no-data'), pending: count('pending') },
    acknowledged: promises.filter(({ acknowledged }) => acknowledged !== undefined).length,
  };
}
