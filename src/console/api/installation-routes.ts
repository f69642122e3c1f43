import { availableParallelism, freemem, loadavg, totalmem, uptime } from 'node:os';
import { join } from 'node:path';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { readIfPresent } from '../../base/files.ts';
import { VERSION } from '../../base/version.ts';
import { readBundle } from '../../contract/bundle.ts';
import { parseNotifyStatus } from '../../contract/notify.ts';
import { onlyFor } from '../access/access.ts';
import { readAudit } from '../access/audit.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { hostOf } from '../html/shell.ts';
import { spaceOf } from '../picture/storage-space.ts';
import { auditQuery, failures, json, noQuery } from './requests.ts';
import { auditSchema, hostSchema, notificationsSchema, versionSchema } from './schemas.ts';

const tags = ['Installation'];

/** The installation itself: where it is, what it is made of, who is told and what was done. */
export function addInstallationRoutes(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  const { layout, config } = parts;
  const look = <const Path extends string, Schema extends typeof hostSchema | typeof versionSchema | typeof notificationsSchema>(
    path: Path,
    summary: string,
    schema: Schema,
  ) => createRoute({ method: 'get', path, tags, summary, request: { query: noQuery }, responses: { 200: json(schema, summary), ...failures() } });

  api.openapi(look('/api/v1/host', 'The machine', hostSchema), async (context) =>
    context.json(
      {
        host: hostOf(config),
        title: config.title,
        metricPrefix: `collectd.${config.host}`,
        port: config.port,
        uptimeS: Math.round(uptime()),
        cpus: availableParallelism(),
        loadAverage: loadavg(),
        memoryBytes: { total: totalmem(), free: freemem() },
        storage: await spaceOf(layout.storage),
      },
      200,
    ),
  );
  api.openapi(look('/api/v1/version', 'Versions of dkm and of what it installed', versionSchema), async (context) => {
    const bundle = await readBundle(layout.current);
    const components = bundle.components.map(({ name, version, licence, source, verified }) => ({ name, version, licence, source, verified }));
    return context.json({ dkm: VERSION, node: process.version, platform: bundle.platform, components }, 200);
  });
  api.openapi(look('/api/v1/notifications', 'How telling somebody goes, channel by channel', notificationsSchema), async (context) => {
    const text = await readIfPresent(join(layout.notify, 'status.json'));
    const status = text === undefined ? undefined : parseNotifyStatus(text);
    if (status === undefined)
      return context.json({ state: text === undefined ? ('none' as const) : ('unreadable' as const), channels: [], heartbeat: null }, 200);
    return context.json({ state: 'current' as const, channels: status.channels, heartbeat: status.heartbeat }, 200);
  });
  addAudit(api, parts);
}

function addAudit(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  const route = createRoute({
    method: 'get',
    path: '/api/v1/audit',
    tags,
    summary: 'Who did what, the newest first',
    description: 'For the role `operator`.',
    middleware: [onlyFor(parts, 'operator')] as const,
    request: { query: auditQuery },
    responses: { 200: json(auditSchema, 'The last entries.'), ...failures() },
  });
  api.openapi(route, async (context) => context.json({ entries: await readAudit(parts.layout, { limit: context.req.valid('query').limit }) }, 200));
}
