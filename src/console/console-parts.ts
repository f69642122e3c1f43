import type { HttpBindings } from '@hono/node-server';
import type { ConsoleConfig } from './config.ts';
import type { Log } from './log.ts';
import type { PageFiles } from './page-files.ts';
import type { AskRender } from './render-query.ts';
import type { Visitors } from './visitors.ts';

/** What the console is made of. */
export interface ConsoleParts {
  config: ConsoleConfig;
  files: PageFiles;
  visitors: Visitors;
  sessionSecret: string;
  askRender: AskRender;
  log: Log;
}

/** A Hono application on Node's own server. */
export type ConsoleEnv = { Bindings: HttpBindings };
