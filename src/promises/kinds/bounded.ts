import type { KindContext } from './kind.ts';

/** How long a question may take so that its own answer still comes before the promise's time is over, in milliseconds. */
export function within({ timeoutMs }: Pick<KindContext, 'timeoutMs'>): number {
  return Math.max(timeoutMs * 0.9, timeoutMs - 1_000);
}

/** Aborted when that time is over, or when nobody wants the outcome any more. */
export function boundedSignal(context: Pick<KindContext, 'timeoutMs' | 'signal'>): AbortSignal {
  return AbortSignal.any([context.signal, AbortSignal.timeout(within(context))]);
}
