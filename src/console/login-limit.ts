import { isIPv6 } from 'node:net';

/*
 * Guessing the password gets slower with each wrong guess from an address. A browser that stands behind the same
 * address as a guesser has to wait too; sessions that exist are not touched.
 */

/** Wrong guesses in a row before an address has to wait. */
export const FREE_FAILURES = 3;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15 * 60 * 1000;
/** An address starts with a clean slate when it was quiet for this long. */
const FORGET_AFTER_MS = 60 * 60 * 1000;
const MOST_ADDRESSES = 10_000;

export interface LoginLimit {
  /**
   * Asks for one try. 0: go ahead, and the try counts as a failure until `succeeded` is called (so that tries made
   * at the same time cannot slip through together). Otherwise the milliseconds to wait; such a try does not count.
   */
  tryLogin: (address: string) => number;
  succeeded: (address: string) => void;
}

interface Record {
  failures: number;
  lastAt: number;
}

/** Login limits by this clock (milliseconds since the epoch). */
export function createLoginLimit(now: () => number = Date.now): LoginLimit {
  // In the order of the last try, so that the first is the one to forget when there are too many.
  const records = new Map<string, Record>();
  return {
    tryLogin(address) {
      const key = addressGroup(address);
      const known = records.get(key);
      const failures = known !== undefined && now() - known.lastAt < FORGET_AFTER_MS ? known.failures : 0;
      const waitMs = failures === 0 || known === undefined ? 0 : known.lastAt + waitAfter(failures) - now();
      if (waitMs > 0) return waitMs;
      records.delete(key);
      records.set(key, { failures: failures + 1, lastAt: now() });
      if (records.size > MOST_ADDRESSES) for (const oldest of records.keys()) return forget(records, oldest);
      return 0;
    },
    succeeded(address) {
      records.delete(addressGroup(address));
    },
  };
}

function forget(records: Map<string, Record>, key: string): 0 {
  records.delete(key);
  return 0;
}

/** How long to wait after so many failures in a row, in milliseconds: doubling, capped. */
export function waitAfter(failures: number): number {
  return failures < FREE_FAILURES ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES));
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
