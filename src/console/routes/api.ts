import { Hono, type Context } from 'hono';
import type { apiApp } from '../api/api-app.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';

/**
 * `/api/v1` and `/api`. What they are made of (a schema for everything, and the document that is made of the schemas) takes
 * 12 MiB of memory, and is loaded when somebody asks for it first.
 */
export function apiRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  type Loading = Promise<ReturnType<typeof apiApp>>;
  let loading: Loading | undefined;
  const load = (): Loading => (loading ??= import('../api/api-app.ts').then((loaded) => loaded.apiApp(parts)));
  // It finds out itself who asks, and for what that may be.
  const passOn = async (context: Context<ConsoleEnv>): Promise<Response> => (await load()).fetch(context.req.raw, context.env);
  return new Hono<ConsoleEnv>().all('/api', passOn).all('/api/v1/*', passOn);
}
