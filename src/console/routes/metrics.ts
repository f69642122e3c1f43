import { join } from 'node:path';
import { Hono } from 'hono';
import { onlyFor } from '../access/access.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import {
  channelFamilies,
  ownFamilies,
  promiseFamilies,
  readChannels,
  readSupervisor,
  serviceFamilies,
  storageFamilies,
  supervisorFamilies,
} from '../exposition/families.ts';
import { usageOf } from '../exposition/process-usage.ts';
import { createRequestCounts } from '../exposition/request-counts.ts';
import { CONTENT_TYPES, exposition, formatFor, type Family } from '../exposition/text-format.ts';
import { readPromises } from '../picture/promises-view.ts';
import { spaceOf } from '../picture/storage-space.ts';

/** How this process answers: one console is one process. */
export const requestCounts = createRequestCounts();

/** `/metrics`: dkm's own state for Prometheus, for those who may look (a token, or name and password). */
export function metricsRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/metrics', onlyFor(parts, 'reader', { basic: { realm: 'metrics' } }), async (context) => {
    const format = formatFor(context.req.header('accept'));
    return context.body(exposition(await familiesOf(parts), format), 200, { 'Content-Type': CONTENT_TYPES[format] });
  });
  return app;
}

async function familiesOf({ layout }: ConsoleParts): Promise<Family[]> {
  const [{ status, isAlive }, promises, channels, space] = await Promise.all([
    readSupervisor(layout.status),
    readPromises(layout.promisesStatus),
    readChannels(join(layout.notify, 'status.json')),
    spaceOf(layout.storage),
  ]);
  // Of services that nobody watches nothing is known: no series is better than one that stands still.
  const services = isAlive ? (status?.services ?? []) : [];
  return [
    ...supervisorFamilies(status, isAlive),
    ...serviceFamilies(services, usageOf(services.flatMap(({ pid }) => pid ?? []))),
    ...promiseFamilies(promises.state === 'current' ? promises.promises : []),
    ...channelFamilies(channels),
    ...storageFamilies(space),
    ...ownFamilies(),
    ...requestCounts.families(),
  ];
}
