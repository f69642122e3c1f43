import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Hono, type Context } from 'hono';
import { isPromiseId, type PromiseStatus } from '../../contract/promise.ts';
import { readStatistics } from '../../monitor/read.ts';
import { monitorTree } from '../../monitor/tree.ts';
import { acknowledge, withdraw } from '../../promises/acknowledgements.ts';
import { csrfField, onlyFor } from '../access/access.ts';
import { act, fieldsOf } from '../actions/acting.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { complaintOf, runDkm } from '../actions/dkm-command.ts';
import { failure } from '../failure.ts';
import { ACKNOWLEDGE_FOR, LONGEST_COMMENT, promisePage } from '../html/promise.ts';
import { promisesPage } from '../html/promises.ts';
import { sendPage, type Html } from '../html/shell.ts';
import { createNotices, type Notice, type Notices } from '../actions/notices.ts';
import { promiseHref } from '../picture/picture.ts';
import { filterOf } from '../picture/promise-filter.ts';
import { createHistories, stripOf } from '../picture/promise-history.ts';
import { readPromises, wellbeingOfPromise, type PromisesView } from '../picture/promises-view.ts';

const HOUR_MS = 3_600_000;
const DAY = { ms: 24 * HOUR_MS, count: 48 };
const WEEK = { ms: 7 * 24 * HOUR_MS, count: 84 };
/** Longer than any promise may take (20 s by default), with others before it. */
const RUN_WITHIN_MS = 60_000;

/** What the routes of promises share. */
interface Desk {
  parts: ConsoleParts;
  notices: Notices;
  histories: ReturnType<typeof createHistories>;
}

/** `/promises`, and one page for each of them. */
export function promiseRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const desk: Desk = { parts, notices: createNotices(), histories: createHistories(parts.layout) };
  const app = new Hono<ConsoleEnv>();
  app.get('/promises', onlyFor(parts, 'reader'), (context) => sendList(context, desk));
  app.get('/promises/:id', onlyFor(parts, 'reader'), (context) => sendOne(context, desk, context.req.param('id')));
  app.post('/promises/:id/run', onlyFor(parts, 'operator'), (context) => runNow(context, desk, context.req.param('id')));
  app.post('/promises/:id/acknowledge', onlyFor(parts, 'operator'), (context) => acknowledgeIt(context, desk, context.req.param('id')));
  app.post('/promises/:id/withdraw', onlyFor(parts, 'operator'), (context) => withdrawIt(context, desk, context.req.param('id')));
  return app;
}

async function sendList(context: Context<ConsoleEnv>, { parts, notices, histories }: Desk): Promise<Response> {
  const view = await readPromises(parts.layout.promisesStatus);
  const nowMs = Date.now();
  const body = promisesPage({
    view,
    nowMs,
    filter: filterOf(new URL(context.req.url).searchParams),
    stripOf: (promise) =>
      stripOf(histories(promise), promise, { fromMs: nowMs - DAY.ms, untilMs: nowMs, count: DAY.count, knownUntilMs: knownUntil(view, promise, nowMs) }),
    token: tokenOf(context, parts),
  });
  return sendPage(context, parts, { title: 'Promises', active: '/promises', body, notice: notices.take(context.req.query('notice')), scripts: ['promises'] });
}

/** The field that forms need; undefined for who may not use them. */
function tokenOf(context: Context<ConsoleEnv>, parts: ConsoleParts): Html | undefined {
  return context.var.account.role === 'operator' ? csrfField(context, parts) : undefined;
}

async function sendOne(context: Context<ConsoleEnv>, { parts, notices, histories }: Desk, id: string): Promise<Response> {
  const view = await readPromises(parts.layout.promisesStatus);
  const promise = view.promises.find((known) => known.id === id);
  if (promise === undefined) return failure(context, 404, 'not-found', 'There is no promise of this name.');
  const nowMs = Date.now();
  const history = histories(promise);
  const last = ({ ms, count }: typeof DAY): ReturnType<typeof stripOf> =>
    stripOf(history, promise, { fromMs: nowMs - ms, untilMs: nowMs, count, knownUntilMs: knownUntil(view, promise, nowMs) });
  const body = promisePage({
    promise,
    nowMs,
    isChecked: view.state === 'current',
    message: view.message,
    history,
    statistics: readStatistics(parts.layout, id),
    day: last(DAY),
    week: last(WEEK),
    links: linksOf(parts, promise),
    token: tokenOf(context, parts),
  });
  return sendPage(context, parts, { title: promise.title, active: '/promises', body, notice: notices.take(context.req.query('notice')) });
}

/** Until when the state of a promise is known: where nobody checks any more, until its last check. */
function knownUntil(view: PromisesView, { checkedAtMs }: PromiseStatus, nowMs: number): number {
  return view.state === 'current' ? nowMs : (checkedAtMs ?? 0);
}

/** The files that are shown with a promise: what its lists of paths were linked to (contracts of SlapOS's monitor, A4). */
function linksOf({ layout }: ConsoleParts, { id }: PromiseStatus): { title: string; href: string }[] {
  const tree = monitorTree(layout);
  return (['public', 'private'] as const).flatMap((folder) =>
    namesIn(join(tree[folder], id)).map((name) => ({ title: `${name} (${folder})`, href: `/${folder}/${encodeURIComponent(id)}/${encodeURIComponent(name)}` })),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch {
    return []; // most promises show no files
  }
}

/** What a promise is called in the audit log and in notices; refuses what cannot be one before a program sees it. */
function checkedId(id: string): string {
  if (isPromiseId(id)) return id;
  throw new Error('That is not the name of a promise.');
}

async function runNow(context: Context<ConsoleEnv>, { parts, notices }: Desk, id: string): Promise<Response> {
  return act(context, parts, notices, { name: 'promise.run', subject: id, back: backTo(context, id) }, async () => {
    // `--`: a name may begin with a dash.
    const ending = await runDkm(parts.layout, ['check', '--json', '--', checkedId(id)], RUN_WITHIN_MS);
    if (ending.kind === 'under-way') return { ok: true, message: complaintOf(ending) };
    const found = (await readPromises(parts.layout.promisesStatus)).promises.find((promise) => promise.id === id);
    // With exit code 1 it was checked and is not kept, or could not be checked: only then nothing is on standard output.
    const wasChecked = ending.kind === 'ended' && (ending.code === 0 || (ending.code === 1 && ending.stdout.trim() !== ''));
    return wasChecked ? resultOf(found) : { ok: false, message: complaintOf(ending) };
  });
}

function resultOf(promise: PromiseStatus | undefined): Notice {
  if (promise === undefined) return { ok: true, message: 'It was checked.' };
  const { word } = wellbeingOfPromise(promise);
  return { ok: promise.state === 'ok', message: `${promise.title} was checked: ${word}. ${promise.message}` };
}

async function acknowledgeIt(context: Context<ConsoleEnv>, { parts, notices }: Desk, id: string): Promise<Response> {
  const field = await fieldsOf(context);
  return act(context, parts, notices, { name: 'promise.acknowledge', subject: id, back: backTo(context, id) }, async () => {
    const comment = field('comment').replace(/\p{Cc}+/gu, ' ').trim(); // prettier-ignore
    const span = ACKNOWLEDGE_FOR.find(({ hours }) => String(hours) === field('hours'));
    if (comment === '' || comment.length > LONGEST_COMMENT) return { ok: false, message: `A comment of 1 to ${LONGEST_COMMENT} characters is needed.` };
    if (span === undefined) return { ok: false, message: 'Say for how long.' };
    const { promises } = await readPromises(parts.layout.promisesStatus);
    const promise = promises.find((each) => each.id === id);
    if (promise === undefined) return { ok: false, message: 'There is no promise of this name.' };
    if (promise.state !== 'failed' && promise.state !== 'no-data') return { ok: false, message: 'It is not broken: there is nothing to acknowledge.' };
    await acknowledge(parts.layout, checkedId(id), { by: context.var.account.name, comment, untilMs: Date.now() + span.hours * HOUR_MS });
    return { ok: true, message: `Acknowledged for ${span.title}.` };
  });
}

async function withdrawIt(context: Context<ConsoleEnv>, { parts, notices }: Desk, id: string): Promise<Response> {
  return act(context, parts, notices, { name: 'promise.withdraw', subject: id, back: backTo(context, id) }, async () => {
    const was = await withdraw(parts.layout, checkedId(id));
    return was ? { ok: true, message: 'It is no longer acknowledged.' } : { ok: false, message: 'It was not acknowledged.' };
  });
}

/** The list when the form was there, else the promise's own page. */
function backTo(context: Context, id: string): string {
  const from = URL.parse(context.req.header('referer') ?? '')?.pathname;
  return from === '/promises' ? '/promises' : promiseHref(id);
}
