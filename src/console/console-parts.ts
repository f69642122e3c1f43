import type { HttpBindings } from '@hono/node-server';
import type { Layout } from '../base/layout.ts';
import type { ConsoleConfig } from './config.ts';
import type { Log } from './log.ts';
import type { PageFiles } from './page-files.ts';
import type { AskRender } from './render-query.ts';
import type { Visitors } from './visitors.ts';

/** What the console is made of. */
export interface ConsoleParts {
  config: ConsoleConfig;
  /** The installation it shows. */
  layout: Layout;
  files: PageFiles;
  visitors: Visitors;
  sessionSecret: string;
  askRender: AskRender;
  log: Log;
}

/** What somebody may do: `reader` looks, `operator` also acts. */
export type Role = 'reader' | 'operator';

/** Who asks. */
export interface Account {
  name: string;
  role: Role;
  via: 'session' | 'token' | 'basic';
}

/** A Hono application on Node's own server; `account` is there behind `onlyFor`. */
export interface ConsoleEnv {
  Bindings: HttpBindings;
  Variables: { account: Account };
}
