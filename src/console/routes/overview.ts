import { Hono } from 'hono';
import { onlyFor } from '../access/access.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { overview } from '../html/overview.ts';
import { sendPage } from '../html/shell.ts';
import { readPicture } from '../picture/picture.ts';

/** `/`: the page that is seen first. */
export function overviewRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  // Who asks without a name and is no browser is refused: a promise of SlapOS (check_url_available) looks for that.
  app.get('/', onlyFor(parts, 'reader', { basic: { realm: 'Private access', orLogIn: true } }), async (context) =>
    sendPage(context, parts, {
      title: 'Overview',
      active: '/',
      body: overview({ picture: await readPicture(parts.layout), reachedAs: hostName(context.req.url) }),
      scripts: ['overview'],
    }),
  );
  return app;
}

/** The name in an address, without the brackets of IPv6. */
function hostName(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}
