import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { onlyFor } from '../access/access.ts';
import type { ServiceRow } from '../answers.ts';
import { audit } from '../access/audit.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { complaintOf, leaveToDkm, runDkm } from '../actions/dkm-command.ts';
import { costly } from '../access/request-limit.ts';
import { readStatus } from '../picture/status-view.ts';
import { printedJson } from './dkm-answers.ts';
import { failures, json, noQuery, serviceActionParam, serviceParam, waitQuery } from './requests.ts';
import { acceptedSchema, fault, outcomeSchema, serviceSchema } from './schemas.ts';

/** The services: looked at, started, stopped, restarted. */
export function addServiceRoutes(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  addLooks(api, parts);
  addActions(api, parts);
}

const tags = ['Services'];

async function serviceOf({ layout }: ConsoleParts, name: string): Promise<ServiceRow | undefined> {
  return (await readStatus(layout.status)).services.find((service) => service.name === name);
}

function addLooks(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  const list = createRoute({
    method: 'get',
    path: '/api/v1/services',
    tags,
    summary: 'Every service',
    request: { query: noQuery },
    responses: { 200: json(z.object({ services: z.array(serviceSchema) }).openapi('Services'), 'In the order in which they are started.'), ...failures() },
  });
  const one = createRoute({
    method: 'get',
    path: '/api/v1/services/{name}',
    tags,
    summary: 'One service',
    request: { params: serviceParam, query: noQuery },
    responses: { 200: json(serviceSchema, 'The service.'), ...failures(404) },
  });
  api.openapi(list, async (context) => context.json({ services: (await readStatus(parts.layout.status)).services }, 200));
  api.openapi(one, async (context) => {
    const service = await serviceOf(parts, context.req.valid('param').name);
    return service === undefined ? context.json(fault('not-found', 'There is no service of this name.'), 404) : context.json(service, 200);
  });
}

const printed = z.object({ services: z.array(outcomeSchema) });

function addActions(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  const act = createRoute({
    method: 'post',
    path: '/api/v1/services/{name}/{action}',
    tags,
    summary: 'Start, stop or restart a service',
    description: 'For the role `operator`. The console itself ends before it could say what came of its own stop or restart: it answers 202.',
    middleware: [onlyFor(parts, 'operator'), costly(parts)] as const,
    request: { params: serviceActionParam, query: waitQuery },
    responses: {
      200: json(z.object({ outcomes: z.array(outcomeSchema) }).openapi('ServiceOutcomes'), 'It was done; each outcome says whether it succeeded.'),
      202: json(acceptedSchema, 'It is under way.'),
      ...failures(404, 409, 503),
    },
  });
  api.openapi(act, async (context) => {
    const { name, action } = context.req.valid('param');
    if ((await serviceOf(parts, name)) === undefined) return context.json(fault('not-found', 'There is no service of this name.'), 404);
    await audit(context, parts, `service.${action}`, name, 'asked for');
    const command = [action, '--json', '--', name];
    const goesOn = { accepted: true as const, message: `${action} of ${name} is under way.` };
    if (name === 'console') {
      leaveToDkm(parts.layout, command);
      return context.json(goesOn, 202);
    }
    const ending = await runDkm(parts.layout, command, context.req.valid('query').wait_s * 1000);
    if (ending.kind === 'under-way') return context.json(goesOn, 202);
    if (ending.kind === 'busy') return context.json(fault('busy', complaintOf(ending)), 503);
    const outcomes = printedJson(ending, printed)?.services;
    return outcomes === undefined ? context.json(fault('refused', complaintOf(ending)), 409) : context.json({ outcomes }, 200);
  });
}
