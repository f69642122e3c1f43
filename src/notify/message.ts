import type { Acknowledgement, PromiseState, Severity } from '../contract/promise.ts';
import { isInteger, isListOf, isNumber, isOneOf, isRecordOf, isRecordWith, isText, isEither, type Shape } from '../base/shape.ts';

/*
 * What a channel is given to deliver. The same object is the JSON of a plain webhook and the standard input of a command
 * (docs/notifications.md): fields are added, never renamed; `schema` changes when a receiver must.
 */

/** What happened to one promise. */
export const PROMISE_EVENTS = ['failed', 'no-data', 'recovered', 'reminder', 'unstable', 'passed', 'removed'] as const;
export type PromiseEvent = (typeof PROMISE_EVENTS)[number];

export interface MessagePromise {
  id: string;
  title: string;
  origin: string;
  severity: Severity;
  event: PromiseEvent;
  /** As it is believed to be after the last runs, whatever the very last one said. */
  state: PromiseState;
  /** What its check said. */
  message: string;
  values: Record<string, number>;
  /** Since when it is in this state; for `recovered` and `passed`: since when it was not kept. */
  sinceMs: number;
  /** For `recovered` and `passed`: until when. */
  untilMs: number | null;
  checkedAtMs: number;
  /** The same for all that is told of one breakdown, from its first message to its recovery. */
  incident: string;
  acknowledged: Acknowledgement | null;
}

export interface Message {
  schema: 1;
  /** The same when a message is delivered twice. */
  id: string;
  /** What happened to the promise, or `digest` (to several), or `test`. */
  event: PromiseEvent | 'digest' | 'test';
  channel: string;
  host: string;
  /** Address of the console; empty when none is set. */
  link: string;
  createdAtMs: number;
  /** One line. */
  subject: string;
  /** All of it for people, as plain text. */
  text: string;
  promises: MessagePromise[];
  /** Id of the first message about the same breakdown; empty when this is the first. */
  inReplyTo: string;
  /** Earlier messages to this channel that were dropped because too many waited. */
  dropped: number;
}

const isOrNull = (shape: Shape): Shape => isEither(isOneOf(null), shape);

const isMessageShape = isRecordWith({
  schema: isOneOf(1),
  id: isText,
  event: isOneOf(...PROMISE_EVENTS, 'digest', 'test'),
  channel: isText,
  host: isText,
  link: isText,
  createdAtMs: isNumber,
  subject: isText,
  text: isText,
  promises: isListOf(
    isRecordWith({
      id: isText,
      title: isText,
      origin: isText,
      severity: isText,
      event: isOneOf(...PROMISE_EVENTS),
      state: isText,
      message: isText,
      values: isRecordOf(isNumber),
      sinceMs: isNumber,
      untilMs: isOrNull(isNumber),
      checkedAtMs: isNumber,
      incident: isText,
    }),
  ),
  inReplyTo: isText,
  dropped: isInteger,
});

/** Reads a spooled message; undefined when it is none. */
export function parseMessage(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMessageShape(value) ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}
