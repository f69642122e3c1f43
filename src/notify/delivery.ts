import { messageOf } from '../base/errors.ts';
import type { Channel, ChannelStatus } from '../contract/notify.ts';
import type { Delivery as Outcome, Sender } from './channels/sender.ts';
import type { Message } from './message.ts';
import type { Spool, Waiting } from './spool.ts';

/** How long it waits before it tries again. */
export interface Backoff {
  firstMs: number;
  longestMs: number;
}

export const BACKOFF: Backoff = { firstMs: 5_000, longestMs: 900_000 };

/** No receiver makes us wait longer, whatever it asks for. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;
/** What waits at most for one channel. */
const MOST_WAITING = 500;
const MOST_WAITING_BYTES = 4 << 20;
/** Nobody wants to be told of what was three days ago. */
const OLDEST_MS = 3 * 86_400_000;

/** What a channel's delivery needs of its surroundings. */
export interface DeliveryParts {
  channel: Channel;
  sender: Sender;
  spool: Spool;
  backoff: Backoff;
  log: (line: string) => void;
  /** Called when `status` says something else. */
  onChange: () => void;
  /** As an earlier supervisor left it. */
  before: ChannelStatus | undefined;
}

/**
 * Delivers one channel's messages, in order, one at a time, until each is delivered, refused for good or too old. Each
 * channel has its own, so that a dead one delays nobody else.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #end = new AbortController();
  #waiting: Waiting[] = [];
  #attempts = 0;
  #nextAttemptMs: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #status: Pick<ChannelStatus, 'lastSuccessMs' | 'lastError' | 'dropped' | 'givenUp'>;
  #isDiskFull = false;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    const { lastSuccessMs = null, lastError = null, dropped = 0 } = parts.before ?? {};
    this.#status = { lastSuccessMs, lastError, dropped, givenUp: 0 };
  }

  /** Goes on with what an earlier supervisor left, and with what was refused under other settings. */
  async begin(): Promise<void> {
    const { spool } = this.#parts;
    try {
      await spool.takeBack(Date.now());
      this.#waiting = await spool.list();
      this.#status = { ...this.#status, givenUp: await spool.countGivenUp() };
    } catch (error) {
      this.#log(`what waited for it cannot be read: ${messageOf(error)}`); // what comes now is told all the same
    }
    this.#go();
  }

  get status(): ChannelStatus {
    const { name, kind } = this.#parts.channel;
    return { name, kind, ...this.#status, waiting: this.#waiting.length, nextAttemptMs: this.#waiting.length === 0 ? null : this.#nextAttemptMs };
  }

  /** Takes a message; settles when it is on the disk, or cannot be for now. Never throws. */
  async add(message: Message): Promise<void> {
    this.#waiting.push(await this.#spooled(message));
    await this.#makeRoom();
    this.#parts.onChange();
    this.#go();
  }

  /** A full disk is what people have to be told of: then the message waits in memory. */
  async #spooled(message: Message): Promise<Waiting> {
    try {
      const waiting = await this.#parts.spool.add(message);
      this.#isDiskFull = false;
      return waiting;
    } catch (error) {
      if (!this.#isDiskFull) this.#log(`messages cannot be written and are kept in memory: ${messageOf(error)}`);
      this.#isDiskFull = true;
      return { file: undefined, message, bytes: Buffer.byteLength(message.text), isRepetition: message.event === 'reminder' };
    }
  }

  async #makeRoom(): Promise<void> {
    let dropped = 0;
    // The first is under way.
    while (this.#waiting.length > 2 && (this.#waiting.length > MOST_WAITING || this.#bytesWaiting() > MOST_WAITING_BYTES)) {
      const again = this.#waiting.findIndex(({ isRepetition }, index) => index > 0 && isRepetition);
      const [victim] = this.#waiting.splice(again > 0 ? again : 1, 1);
      if (victim) await this.#parts.spool.remove(victim);
      dropped += 1;
    }
    if (dropped > 0) this.#drop(dropped, 'too many wait');
  }

  #bytesWaiting(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #drop(count: number, why: string): void {
    this.#status = { ...this.#status, dropped: this.#status.dropped + count };
    this.#log(`${count === 1 ? 'a message was' : `${count} messages were`} dropped: ${why}`);
  }

  /** Ends what is under way; messages stay where they are, and what was in memory is written. Returns what cannot be even now. */
  async end(): Promise<Message[]> {
    this.#end.abort();
    clearTimeout(this.#timer);
    await this.#running;
    const left: Message[] = [];
    for (const { message } of this.#waiting) if (message && (await this.#spooled(message)).file === undefined) left.push(message);
    return left;
  }

  #go(): void {
    if (this.#running || this.#end.signal.aborted || this.#waiting.length === 0) return;
    const waitMs = (this.#nextAttemptMs ?? 0) - Date.now();
    // A clock that was put back must not make anybody wait for hours.
    if (waitMs > 0 && waitMs <= Math.max(LONGEST_RETRY_AFTER_MS, this.#parts.backoff.longestMs)) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#go(), waitMs).unref();
      return;
    }
    this.#running = this.#deliverFirst()
      .catch((error: unknown) => this.#failed({ ok: false, message: messageOf(error), isPermanent: false }))
      .finally(() => {
        this.#running = undefined;
        this.#parts.onChange();
        this.#go();
      });
  }

  async #deliverFirst(): Promise<void> {
    const [first] = this.#waiting;
    if (!first) return;
    const message = await this.#parts.spool.read(first);
    if (!message) return this.#leaveOut(first, 'its file is damaged');
    if (Math.abs(Date.now() - message.createdAtMs) > OLDEST_MS) return this.#leaveOut(first, 'it is more than three days old');
    const outcome = await this.#parts.sender.deliver({ ...message, dropped: this.#status.dropped }, this.#end.signal);
    if (this.#end.signal.aborted && !outcome.ok) return;
    if (outcome.ok) await this.#delivered(first, outcome);
    else if (outcome.isPermanent) await this.#refused(first, outcome);
    else this.#failed(outcome);
  }

  async #leaveOut(waiting: Waiting, why: string): Promise<void> {
    await this.#parts.spool.remove(waiting);
    this.#waiting.shift();
    this.#drop(1, why);
  }

  async #delivered(waiting: Waiting, { warning, message }: Outcome & { ok: true }): Promise<void> {
    if (this.#attempts > 0) this.#log(`it is reached again: ${message}`);
    if (warning !== undefined) this.#log(warning);
    this.#attempts = 0;
    this.#nextAttemptMs = null;
    this.#waiting.shift();
    const atMs = Date.now();
    this.#status = {
      ...this.#status,
      lastSuccessMs: atMs,
      dropped: 0,
      lastError: warning === undefined ? null : { atMs, message: warning, isPermanent: false },
    };
    await this.#parts.spool.remove(waiting);
  }

  async #refused(waiting: Waiting, { message }: Outcome & { ok: false }): Promise<void> {
    this.#log(`a message was refused and is given up: ${message}`);
    this.#attempts = 0;
    this.#nextAttemptMs = null;
    this.#waiting.shift();
    this.#status = { ...this.#status, lastError: { atMs: Date.now(), message, isPermanent: true } };
    this.#status = { ...this.#status, givenUp: await this.#parts.spool.giveUp(waiting) };
  }

  #failed({ message, retryAfterMs = 0 }: Outcome & { ok: false }): void {
    const { firstMs, longestMs } = this.#parts.backoff;
    const backoffMs = Math.min(longestMs, firstMs * 2 ** Math.min(this.#attempts, 30)) * (0.8 + Math.random() * 0.4);
    const waitMs = Math.max(backoffMs, Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS));
    if (this.#attempts === 0 || message !== this.#status.lastError?.message) this.#log(`it cannot be reached and is tried again: ${message}`);
    this.#attempts += 1;
    const atMs = Date.now();
    this.#nextAttemptMs = atMs + Math.ceil(waitMs);
    this.#status = { ...this.#status, lastError: { atMs, message, isPermanent: false } };
  }

  #log(line: string): void {
    this.#parts.log(`channel ${this.#parts.channel.name}: ${line}`);
  }
}
