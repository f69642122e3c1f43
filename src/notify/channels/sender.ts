import type { Message } from '../message.ts';

/** What came of a try to deliver a message. */
export type Delivery =
  /** `warning`: somebody else of several was not reached. */
  | { ok: true; message: string; warning?: string }
  /** `isPermanent`: the same message would be refused again. */
  | { ok: false; message: string; isPermanent: boolean; retryAfterMs?: number };

/** How a channel is told. */
export interface Sender {
  /** Never throws: whatever goes wrong is a failed delivery. */
  deliver(message: Message, signal: AbortSignal): Promise<Delivery>;
}

/** A failed delivery that is tried again. */
export function notNow(message: string): Delivery {
  return { ok: false, message, isPermanent: false };
}

/** A failed delivery that would fail again. */
export function never(message: string): Delivery {
  return { ok: false, message, isPermanent: true };
}

/** The text, with a line on what was dropped before it. */
export function textOf({ text, dropped }: Pick<Message, 'text' | 'dropped'>): string {
  if (dropped === 0) return text;
  return `${text}\n\n(${dropped} earlier ${dropped === 1 ? 'message was' : 'messages were'} dropped: too many waited while this channel could not be reached.)`;
}
