import { Hono } from 'hono';
import { DkmError } from '../../base/errors.ts';
import { readSettings } from '../../contract/settings.ts';
import { onlyFor } from '../access/access.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { sendPage } from '../html/shell.ts';
import { instancesPage } from '../instances/page.ts';
import { watchInstances } from '../instances/watch.ts';

/** `/instances` and /api/instances: the other monitors that [monitor] of conf/dkm.toml names. */
export function instanceRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const watch = watchInstances({ urls: () => urlsIn(parts.layout.settings), log: parts.log });
  const app = new Hono<ConsoleEnv>();
  app.get('/instances', onlyFor(parts, 'reader'), async (context) =>
    sendPage(context, parts, {
      title: 'Instances',
      active: '/instances',
      body: instancesPage(await watch.answer()),
      scripts: ['instances'],
      styles: ['instances'],
    }),
  );
  app.get('/api/instances', onlyFor(parts, 'reader'), async (context) => context.json(await watch.answer()));
  return app;
}

async function urlsIn(settings: string): Promise<readonly string[]> {
  try {
    return (await readSettings(settings)).monitor?.instances ?? [];
  } catch (error) {
    // Without the file there is nothing to show, as before the console was installed.
    if (error instanceof DkmError && error.code === 'not-an-installation') return [];
    throw error;
  }
}
