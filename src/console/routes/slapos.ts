import { Hono, type MiddlewareHandler } from 'hono';
import { onlyFor } from '../access/access.ts';
import type { ConsoleEnv, ConsoleParts, Role } from '../console-parts.ts';
import { failure } from '../failure.ts';
import { costly } from '../access/request-limit.ts';
import { crossOrigin } from '../slapos/cross-origin.ts';
import { fileOf, filesOf } from '../slapos/files.ts';
import { promiseInterface } from '../slapos/promise-interface.ts';
import { runPromiseCgi } from '../slapos/run-promise.ts';
import { isOpenShare, shareOf } from '../slapos/share.ts';

/*
 * The HTTP side of SlapOS's monitoring stack, of both of its generations: the addresses that its web application, its
 * promises and `monitor.bootstrap` of other instances ask for.
 */

const PRIVATE_REALM = 'Private access';
const SHARE_REALM = 'webdav';
/** Somebody may well run all promises one after the other. */
const RUNS = { burst: 200, perSecond: 5 };

/** `/monitor.haljson`, `/public`, `/private`, `/feed`, `/feeds`, `/cgi-bin`, `/share` and the page of one promise. */
export function slaposRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  const members = (role: Role): MiddlewareHandler<ConsoleEnv> => onlyFor(parts, role, { basic: { realm: PRIVATE_REALM } });
  const headers = crossOrigin(parts);
  for (const path of ['/public', '/private', '/share', '/cgi-bin']) app.use(path, headers).use(`${path}/*`, headers);
  for (const path of ['/feed', '/feeds', '/monitor.haljson']) app.use(path, headers);

  for (const path of ['/public/*', '/private/*', '/feed', '/feeds', '/monitor.haljson']) app.options(path, preflight);
  app.get('/public/*', filesOf(parts, 'public'));
  app.get('/private/*', members('reader'), filesOf(parts, 'private'));
  app.get('/feed', fileOf(parts, 'public', ['feed']));
  app.get('/feeds', fileOf(parts, 'public', ['feeds']));
  app.get('/monitor.haljson', members('reader'), fileOf(parts, 'root', ['monitor.haljson']));
  app.get('/default-promise-interface.html', members('reader'), promiseInterface(parts));

  app.options('/cgi-bin/*', preflight);
  app.post('/cgi-bin/monitor-run-promise.cgi', members('operator'), costly(parts, RUNS), runPromiseCgi(parts));
  app.all('/cgi-bin/monitor-run-promise.cgi', members('reader'), (context) => {
    context.header('Allow', 'POST');
    return failure(context, 405, 'not-allowed', 'A promise is run by POST.');
  });
  // A browser forgets the name and password of a realm that it is asked for anew.
  app.all('/cgi-bin/monitor-logout.cgi', async (context) => {
    if (await parts.visitors.isLoggedIn(context)) await parts.visitors.logOut(context);
    context.header('WWW-Authenticate', `Basic realm="${PRIVATE_REALM}", charset="UTF-8"`);
    return failure(context, 401, 'logged-out', 'You are logged out of this realm.');
  });

  for (const path of ['/share', '/share/*']) app.all(path, shareAccess(parts), shareOf(parts));
  return app;
}

const preflight: MiddlewareHandler<ConsoleEnv> = (context) => Promise.resolve(context.body(null, 204, { Allow: 'GET, HEAD, OPTIONS' }));

/** What is public is open to be read; the rest asks for a password in the realm of its own that clients know. */
function shareAccess(parts: ConsoleParts): MiddlewareHandler<ConsoleEnv> {
  const ask = (role: Role): MiddlewareHandler<ConsoleEnv> => onlyFor(parts, role, { basic: { realm: SHARE_REALM } });
  const [readers, operators] = [ask('reader'), ask('operator')];
  return (context, next) => {
    if (isOpenShare(context)) return next();
    return context.req.method === 'PUT' ? operators(context, next) : readers(context, next);
  };
}
