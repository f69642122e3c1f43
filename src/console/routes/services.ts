import { Hono, type Context } from 'hono';
import { messageOf } from '../../base/errors.ts';
import { csrfField, onlyFor } from '../access/access.ts';
import { act, answer, fieldsOf, wantsJson } from '../actions/acting.ts';
import type { ServiceRow } from '../answers.ts';
import { audit } from '../access/audit.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { complaintOf, leaveToDkm, runDkm } from '../actions/dkm-command.ts';
import { usageOf } from '../exposition/process-usage.ts';
import { failure } from '../failure.ts';
import { confirmPage, consequenceOf, farewell, servicePage, servicesPage, type ServiceOperation, type ServicesScene } from '../html/service.ts';
import { sendPage } from '../html/shell.ts';
import { namedLogs } from '../live/log-lines.ts';
import { streamLog, tailForPage } from '../live/log-stream.ts';
import { createNotices, type Notice, type Notices } from '../actions/notices.ts';
import { readPicture, serviceHref, type Picture } from '../picture/picture.ts';
import { readLogFiles } from '../picture/status-view.ts';

/** An answer comes by then; a service may take longer to be ready, which the page shows. */
const ACT_WITHIN_MS = 90_000;
const OPERATIONS: readonly ServiceOperation[] = ['start', 'stop', 'restart'];
const DONE: Record<ServiceOperation, string> = { start: 'was started', stop: 'was stopped', restart: 'was restarted' };

/** `/services`, and one page for each of them. */
export function serviceRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const notices = createNotices();
  const app = new Hono<ConsoleEnv>();
  app.get('/services', onlyFor(parts, 'reader'), async (context) =>
    sendPage(context, parts, {
      title: 'Services',
      active: '/services',
      body: servicesPage(sceneOf(context, parts, await readPicture(parts.layout))),
      notice: notices.take(context.req.query('notice')),
    }),
  );
  app.get('/services/:name', onlyFor(parts, 'reader'), (context) => sendOne(context, parts, notices, context.req.param('name')));
  app.get('/services/:name/log-events', onlyFor(parts, 'reader'), (context) => followLog(context, parts, context.req.param('name')));
  for (const operation of OPERATIONS) {
    app.post(`/services/:name/${operation}`, onlyFor(parts, 'operator'), (context) => operate(context, parts, notices, operation, context.req.param('name')));
  }
  return app;
}

function sceneOf(context: Context<ConsoleEnv>, parts: ConsoleParts, picture: Picture): ServicesScene {
  const usages = usageOf(picture.status.services.flatMap(({ pid }) => pid ?? []));
  return {
    picture,
    usageOf: ({ pid }) => (pid === null ? undefined : usages.get(pid)),
    isOwn,
    token: context.var.account.role === 'operator' ? csrfField(context, parts) : undefined,
  };
}

const isOwn = ({ pid }: ServiceRow): boolean => pid === process.pid;

async function serviceOf(parts: ConsoleParts, name: string): Promise<{ picture: Picture; service: ServiceRow | undefined }> {
  const picture = await readPicture(parts.layout);
  return { picture, service: picture.status.services.find((known) => known.name === name) };
}

const notFound = (context: Context<ConsoleEnv>): Response => failure(context, 404, 'not-found', 'There is no service of this name.');

async function sendOne(context: Context<ConsoleEnv>, parts: ConsoleParts, notices: Notices, name: string): Promise<Response> {
  const { picture, service } = await serviceOf(parts, name);
  if (service === undefined) return notFound(context);
  const logs = namedLogs(await readLogFiles(parts.layout.status, name));
  const shown = logs.find((log) => log.name === context.req.query('log')) ?? logs[0];
  const body = servicePage({
    ...sceneOf(context, parts, picture),
    service,
    logs,
    shown,
    lines: shown === undefined ? '' : (await tailForPage(shown.path)).join('\n'),
  });
  return sendPage(context, parts, { title: service.title, active: '/services', body, notice: notices.take(context.req.query('notice')), scripts: ['logs'] });
}

async function followLog(context: Context<ConsoleEnv>, parts: ConsoleParts, name: string): Promise<Response> {
  // A log is named by one of the service's own: no path comes from the request.
  const log = namedLogs(await readLogFiles(parts.layout.status, name)).find((known) => known.name === context.req.query('log'));
  return log === undefined ? notFound(context) : streamLog(parts, context, log.path);
}

async function operate(context: Context<ConsoleEnv>, parts: ConsoleParts, notices: Notices, operation: ServiceOperation, name: string): Promise<Response> {
  const { service } = await serviceOf(parts, name);
  if (service === undefined) return notFound(context);
  const field = await fieldsOf(context);
  const consequence = consequenceOf(operation, service, isOwn(service));
  if (consequence !== '' && field('confirmed') !== 'yes') {
    if (wantsJson(context)) return answer(context, notices, serviceHref(name), { ok: false, message: consequence });
    const body = confirmPage(operation, service, consequence, csrfField(context, parts));
    return sendPage(context, parts, { title: `${operation} ${service.title}?`, active: '/services', body });
  }
  if (isOwn(service)) return operateOnItself(context, parts, notices, operation, name);
  return act(context, parts, notices, { name: `service.${operation}`, subject: name, back: backTo(context, name) }, async () => {
    const ending = await runDkm(parts.layout, [operation, name, '--json'], ACT_WITHIN_MS);
    if (ending.kind === 'under-way') return { ok: true, message: complaintOf(ending) };
    const outcome = ending.kind === 'ended' ? outcomeIn(ending.stdout, service, operation) : undefined;
    return outcome ?? { ok: false, message: complaintOf(ending) };
  });
}

/** The console itself: answered first, as nobody is there to answer afterwards. */
async function operateOnItself(
  context: Context<ConsoleEnv>,
  parts: ConsoleParts,
  notices: Notices,
  operation: ServiceOperation,
  name: string,
): Promise<Response> {
  await audit(context, parts, `service.${operation}`, name, 'asked for');
  context.env.outgoing.once('close', () => {
    try {
      leaveToDkm(parts.layout, [operation, name, '--json']);
    } catch (error) {
      parts.log(`error: ${operation} of the console itself: ${messageOf(error)}`);
    }
  });
  const message =
    operation === 'stop'
      ? 'The console stops now. "bin/dkm start" on the machine itself brings it back.'
      : 'The console is restarting. This page comes back by itself in a few seconds.';
  if (wantsJson(context)) return answer(context, notices, serviceHref(name), { ok: true, message });
  const href = serviceHref(name);
  return sendPage(context, parts, { title: 'Console', active: '/services', body: farewell(message, href) });
}

/** What `dkm start|stop|restart --json` says of the service: src/supervisor/commands/change.ts. */
function outcomeIn(stdout: string, { name, title }: ServiceRow, operation: ServiceOperation): Notice | undefined {
  try {
    const { supervisor, services } = JSON.parse(stdout) as { supervisor: boolean; services: { service: string; ok: boolean; message: string }[] };
    const outcome = services.find(({ service }) => service === name);
    if (outcome !== undefined) return { ok: outcome.ok, message: outcome.ok ? `${title} ${DONE[operation]}.` : `${title}: ${outcome.message}` };
    return supervisor ? undefined : { ok: operation === 'stop', message: 'The supervisor is not running, so nothing was there to stop.' };
  } catch {
    return undefined;
  }
}

/** The list when the form was there, else the service's own page. */
function backTo(context: Context, name: string): string {
  return URL.parse(context.req.header('referer') ?? '')?.pathname === '/services' ? '/services' : serviceHref(name);
}
