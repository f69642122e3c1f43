import { connect } from 'node:net';
import { messageOf } from '../base/errors.ts';
import type { PromiseResult, PromiseSpec, PromiseState } from '../contract/promise.ts';
import type { ReportSpec } from '../contract/report.ts';
import type { ServiceStatus } from '../contract/status.ts';
import { memoryOf } from './memory.ts';
import { carbonLines, measured } from './report-lines.ts';

/*
 * Sends the supervisor's own metrics to carbon. Nobody waits for it: what cannot be sent is lost, as it is of the
 * minute, and the log says so once.
 */

/** Soon after the start, so that a new installation has something to show. */
const FIRST_AFTER_MS = 15_000;
const EVERY_MS = 60_000;
const SENT_WITHIN_MS = 5_000;

interface Options {
  services: () => readonly ServiceStatus[];
  log: (line: string) => void;
  /** Other times, for tests. */
  firstAfterMs?: number;
  everyMs?: number;
}

export class Reporter {
  readonly #options: Options;
  readonly #startedAtMs = Date.now();
  /** The last outcome of each promise, by id. */
  #promises = new Map<string, PromiseState | 'pending'>();
  #spec: ReportSpec | undefined;
  #timer: NodeJS.Timeout | undefined;
  #fault = '';

  constructor(options: Options) {
    this.#options = options;
  }

  /** Takes up where to send from now on. */
  configure(spec: ReportSpec): void {
    this.#spec = spec;
    if (this.#timer === undefined) this.#later(this.#options.firstAfterMs ?? FIRST_AFTER_MS);
  }

  /** Takes up which promises there are. */
  present(specs: readonly PromiseSpec[]): void {
    this.#promises = new Map(specs.map(({ id }) => [id, this.#promises.get(id) ?? 'pending']));
  }

  record({ spec, outcome }: PromiseResult): void {
    this.#promises.set(spec.id, outcome.state);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#spec = undefined;
  }

  #later(inMs: number): void {
    this.#timer = setTimeout(() => void this.#report(), inMs).unref();
  }

  async #report(): Promise<void> {
    if (!this.#spec) return;
    try {
      await this.#send(this.#spec);
      this.#fault = '';
    } catch (error) {
      const fault = messageOf(error);
      if (fault !== this.#fault) this.#options.log(`metrics of dkm could not be sent: ${fault}`);
      this.#fault = fault;
    }
    if (this.#spec) this.#later(this.#options.everyMs ?? EVERY_MS);
  }

  #send({ host, port, prefix }: ReportSpec): Promise<void> {
    const nowMs = Date.now();
    const scene = { services: this.#options.services(), promises: [...this.#promises.values()], memoryOf, nowMs };
    const lines = carbonLines(prefix, measured({ ...scene, supervisor: { pid: process.pid, startedAtMs: this.#startedAtMs } }), nowMs);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ host, port }, () => socket.end(lines));
    socket.setTimeout(SENT_WITHIN_MS, () => socket.destroy(new Error(`${host}:${port} took longer than ${SENT_WITHIN_MS} ms`)));
    socket.once('error', reject).once('close', () => resolve());
    // What carbon says is nothing to us, but has to be read for the connection to end.
    socket.resume();
    // It does not keep the supervisor from ending.
    socket.unref();
    return promise;
  }
}
