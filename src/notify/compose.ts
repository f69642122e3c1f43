import type { NotifySpec } from '../contract/notify.ts';
import type { Item, Telling } from './decide.ts';
import type { Message, MessagePromise, PromiseEvent } from './message.ts';

/* Messages in words. Pure but for the machine's time zone. */

const LONGEST_SUBJECT = 200;
/** Promises that a digest's text goes into; the others are counted. */
const MOST_IN_TEXT = 50;
/** Characters of each promise's message in a digest. */
const LONGEST_IN_DIGEST = 300;

/** What is delivered for what was decided. */
export function compose(telling: Telling, spec: NotifySpec, nowMs: number): Message {
  const promises = telling.items.map(messagePromise);
  const [first] = promises;
  const isSingle = promises.length === 1 && first !== undefined;
  return {
    schema: 1,
    id: telling.id,
    event: isSingle ? first.event : 'digest',
    channel: telling.channel,
    host: spec.host,
    link: spec.link,
    createdAtMs: nowMs,
    subject: oneLine(`[${spec.host}] ${isSingle ? `${HEADING[first.event]}: ${first.title}` : digestHeading(promises)}`, LONGEST_SUBJECT),
    text: withLink(isSingle ? paragraph(first, nowMs) : digestText(promises, nowMs), spec.link),
    promises,
    inReplyTo: telling.inReplyTo,
    dropped: 0,
  };
}

/** What `dkm notify test` delivers. */
export function composeTest(channel: string, spec: Pick<NotifySpec, 'host' | 'link'>, nowMs: number): Message {
  return {
    schema: 1,
    id: `test-${channel}-${nowMs.toString(36)}`,
    event: 'test',
    channel,
    host: spec.host,
    link: spec.link,
    createdAtMs: nowMs,
    subject: oneLine(`[${spec.host}] TEST: dkm can tell you`, LONGEST_SUBJECT),
    text: withLink(`This is a test of the channel "${channel}". Nothing is wrong: somebody typed "dkm notify test" on ${spec.host}.`, spec.link),
    promises: [],
    inReplyTo: '',
    dropped: 0,
  };
}

const HEADING: Record<PromiseEvent, string> = {
  failed: 'FAILED',
  'no-data': 'NO DATA',
  recovered: 'OK',
  reminder: 'STILL NOT KEPT',
  unstable: 'UNSTABLE',
  passed: 'OK AGAIN',
  removed: 'NOT CHECKED ANY MORE',
};

function messagePromise({ id, event, promise, sinceMs, untilMs, incident }: Item): MessagePromise {
  const { title, origin, severity, message, values } = promise.last;
  return {
    id,
    title: oneLine(title === '' ? id : title, LONGEST_SUBJECT),
    origin,
    severity,
    event,
    state: promise.settled,
    message: printable(message),
    values,
    sinceMs,
    untilMs,
    checkedAtMs: promise.seenMs,
    incident,
    acknowledged: promise.acknowledged,
  };
}

function digestHeading(promises: readonly MessagePromise[]): string {
  const counted = Object.entries(HEADING).flatMap(([event, heading]) => {
    const count = promises.filter((promise) => promise.event === event).length;
    return count === 0 ? [] : [`${count} ${heading}`];
  });
  return counted.join(', ');
}

function digestText(promises: readonly MessagePromise[], nowMs: number): string {
  const shown = promises.slice(0, MOST_IN_TEXT).map((promise) => {
    const message = promise.message.length > LONGEST_IN_DIGEST ? `${cut(promise.message, LONGEST_IN_DIGEST)}…` : promise.message;
    return paragraph({ ...promise, message }, nowMs);
  });
  const more = promises.length - shown.length;
  return [...shown, ...(more > 0 ? [`… and ${more} more.`] : [])].join('\n\n');
}

function paragraph(promise: MessagePromise, nowMs: number): string {
  const { event, title, severity, message, id, origin } = promise;
  const lines = [`${HEADING[event]}: ${title} (${severity})`, happened(promise, nowMs), message, `promise ${id}, from ${origin}`];
  return lines.filter((line) => line.trim() !== '').join('\n');
}

function happened({ event, state, sinceMs, untilMs, acknowledged }: MessagePromise, nowMs: number): string {
  const lasted = `from ${timeInWords(sinceMs)} to ${timeInWords(untilMs ?? nowMs)} (${span((untilMs ?? nowMs) - sinceMs)})`;
  const since = `since ${timeInWords(sinceMs)} (${span(nowMs - sinceMs)})`;
  switch (event) {
    case 'failed':
      return `Not kept ${since}.`;
    case 'no-data':
      return `Nobody can tell whether it is kept: not known to be ${since}.`;
    case 'reminder':
      return `Still ${state === 'no-data' ? 'nobody can tell' : 'not kept'}, ${since}.`;
    case 'unstable':
      return `It keeps changing, now it is ${state === 'ok' ? 'kept' : state === 'failed' ? 'not kept' : 'unknown'}. You are told once it stays as it is.`;
    case 'recovered':
      return `Kept again; it was not ${lasted}.${acknowledged ? ` Acknowledged by ${acknowledged.by}.` : ''}`;
    case 'passed':
      return `Kept again; while you were not to be disturbed it was not, ${lasted}.`;
    case 'removed':
      return `It was not kept ${since}, and is not checked any more.`;
  }
}

/** Local time with its distance from UTC, as the reader may be elsewhere: `2026-11-21 14:03 +0100`. */
function timeInWords(ms: number): string {
  const date = new Date(ms);
  const two = (number: number): string => String(number).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())} ${zone}`;
}

function span(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

function withLink(text: string, link: string): string {
  return link === '' ? text : `${text}\n\n${link}`;
}

/** Text of whoever wrote the check, without what steers terminals, mails and protocols: only line breaks and tabs stay. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** The same on one line, of at most so many characters. */
export function oneLine(text: string, longest: number): string {
  const line = printable(text).replaceAll(/\s+/g, ' ').trim();
  return line.length <= longest ? line : `${cut(line, longest - 1)}…`;
}

/** The beginning of a text, without half a character at its end. */
export function cut(text: string, length: number): string {
  const part = text.slice(0, length);
  return part.isWellFormed() ? part : part.slice(0, -1);
}
