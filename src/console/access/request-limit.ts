import type { MiddlewareHandler } from 'hono';
import { addressOf } from './address.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { failure } from '../failure.ts';
import { addressGroup } from './login-limit.ts';

/*
 * How often an address may ask. Each has a store of requests that fills up again over time; who has used it up is told
 * when there is one again. This keeps one client from taking the console from all others; it is no defence against many.
 */

export interface RateBounds {
  /** Requests that may come at once. */
  burst: number;
  /** How many of them come back in a second. */
  perSecond: number;
}

/** Every request. A page needs a dozen; a whole office behind one address has room. */
export const EVERY_REQUEST: RateBounds = { burst: 1000, perSecond: 100 };
/** Whatever `costly` stands before, where it says nothing else. */
const COSTLY: RateBounds = { burst: 30, perSecond: 2 };
const MOST_RECORDS = 10_000;

/** Takes one request of this address: 0, or the milliseconds until there is one. */
export type RequestRate = (address: string) => number;

/** A limit by this clock (milliseconds). */
export function createRequestRate({ burst, perSecond }: RateBounds, now: () => number = () => performance.now()): RequestRate {
  // In the order of the last request, so that the first is the one to forget when there are too many.
  const stores = new Map<string, { left: number; atMs: number }>();
  return (address) => {
    const key = addressGroup(address);
    const known = stores.get(key);
    const left = known === undefined ? burst : Math.min(burst, known.left + ((now() - known.atMs) / 1000) * perSecond);
    stores.delete(key);
    stores.set(key, { left: Math.max(0, left < 1 ? left : left - 1), atMs: now() });
    for (const oldest of stores.keys()) {
      if (stores.size <= MOST_RECORDS) break;
      stores.delete(oldest);
    }
    return left < 1 ? ((1 - left) / perSecond) * 1000 : 0;
  };
}

/** Refuses with 429 and Retry-After who asks too often. */
export function onlySoOften({ config }: Pick<ConsoleParts, 'config'>, bounds: RateBounds): MiddlewareHandler<ConsoleEnv> {
  const rate = createRequestRate(bounds);
  return async (context, next) => {
    const waitMs = rate(addressOf(context, config));
    if (waitMs === 0) return next();
    context.header('Retry-After', String(Math.ceil(waitMs / 1000)));
    return failure(context, 429, 'too-many-requests', 'Too many requests. Try again in a moment.');
  };
}

/** For routes that cost much (a query over all metrics, running a program): fewer at a time. Put it behind `onlyFor`. */
export function costly(parts: Pick<ConsoleParts, 'config'>, bounds: RateBounds = COSTLY): MiddlewareHandler<ConsoleEnv> {
  return onlySoOften(parts, bounds);
}
