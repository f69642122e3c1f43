import { isEither, isListOf, isNumber, isOneOf, isRecordWith, isText } from '../../base/shape.ts';
import { spanInWords } from '../../base/terminal.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import type { ServiceStatus } from '../../contract/status.ts';
import { ask } from './ask.ts';
import type { KindContext } from './kind.ts';
import { broken, excerpt, kept, unknown } from './outcome.ts';

/*
 * What the store knows, through Graphite's render API.
 * https://graphite.readthedocs.io/en/latest/render_api.html
 */

/** A value and when it was measured, in seconds since the epoch. */
export interface Point {
  value: number;
  atSeconds: number;
}

/** A series as it is named in the answer, its points in the order of time; where nothing is known there is no point. */
export interface Series {
  name: string;
  points: Point[];
}

/** `unreachable`: nobody can tell; `refused`: the target is not one; `not-graphite`: another program answers there. */
export type Rendered = { kind: 'series'; series: Series[] } | { kind: 'unreachable' | 'refused' | 'not-graphite'; message: string };

/** What every kind is told that asks the store. */
export interface QuerySettings {
  /** Where the query API answers, without /render. */
  url: string;
  /** What it means when nobody can tell. */
  no_data: PromiseOutcome['state'];
  /** Seconds after a start of store, query service or collector in which nothing need be there yet. */
  grace_s: number;
}

const MOST_BYTES = 8 << 20;

/** Asks for targets; every failure is an answer that says what happened. */
export async function rendered(
  { url, targets, from, maxDataPoints }: { url: string; targets: readonly string[]; from: string; maxDataPoints?: number },
  context: KindContext,
): Promise<Rendered> {
  const search = new URLSearchParams({ format: 'json', from, until: 'now', noCache: '1' });
  for (const target of targets) search.append('target', target);
  if (maxDataPoints !== undefined) search.set('maxDataPoints', String(maxDataPoints));
  const where = `The query service at ${url}`;
  const reply = await ask(
    { url: `${url.replace(/\/+$/, '')}/render?${search.toString()}`, headers: { accept: 'application/json' }, mostBytes: MOST_BYTES },
    context,
  );
  if (reply.kind === 'failed') return { kind: 'unreachable', message: `${where} ${reply.why}.` };
  // carbonapi may say "not found" where it knows no such metric.
  if (reply.status === 404) return { kind: 'series', series: [] };
  const said = excerpt(reply.body.replace(/<[^<>]{0,200}>/g, ' '), 160);
  if (reply.status === 400) return { kind: 'refused', message: `${where} refuses ${targets.join(', ')}: ${said}` };
  if (reply.status !== 200) return { kind: 'unreachable', message: `${where} answers with status ${reply.status}${said === '' ? '' : `: ${said}`}.` };
  if (!reply.isWhole)
    return { kind: 'refused', message: `${where} answers with more than ${MOST_BYTES} bytes: fewer metrics, or a shorter time, are to be asked for.` };
  const series = parseSeries(reply.body);
  return series === undefined ? { kind: 'not-graphite', message: `What answers at ${url} is no Graphite query service.` } : { kind: 'series', series };
}

const isAnswer = isListOf(isRecordWith({ target: isText, datapoints: isListOf(isListOf(isEither(isNumber, isOneOf(null)))) }));

/** Reads an answer of /render; undefined when it is none. Points are sorted by time. Pure. */
export function parseSeries(text: string): Series[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isAnswer(value)) return undefined;
  return (value as { target: string; datapoints: (number | null)[][] }[]).map(({ target, datapoints }) => ({
    name: target,
    points: datapoints
      .flatMap(([measured, atSeconds]) => (typeof measured === 'number' && typeof atSeconds === 'number' ? [{ value: measured, atSeconds }] : []))
      .sort((a, b) => a.atSeconds - b.atSeconds),
  }));
}

/** What it means that nobody can tell: nothing for a while after a start, and then what the settings say. Pure. */
export function undecided(message: string, { no_data, grace_s }: Omit<QuerySettings, 'url'>, context: Pick<KindContext, 'services' | 'now'>): PromiseOutcome {
  if (hasJustStarted(context.services(), context.now(), grace_s * 1000))
    return kept(`Too early to tell: it was started less than ${spanInWords(grace_s)} ago.`);
  if (no_data === 'ok') return kept(message);
  return no_data === 'failed' ? broken(message) : unknown(message);
}

/** An answer that has no series, as an outcome. Pure. */
export function notAnswered(
  answer: Exclude<Rendered, { kind: 'series' }>,
  settings: QuerySettings,
  context: Pick<KindContext, 'services' | 'now'>,
): PromiseOutcome {
  // Waiting helps against neither a wrong target nor a wrong address.
  if (answer.kind === 'refused') return broken(answer.message);
  return undecided(answer.message, answer.kind === 'unreachable' && settings.no_data === 'ok' ? { ...settings, no_data: 'no-data' } : settings, context);
}

const ON_THE_WAY: readonly string[] = ['store', 'query', 'collector'];

/** True while points may not have come through yet. Pure. */
export function hasJustStarted(services: readonly ServiceStatus[], nowMs: number, graceMs: number): boolean {
  return services
    .filter(({ role }) => ON_THE_WAY.includes(role))
    .some(({ state, startedAtMs }) => state === 'STARTING' || (state === 'RUNNING' && startedAtMs !== null && nowMs - startedAtMs < graceMs));
}
