import { randomBytes } from 'node:crypto';

/*
 * What came of an action, for the page that is shown after it. It is kept here for the moment and named in the address:
 * a text in the address itself could be anybody's.
 */

/** What came of an action. */
export interface Notice {
  ok: boolean;
  message: string;
}

export interface Notices {
  /** Keeps a notice and returns its name. */
  put: (notice: Notice) => string;
  /** The notice of this name, once. */
  take: (name: string | undefined) => Notice | undefined;
}

/** Those that nobody fetched are forgotten, the oldest first. */
const MOST_NOTICES = 100;

/** Notices of one console. */
export function createNotices(): Notices {
  const kept = new Map<string, Notice>();
  return {
    put(notice) {
      const name = randomBytes(9).toString('base64url');
      kept.set(name, notice);
      const [oldest] = kept.keys();
      if (kept.size > MOST_NOTICES && oldest !== undefined) kept.delete(oldest);
      return name;
    },
    take(name) {
      const notice = name === undefined ? undefined : kept.get(name);
      if (name !== undefined) kept.delete(name);
      return notice;
    },
  };
}
