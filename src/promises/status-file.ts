import { existsSync, readFileSync } from 'node:fs';
import { isNotFound, messageOf } from '../base/errors.ts';
import { writeAtomic } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { bootId, processStartTime } from '../base/process-identity.ts';
import { parsePromisesStatus, type PromisesStatus, type PromiseStatus } from '../contract/promise.ts';

/** How soon after a change it is written, and how long after it was written last. */
const SOON_MS = 100;
const PAUSE_MS = 1_000;
/** How soon it is tried again when it could not be written. */
const AGAIN_MS = 5_000;

/**
 * run/promises.json. Changes that come close together are written together, at most about once per second, whole and
 * atomically; a full disk loses nothing but time.
 */
export class StatusFile {
  readonly #path: string;
  readonly #promises: () => PromiseStatus[];
  readonly #log: (line: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Infinity;
  #writtenMs = -Infinity;
  #writing: Promise<void> = Promise.resolve();
  #fault = '';

  constructor({ promisesStatus }: Pick<Layout, 'promisesStatus'>, promises: () => PromiseStatus[], log: (line: string) => void) {
    this.#path = promisesStatus;
    this.#promises = promises;
    this.#log = log;
  }

  /** It will be written soon; when `isMinor`, in a second, as what is written then is likely to say more. */
  changed({ isMinor = false } = {}): void {
    const now = performance.now();
    this.#plan(Math.max(now + (isMinor ? PAUSE_MS : SOON_MS), this.#writtenMs + PAUSE_MS), now);
  }

  /** Writes it anew when somebody removed it. */
  mend(): void {
    if (this.#timer === undefined && !existsSync(this.#path)) this.changed();
  }

  /** Settles when it says what is true now, or could not be written. */
  written(): Promise<void> {
    clearTimeout(this.#timer);
    return this.#write();
  }

  /** Writes it for the last time. */
  async end(): Promise<void> {
    await this.written();
    clearTimeout(this.#timer); // not again when that failed: nobody is here any more to do it
  }

  #plan(dueMs: number, nowMs: number): void {
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => void this.#write(), dueMs - nowMs);
  }

  #write(): Promise<void> {
    this.#timer = undefined;
    this.#writtenMs = performance.now();
    this.#writing = this.#writing.then(async () => {
      try {
        await writeAtomic(this.#path, `${JSON.stringify(this.#account(), null, 1)}\n`);
        this.#fault = '';
      } catch (error) {
        if (messageOf(error) !== this.#fault) this.#log(`promises.json could not be written: ${messageOf(error)}`);
        this.#fault = messageOf(error);
        this.#plan(performance.now() + AGAIN_MS, performance.now());
      }
    });
    return this.#writing;
  }

  #account(): PromisesStatus {
    return { schema: 1, pid: process.pid, pidStartTime: processStartTime(process.pid), bootId: bootId(), promises: this.#promises() };
  }
}

/** What the last runner of an installation wrote, whether or not it is still there; nothing when that cannot be read. */
export function lastStatus({ promisesStatus }: Pick<Layout, 'promisesStatus'>): PromisesStatus | undefined {
  try {
    return parsePromisesStatus(readFileSync(promisesStatus, 'utf8'));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
