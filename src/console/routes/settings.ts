import { Hono, type Context } from 'hono';
import { readTokens } from '../accounts/account-files.ts';
import { onlyFor } from '../access/access.ts';
import { readAudit } from '../access/audit.ts';
import { configurationFiles, createComponentsReader, shownConfiguration } from '../picture/configuration-view.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { failure } from '../failure.ts';
import { configurationPage, settingsPage } from '../html/settings.ts';
import { hostOf, sendPage } from '../html/shell.ts';
import { readStatus } from '../picture/status-view.ts';

const AUDIT_ENTRIES = 30;

/** `/settings`: what is configured, by whom it is used, and what was done. */
export function settingsRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { layout } = parts;
  const readComponents = createComponentsReader(layout);
  const app = new Hono<ConsoleEnv>();
  app.get('/settings', onlyFor(parts, 'reader'), async (context) => {
    const [bundle, main, files, accounts, tokens, facts] = await Promise.all([
      readComponents(),
      shownConfiguration(layout, 'conf/dkm.toml'),
      configurationFiles(layout),
      parts.accounts.list(),
      readTokens(layout).catch(() => []), // a mistake in it is told when a token is used, and in the log
      factsOf(parts),
    ]);
    const body = settingsPage({
      facts,
      main: main?.shown,
      files,
      components: bundle?.components ?? [],
      accounts,
      tokens: tokens.map(({ name, role, expires }) => ({ name, role, expires })),
      audit: context.var.account.role === 'operator' ? await readAudit(layout, { limit: AUDIT_ENTRIES }) : undefined,
    });
    return sendPage(context, parts, { title: 'Settings', active: '/settings', body });
  });
  app.get('/settings/file', onlyFor(parts, 'reader'), (context) => sendFile(context, parts));
  return app;
}

async function sendFile(context: Context<ConsoleEnv>, parts: ConsoleParts): Promise<Response> {
  const found = await shownConfiguration(parts.layout, context.req.query('path') ?? '');
  if (found === undefined) return failure(context, 404, 'not-found', 'There is no such configuration file.');
  return sendPage(context, parts, { title: found.file.path, active: '/settings', body: configurationPage(found.file, found.shown) });
}

async function factsOf({ config, layout }: ConsoleParts): Promise<[string, string][]> {
  const { supervisor } = await readStatus(layout.status);
  return [
    ['Host', hostOf(config)],
    ['Directory', layout.root],
    ['Supervisor', supervisor.version === null ? 'not known' : `dkm ${supervisor.version}${supervisor.state === 'running' ? '' : ', not running'}`],
    ['Console listens on', `${config.listen} port ${config.port}${config.tls === undefined ? '' : ', with TLS'}`],
    ['Graphite queries go to', config.query_url],
  ];
}
