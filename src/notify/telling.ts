import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { makeDirectory, readIfPresent, writeAtomic } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { parseNotifyStatus, type Channel, type NotifySpec, type NotifyStatus } from '../contract/notify.ts';
import type { PromiseResult } from '../contract/promise.ts';
import { senderFor } from './channels/all.ts';
import { compose } from './compose.ts';
import { decide, type Happening } from './decide.ts';
import { BACKOFF, Delivery, type Backoff } from './delivery.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Message } from './message.ts';
import { emptyMemory, isCalm, memoryText, parseMemory, type Memory } from './memory.ts';
import { Spool, spooledChannels } from './spool.ts';

/** A set clock, a machine that slept: it looks again at least this often while it waits for a time. */
const LOOK_MS = 60_000;
/** Runs that change nothing for anybody are remembered a little later. */
const SAVE_WITHIN_MS = 10_000;

/** Reads what an earlier supervisor remembered and begins. Nothing is told before it is configured. */
export async function startTelling(layout: Layout, log: (line: string) => void, backoff: Backoff = BACKOFF): Promise<Telling> {
  // A disk that is full or cannot be written is what people have to be told of.
  const unlessFailed = <T>(trying: Promise<T>): Promise<T | undefined> =>
    trying.catch((error: unknown) => void log(`notifications: ${layout.notify} cannot be used: ${messageOf(error)}`));
  await unlessFailed(makeDirectory(layout.notify));
  const text = await unlessFailed(readIfPresent(join(layout.notify, 'memory.json')));
  const memory = text === undefined ? emptyMemory() : parseMemory(text);
  if (!memory) log('notifications: memory.json is damaged; what is not kept now is told again');
  const status = parseNotifyStatus((await unlessFailed(readIfPresent(join(layout.notify, 'status.json')))) ?? '');
  return new Telling(layout, log, backoff, memory ?? emptyMemory(), status);
}

/** Decides and delivers, and keeps both on the disk. */
export class Telling {
  readonly #layout: Layout;
  readonly #log: (line: string) => void;
  readonly #backoff: Backoff;
  #memory: Memory;
  #before: NotifyStatus | undefined;
  #spec: NotifySpec | undefined;
  #deliveries: Delivery[] = [];
  #heartbeat: Heartbeat | undefined;
  #timer: NodeJS.Timeout | undefined;
  #saving: NodeJS.Timeout | undefined;
  #isStatusPlanned = false;
  #isEnding = false;
  /** What happens while it is configured: decided after. */
  #held: Happening[] = [];
  /** What is written is written in the order in which it was decided. */
  #work: Promise<void> = Promise.resolve();

  constructor(layout: Layout, log: (line: string) => void, backoff: Backoff, memory: Memory, status: NotifyStatus | undefined) {
    this.#layout = layout;
    this.#log = log;
    this.#backoff = backoff;
    this.#memory = memory;
    this.#before = status;
  }

  configure(spec: NotifySpec): Promise<void> {
    this.#spec = undefined;
    return this.#queue(async () => {
      const left = await this.#endDeliveries();
      this.#before = this.#statusNow() ?? this.#before;
      await this.#discardOthers(spec).catch((error: unknown) => this.#log(`notifications: ${messageOf(error)}`));
      this.#deliveries = [];
      this.#heartbeat = undefined;
      for (const channel of spec.channels) {
        const delivery = await this.#begin(channel);
        this.#deliveries.push(delivery);
        for (const message of left.filter((each) => each.channel === channel.name)) await delivery.add(message);
      }
      if (spec.heartbeat)
        this.#heartbeat = new Heartbeat(spec.heartbeat, this.#layout, this.#before?.heartbeat ?? null, (line) => this.#heartbeatChanged(line));
      this.#spec = spec;
      this.#writeStatus();
      for (const happening of [...this.#held.splice(0), { kind: 'wake' } as const]) this.#happened(happening);
    });
  }

  record(result: PromiseResult): void {
    this.#happened({ kind: 'result', result });
  }

  present(ids: readonly string[]): void {
    this.#happened({ kind: 'present', ids });
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#saving);
    await this.#work;
    await this.#endDeliveries();
    await this.#save(this.#memory);
    await this.#saveStatus();
  }

  /** Returns the messages that are in memory alone, as the disk takes none. */
  async #endDeliveries(): Promise<Message[]> {
    const [left] = await Promise.all([Promise.all(this.#deliveries.map((delivery) => delivery.end())), this.#heartbeat?.end()]);
    return left.flat();
  }

  async #begin(channel: Channel): Promise<Delivery> {
    const delivery = new Delivery({
      channel,
      sender: await senderFor(channel, this.#layout),
      spool: new Spool(this.#layout.notify, channel.name),
      backoff: this.#backoff,
      log: this.#log,
      onChange: () => this.#writeStatus(),
      before: this.#before?.channels.find(({ name }) => name === channel.name),
    });
    await delivery.begin();
    return delivery;
  }

  /** What waits for channels that are no more. */
  async #discardOthers({ channels }: NotifySpec): Promise<void> {
    for (const name of await spooledChannels(this.#layout.notify)) {
      if (channels.some((channel) => channel.name === name)) continue;
      const waiting = await new Spool(this.#layout.notify, name).discard();
      if (waiting > 0) this.#log(`channel ${name}: it is not in conf/notify.toml any more; ${waiting} messages that waited for it are dropped`);
    }
  }

  /** Never throws: it is called by timers and by whoever runs promises. */
  #happened(happening: Happening): void {
    if (this.#isEnding) return;
    if (!this.#spec) this.#held.push(happening);
    else {
      try {
        this.#decide(happening, this.#spec);
      } catch (error) {
        this.#log(`notifications: ${messageOf(error)}`);
      }
    }
  }

  #decide(happening: Happening, spec: NotifySpec): void {
    const now = Date.now();
    const before = this.#memory;
    const { memory, tellings, wakeAtMs } = decide(before, happening, now, spec);
    this.#memory = memory;
    this.#wakeAt(wakeAtMs, now);
    if (tellings.length > 0) {
      const messages = tellings.map((telling) => compose(telling, spec, now));
      void this.#queue(async () => {
        // First the messages, then that they were told: a crash in between tells again, under the same id.
        for (const message of messages) await this.#deliveries[spec.channels.findIndex(({ name }) => name === message.channel)]?.add(message);
        await this.#save(memory);
      });
    } else if (isWorthSaving(before, memory, happening)) this.#saveSoon();
  }

  #wakeAt(atMs: number | null, now: number): void {
    clearTimeout(this.#timer);
    if (atMs === null) return;
    const waitMs = Math.min(LOOK_MS, Math.max(0, atMs - now) + 1);
    this.#timer = setTimeout(() => this.#happened({ kind: 'wake' }), waitMs).unref();
  }

  #saveSoon(): void {
    this.#saving ??= setTimeout(() => {
      this.#saving = undefined;
      const memory = this.#memory;
      void this.#queue(() => this.#save(memory));
    }, SAVE_WITHIN_MS).unref();
  }

  /** Does one thing after the other; what fails is told in the log. */
  #queue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => this.#log(`notifications: ${messageOf(error)}`));
    return this.#work;
  }

  #save(memory: Memory): Promise<void> {
    return this.#write('memory.json', memoryText(memory));
  }

  async #write(name: string, text: string): Promise<void> {
    try {
      await writeAtomic(join(this.#layout.notify, name), text);
    } catch (error) {
      this.#log(`notifications: ${name} could not be written: ${messageOf(error)}`);
    }
  }

  #heartbeatChanged(line: string | undefined): void {
    if (line !== undefined) this.#log(line);
    this.#writeStatus();
  }

  /** Changes that come close together are written once. */
  #writeStatus(): void {
    if (this.#isStatusPlanned || this.#isEnding) return;
    this.#isStatusPlanned = true;
    void this.#queue(() => this.#saveStatus());
  }

  async #saveStatus(): Promise<void> {
    this.#isStatusPlanned = false;
    const status = this.#statusNow();
    if (status) await this.#write('status.json', `${JSON.stringify(status, null, 1)}\n`);
  }

  #statusNow(): NotifyStatus | undefined {
    if (!this.#spec && this.#deliveries.length === 0) return undefined;
    return { schema: 1, channels: this.#deliveries.map(({ status }) => status), heartbeat: this.#heartbeat?.status ?? null };
  }
}

/** False for what is the same on the disk: a promise that was well and is. */
function isWorthSaving(before: Memory, after: Memory, happening: Happening): boolean {
  if (happening.kind !== 'result') return true;
  const { id } = happening.result.spec;
  const [was, is] = [before.promises[id], after.promises[id]];
  return before.flushAtMs !== after.flushAtMs || (is !== undefined && !isCalm(is)) || (was !== undefined && !isCalm(was));
}
