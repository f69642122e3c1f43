import type { HttpBindings } from '@hono/node-server';
import { join } from 'node:path';
import { layoutOf, type Layout } from '../base/layout.ts';
import { createAccounts, type Accounts } from './accounts/accounts.ts';
import { createTokens } from './accounts/tokens.ts';
import { createAuditTrail, type AuditTrail } from './access/audit.ts';
import type { ConsoleConfig } from './config.ts';
import type { Log } from './log.ts';
import { readPageFiles, type PageFiles } from './page-files.ts';
import { renderAsker, type AskRender } from './graphite/render-query.ts';
import { IDLE_MS, openSessions, SESSION_MS, type Sessions } from './access/session.ts';
import { createVisitors, readSessionSecret, type Visitors } from './access/visitors.ts';

/** What the console is made of. */
export interface ConsoleParts {
  config: ConsoleConfig;
  /** The installation it shows. */
  layout: Layout;
  files: PageFiles;
  visitors: Visitors;
  accounts: Accounts;
  sessions: Sessions;
  auditTrail: AuditTrail;
  sessionSecret: string;
  askRender: AskRender;
  log: Log;
}

/** Makes them from a configuration, reading what they need; throws what `readPageFiles` and `readSessionSecret` throw. */
export async function readConsoleParts(config: ConsoleConfig, log: Log): Promise<ConsoleParts> {
  const sessionSecret = await readSessionSecret(config.session_secret_file);
  const files = await readPageFiles(config.page);
  const layout = layoutOf(config.root);
  const limits = {
    lastsMs: config.login?.hours === undefined ? SESSION_MS : config.login.hours * 3_600_000,
    idleMs: config.login?.idle_minutes === undefined ? IDLE_MS : config.login.idle_minutes * 60_000,
  };
  const sessions = await openSessions(join(layout.run, 'console-sessions.json'), sessionSecret, log, limits);
  const accounts = createAccounts(config, layout, sessionSecret, log);
  const visitors = createVisitors({ config, secret: sessionSecret, accounts, tokens: createTokens(layout, log), sessions });
  const askRender = renderAsker(config.query_url);
  return { config, layout, files, visitors, accounts, sessions, auditTrail: createAuditTrail(layout, log), sessionSecret, askRender, log };
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
