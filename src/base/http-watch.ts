import type { Fault } from './http-policy.ts';
import { faultOfSilence } from './http-policy.ts';

export interface WatchOptions {
  timeouts?: {
    /** Milliseconds until an answer begins: name look-up, connection, encryption, headers. */
    connectMs?: number;
    /** Milliseconds without a single byte after which a transfer counts as stalled. */
    stallMs?: number;
  };
  signal?: AbortSignal;
}

/** Watches over one request. */
export interface Watch {
  /** Ends the request. */
  signal: AbortSignal;
  expectAnswer(): void;
  expectData(): void;
  /** What did not come in time. */
  readonly expired: Fault | undefined;
  stop(): void;
}

/** Ends a request that does not get on. */
export function createWatch({ timeouts = {}, signal }: WatchOptions): Watch {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let expired: Fault | undefined;
  const expect = (what: 'answer' | 'data', ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      expired = faultOfSilence(what, ms);
      controller.abort();
    }, ms);
  };
  return {
    signal: signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]),
    expectAnswer: () => expect('answer', timeouts.connectMs ?? 20_000),
    expectData: () => expect('data', timeouts.stallMs ?? 30_000),
    get expired() {
      return expired;
    },
    stop: () => clearTimeout(timer),
  };
}
