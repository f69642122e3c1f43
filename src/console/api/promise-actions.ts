import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { acknowledge, withdraw } from '../../promises/acknowledgements.ts';
import { onlyFor } from '../access/access.ts';
import { audit } from '../access/audit.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { complaintOf, runDkm } from '../actions/dkm-command.ts';
import { costly } from '../access/request-limit.ts';
import { printedJson } from './dkm-answers.ts';
import { promiseOf } from './promise-routes.ts';
import { acknowledgeBody, failures, json, noQuery, onlyJson, promiseParam, waitQuery } from './requests.ts';
import { acceptedSchema, acknowledgementSchema, checkedSchema, fault } from './schemas.ts';

const tags = ['Promises'];
const NOBODY = 'There is no promise of this name.';
const printed = z.object({ promises: z.array(checkedSchema) });

/** What is done with a promise: run it, acknowledge that it is broken, withdraw that. All for operators. */
export function addPromiseActions(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  addRun(api, parts);
  addAcknowledge(api, parts);
  addWithdraw(api, parts);
}

function addRun(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  const route = createRoute({
    method: 'post',
    path: '/api/v1/promises/{id}/run',
    tags,
    summary: 'Run it now',
    middleware: [onlyFor(parts, 'operator'), costly(parts)] as const,
    request: { params: promiseParam, query: waitQuery },
    responses: { 200: json(checkedSchema, 'What came of it.'), 202: json(acceptedSchema, 'It is under way.'), ...failures(404, 409, 503) },
  });
  api.openapi(route, async (context) => {
    const { id } = context.req.valid('param');
    if ((await promiseOf(parts, id)) === undefined) return context.json(fault('not-found', NOBODY), 404);
    await audit(context, parts, 'promise.run', id, 'asked for');
    const ending = await runDkm(parts.layout, ['check', '--json', '--', id], context.req.valid('query').wait_s * 1000);
    if (ending.kind === 'under-way') return context.json({ accepted: true as const, message: `${id} is being run.` }, 202);
    if (ending.kind === 'busy') return context.json(fault('busy', complaintOf(ending)), 503);
    const [checked] = printedJson(ending, printed)?.promises ?? [];
    return checked === undefined ? context.json(fault('refused', complaintOf(ending)), 409) : context.json(checked, 200);
  });
}

function addAcknowledge(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  const route = createRoute({
    method: 'put',
    path: '/api/v1/promises/{id}/acknowledgement',
    tags,
    summary: 'Say that somebody knows of it',
    description: 'It is not told again until then, or until it was kept in between. Only of one that is not kept.',
    middleware: [onlyFor(parts, 'operator'), onlyJson] as const,
    request: { params: promiseParam, query: noQuery, body: { required: true, content: { 'application/json': { schema: acknowledgeBody } } } },
    responses: { 200: json(acknowledgementSchema, 'It holds from now on.'), ...failures(404, 409, 413, 415) },
  });
  api.openapi(route, async (context) => {
    const { id } = context.req.valid('param');
    const promise = await promiseOf(parts, id);
    if (promise === undefined) return context.json(fault('not-found', NOBODY), 404);
    if (promise.state !== 'failed' && promise.state !== 'no-data')
      return context.json(fault('kept', 'This promise is not broken: there is nothing to know of.'), 409);
    const { comment, for_s: forS } = context.req.valid('json');
    const made = await acknowledge(parts.layout, id, { by: context.var.account.name, comment, untilMs: Date.now() + forS * 1000 });
    await audit(context, parts, 'promise.acknowledge', id, 'done');
    return context.json(made, 200);
  });
}

function addWithdraw(api: OpenAPIHono<ConsoleEnv>, parts: ConsoleParts): void {
  const route = createRoute({
    method: 'delete',
    path: '/api/v1/promises/{id}/acknowledgement',
    tags,
    summary: 'Withdraw an acknowledgement',
    middleware: [onlyFor(parts, 'operator')] as const,
    request: { params: promiseParam, query: noQuery },
    responses: { 204: { description: 'It is withdrawn.' }, ...failures(404) },
  });
  api.openapi(route, async (context) => {
    const { id } = context.req.valid('param');
    if (!(await withdraw(parts.layout, id))) return context.json(fault('not-found', 'Nobody has acknowledged a promise of this name.'), 404);
    await audit(context, parts, 'promise.withdraw', id, 'done');
    return context.body(null, 204);
  });
}
