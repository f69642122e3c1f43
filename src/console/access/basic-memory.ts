import { createHmac, randomBytes } from 'node:crypto';
import type { KnownAccount } from '../accounts/accounts.ts';
import type { LoginOutcome } from './visitors.ts';

/*
 * A client with Basic authentication sends its password with each request, on several connections at once. The slow
 * comparison is made once, for all who wait for the same one; what was right counts for some minutes, as long as
 * the account has that password.
 */

const REMEMBER_MS = 5 * 60 * 1000;
const MOST_REMEMBERED = 500;

export interface BasicMemory {
  /** What came of this name and password: remembered when it was right and `isStillSo`, else `verify` tells. */
  outcomeOf: (
    given: { name: string; password: string },
    verify: () => Promise<LoginOutcome>,
    isStillSo: (account: KnownAccount) => Promise<boolean>,
  ) => Promise<LoginOutcome>;
}

/** A memory by this clock (milliseconds since the epoch). It knows digests under a key of its own, not passwords. */
export function createBasicMemory(now: () => number = Date.now): BasicMemory {
  const key = randomBytes(32);
  const right = new Map<string, { account: KnownAccount; untilMs: number }>();
  const underWay = new Map<string, Promise<LoginOutcome>>();
  const remember = (digest: string, account: KnownAccount): void => {
    right.delete(digest);
    right.set(digest, { account, untilMs: now() + REMEMBER_MS });
    for (const oldest of right.keys()) {
      if (right.size <= MOST_REMEMBERED) return;
      right.delete(oldest);
    }
  };
  return {
    async outcomeOf({ name, password }, verify, isStillSo) {
      const digest = createHmac('sha256', key).update(`${name}\0${password}`).digest('base64url');
      const known = right.get(digest);
      if (known !== undefined && known.untilMs > now() && (await isStillSo(known.account))) return { kind: 'account', account: known.account };
      right.delete(digest);
      const asked = underWay.get(digest);
      if (asked) return asked;
      const asking = verify().finally(() => underWay.delete(digest));
      underWay.set(digest, asking);
      const outcome = await asking;
      if (outcome.kind === 'account') remember(digest, outcome.account);
      return outcome;
    },
  };
}
