import { Hono } from 'hono';
import { onlyFor } from '../access/access.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { dashboardFiles } from '../dashboards/files.ts';
import { dashboardPage, dashboardsPage } from '../dashboards/page.ts';
import { failure } from '../failure.ts';
import { sendPage } from '../html/shell.ts';

const UNKNOWN = 'There is no dashboard with this uid.';

/** `/dashboards`, one of them, and both as JSON. */
export function dashboardRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const files = dashboardFiles(parts.layout);
  const app = new Hono<ConsoleEnv>();
  app.get('/dashboards', onlyFor(parts, 'reader'), async (context) =>
    sendPage(context, parts, { title: 'Dashboards', active: '/dashboards', body: dashboardsPage(await files.list()), styles: ['dashboards'] }),
  );
  app.get('/dashboards/:uid', onlyFor(parts, 'reader'), async (context) => {
    const dashboard = await files.get(context.req.param('uid'));
    if (dashboard === undefined) return failure(context, 404, 'not-found', UNKNOWN);
    return sendPage(context, parts, {
      title: dashboard.title,
      active: '/dashboards',
      body: dashboardPage(dashboard, (await files.list()).dashboards),
      scripts: ['dashboards'],
      styles: ['explorer', 'dashboards'],
    });
  });
  app.get('/api/dashboards', onlyFor(parts, 'reader'), async (context) => context.json(await files.list()));
  app.get('/api/dashboards/:uid', onlyFor(parts, 'reader'), async (context) => {
    const dashboard = await files.get(context.req.param('uid'));
    return dashboard === undefined ? failure(context, 404, 'not-found', UNKNOWN) : context.json(dashboard);
  });
  return app;
}
