import { isIPv6 } from 'node:net';

/*
 * Guessing a password gets slower with each wrong guess, for the address it comes from and for the account it is about,
 * so that many addresses do not help. What stands in sessions and tokens is not touched by it, and a browser that has
 * logged in before is not locked out by what others guess.
 */

/** Wrong guesses in a row before an address has to wait. */
export const FREE_FAILURES = 5;
const ADDRESS: Bounds = { freeFailures: FREE_FAILURES, firstWaitMs: 1000, longestWaitMs: 15 * 60 * 1000 };
/** Anybody can lock an account out for everybody else, so that it is for a minute at most: 1,440 guesses a day. */
const ACCOUNT: Bounds = { freeFailures: 20, firstWaitMs: 1000, longestWaitMs: 60 * 1000 };
/** Who has failed at nothing yet may try so often at the same time: people behind one address, a client's connections. */
export const MOST_AT_ONCE = 20;
/** A clean slate for what was quiet for this long. */
const FORGET_AFTER_MS = 60 * 60 * 1000;
const MOST_RECORDS = 10_000;

interface Bounds {
  freeFailures: number;
  firstWaitMs: number;
  longestWaitMs: number;
}

/** What came of a try; `unknown` when the password was not looked at. */
export type LoginEnd = 'right' | 'wrong' | 'unknown';

/** One try: either it has to wait, or it goes ahead and tells what came of it. `isNews` is true once for each wait. */
export type LoginTry = { go: true; finish: (outcome: LoginEnd) => void } | { go: false; waitMs: number; isNews: boolean };

export interface LoginLimit {
  /** Asks for one try. `browser` names a browser that has logged in as this account before. A refused try does not count. */
  tryLogin: (address: string, account: string, browser?: string) => LoginTry;
}

/** Login limits by this clock (milliseconds since the epoch). */
export function createLoginLimit(now: () => number = Date.now): LoginLimit {
  const addresses = createFailures(ADDRESS, now);
  const accounts = createFailures(ACCOUNT, now);
  return {
    tryLogin(address, account, browser) {
      const limits = [addresses.of(addressGroup(address)), accounts.of(browser === undefined ? `account ${account}` : `browser ${browser}`)];
      const waitMs = Math.max(...limits.map((limit) => limit.waitMs()));
      if (waitMs > 0) return { go: false, waitMs, isNews: limits.map((limit) => limit.refuse()).includes(true) };
      const finishers = limits.map((limit) => limit.begin());
      return { go: true, finish: (outcome) => finishers.forEach((finish) => finish(outcome)) };
    },
  };
}

interface Failing {
  failures: number;
  underWay: number;
  lastAt: number;
  isTold: boolean;
}

interface Limited {
  waitMs: () => number;
  /** Notes a refusal; true for the first since the last try. */
  refuse: () => boolean;
  begin: () => (outcome: LoginEnd) => void;
}

function createFailures(bounds: Bounds, now: () => number): { of: (key: string) => Limited } {
  // In the order of the last try, so that the first is the one to forget when there are too many.
  const records = new Map<string, Failing>();
  const recordOf = (key: string): Failing => {
    const known = records.get(key);
    return known !== undefined && (known.underWay > 0 || now() - known.lastAt < FORGET_AFTER_MS)
      ? known
      : { failures: 0, underWay: 0, lastAt: now(), isTold: false };
  };
  const store = (key: string, record: Failing): void => {
    records.delete(key);
    records.set(key, record);
    for (const oldest of records.keys()) {
      if (records.size <= MOST_RECORDS) return;
      records.delete(oldest);
    }
  };
  return {
    of: (key) => ({
      waitMs() {
        const { failures, underWay, lastAt } = recordOf(key);
        const waitMs = failures === 0 ? 0 : lastAt + waitAfter(failures, bounds) - now();
        const mostAtOnce = failures === 0 ? MOST_AT_ONCE : Math.max(1, bounds.freeFailures - failures);
        return waitMs > 0 ? waitMs : underWay >= mostAtOnce ? 1000 : 0;
      },
      refuse() {
        const record = recordOf(key);
        const isFirst = !record.isTold;
        if (records.has(key)) record.isTold = true;
        return isFirst && records.has(key);
      },
      begin() {
        const record = recordOf(key);
        record.underWay += 1;
        record.isTold = false;
        store(key, record);
        return (outcome) => {
          record.underWay -= 1;
          if (outcome === 'right') record.failures = 0;
          if (outcome === 'wrong') record.failures += 1;
          if (outcome !== 'unknown') record.lastAt = now();
          if (record.failures > 0 || record.underWay > 0) store(key, record);
          else records.delete(key);
        };
      },
    }),
  };
}

/** How long to wait after so many failures in a row, in milliseconds: doubling, capped. */
export function waitAfter(failures: number, { freeFailures, firstWaitMs, longestWaitMs }: Bounds = ADDRESS): number {
  return failures < freeFailures ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** (failures - freeFailures));
}

/** What counts as one guesser: an IPv4 address, or the /64 network of an IPv6 address, which one machine may have whole. */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0');
  return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`;
}
