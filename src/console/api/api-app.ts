import { OpenAPIHono } from '@hono/zod-openapi';
import { etag } from 'hono/etag';
import { HTTPException } from 'hono/http-exception';
import { VERSION } from '../../base/version.ts';
import { onlyFor } from '../access/access.ts';
import { documentPage } from './document-page.ts';
import { describeOthers } from './described.ts';
import { addInstallationRoutes } from './installation-routes.ts';
import { addPromiseActions } from './promise-actions.ts';
import { addPromiseRoutes } from './promise-routes.ts';
import { addServiceRoutes } from './service-routes.ts';
import { addStatusRoutes } from './status-routes.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { failure } from '../failure.ts';
import { pathOfRequest } from '../access/request-path.ts';
import { sendPage } from '../html/shell.ts';

const INFO = {
  title: 'dkm console',
  version: VERSION,
  description:
    'What the console shows and does, for programs. Every failure has the same shape. What begins with /api/v1 only ever gets more: fields and routes are added, none is renamed.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

/** `/api/v1`, its OpenAPI document, and the page that shows it: an application of its own. */
export function apiApp(parts: ConsoleParts): OpenAPIHono<ConsoleEnv> {
  const api = new OpenAPIHono<ConsoleEnv>({
    getPath: pathOfRequest,
    defaultHook: (result, context) => {
      if (result.success) return undefined;
      const [issue] = result.error.issues;
      const where = issue?.path.join('.') ?? '';
      return failure(context, 400, 'bad-request', `${where === '' ? '' : `${where}: `}${issue?.message ?? 'not what is expected'}.`);
    },
  });
  api.notFound((context) => failure(context, 404, 'not-found', 'There is nothing at this address.'));
  // A body that is no JSON; all else is for the console's own handler.
  api.onError((error, context) => {
    if (error instanceof HTTPException && error.status === 400) return failure(context, 400, 'bad-request', error.message);
    throw error;
  });
  api.use('/api/v1/*', onlyFor(parts, 'reader'));
  api.get('/api/v1/*', etag());
  addStatusRoutes(api, parts);
  addServiceRoutes(api, parts);
  addPromiseRoutes(api, parts);
  addPromiseActions(api, parts);
  addInstallationRoutes(api, parts);
  describeOthers(api);
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token, as "dkm console token add" makes it.',
  });
  api.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: `dkm_session_${parts.config.port}`,
    description:
      "A person's browser that logged in. What changes something also needs the header x-csrf-token. Over TLS the cookie's name begins with __Host-.",
  });
  const document = api.getOpenAPI31Document({ openapi: '3.1.0', info: INFO, servers: [{ url: '/' }], security: [{ token: [] }, { session: [] }] });
  api.get('/api/v1/openapi.json', (context) => context.json(document));
  api.get('/api', onlyFor(parts, 'reader'), (context) => sendPage(context, parts, { title: 'API', active: '/settings', body: documentPage(document) }));
  refuseOtherMethods(api, parts);
  return api;
}

/** Says 405 where an address is known and the method is not. */
function refuseOtherMethods(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  const known = Map.groupBy(
    api.routes.filter(({ path, method }) => path.startsWith('/api/v1/') && !path.endsWith('*') && method !== 'ALL'),
    ({ path }) => path,
  );
  for (const [path, routes] of known) {
    const methods = [...new Set(routes.map(({ method }) => method))];
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ');
    api.all(path, onlyFor(parts, 'reader'), (context) => {
      context.header('Allow', allow);
      return failure(context, 405, 'not-allowed', `At this address there are: ${allow}.`);
    });
  }
}
