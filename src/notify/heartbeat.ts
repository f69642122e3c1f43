import { messageOf } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import { VERSION } from '../base/version.ts';
import type { Heartbeat as HeartbeatSpec, NotifyStatus } from '../contract/notify.ts';
import { addressOf, isReceiverSettings, reached, type ReceiverSettings } from './channels/webhook.ts';
import { httpPost } from './http-post.ts';

/**
 * Asks for an address every so often, for as long as this process lives: a service elsewhere that is asked no more tells
 * somebody. Nothing is made up for what failed: a sign of life that comes late is worth nothing.
 */
export class Heartbeat {
  readonly #spec: HeartbeatSpec;
  readonly #layout: Pick<Layout, 'conf' | 'secrets'>;
  readonly #end = new AbortController();
  readonly #onChange: (line?: string) => void;
  readonly #timer: NodeJS.Timeout;
  #status: NonNullable<NotifyStatus['heartbeat']>;
  #isBeating = false;
  #beating: Promise<void>;

  constructor(spec: HeartbeatSpec, layout: Pick<Layout, 'conf' | 'secrets'>, before: NotifyStatus['heartbeat'], onChange: (line?: string) => void) {
    this.#spec = spec;
    this.#layout = layout;
    this.#status = before ?? { lastSuccessMs: null, lastError: null };
    this.#onChange = onChange;
    this.#beating = this.#beat();
    this.#timer = setInterval(() => {
      if (!this.#isBeating) this.#beating = this.#beat();
    }, spec.intervalMs).unref();
  }

  get status(): NonNullable<NotifyStatus['heartbeat']> {
    return this.#status;
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    this.#end.abort();
    await this.#beating;
  }

  async #beat(): Promise<void> {
    this.#isBeating = true;
    const failure = await this.#asked();
    this.#isBeating = false;
    if (this.#end.signal.aborted) return;
    const atMs = Date.now();
    const hadFailed = this.#status.lastError !== null;
    this.#status = failure === undefined ? { lastSuccessMs: atMs, lastError: null } : { ...this.#status, lastError: { atMs, message: failure } };
    if (failure === undefined) this.#onChange(hadFailed ? 'heartbeat: it is reached again' : undefined);
    else this.#onChange(hadFailed ? undefined : `heartbeat: ${failure}`);
  }

  /** Why it failed; undefined when it did not. */
  async #asked(): Promise<string | undefined> {
    try {
      const { settings, timeoutMs } = this.#spec;
      if (!isReceiverSettings(settings)) return 'its settings are not of this version of dkm';
      const receiver = settings as unknown as ReceiverSettings;
      const url = (await addressOf(receiver, this.#layout)) ?? '';
      const headers = { 'user-agent': `dkm/${VERSION}` };
      const answer = await httpPost({ url, method: 'GET', headers, body: '', ...(await reached(receiver, this.#layout)), timeoutMs, signal: this.#end.signal });
      return answer.status >= 200 && answer.status < 300 ? undefined : `HTTP ${answer.status}`;
    } catch (error) {
      return messageOf(error);
    }
  }
}
