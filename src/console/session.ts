import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/*
 * Sessions are kept by the browser: a cookie `expiry.id.signature`. The key depends on the password too, so that a
 * new password ends every session. What the console remembers is only which sessions were ended by logging out.
 */

/** How long a session lasts, in milliseconds. */
export const SESSION_MS = 12 * 60 * 60 * 1000;

const ID_BYTES = 18;

/** Two things only the console and its administrator know. */
export interface SessionSecrets {
  /** Content of the session secret's file. */
  secret: string;
  password: string;
}

export interface Sessions {
  /** A new session's cookie value. */
  start: (secrets: SessionSecrets) => string;
  isValid: (cookie: string, secrets: SessionSecrets) => boolean;
  /** Makes a session invalid before its time. */
  end: (cookie: string, secrets: SessionSecrets) => void;
}

/** Sessions by this clock (milliseconds since the epoch). */
export function createSessions(now: () => number = Date.now): Sessions {
  /** Ids of ended sessions, with the time after which they would be invalid anyway. */
  const ended = new Map<string, number>();
  const parse = (cookie: string, secrets: SessionSecrets): { id: string; expiresAt: number } | undefined => {
    const [expiry, id, signature, more] = cookie.split('.');
    if (expiry === undefined || id === undefined || signature === undefined || more !== undefined) return undefined;
    if (!isSame(signature, sign(`${expiry}.${id}`, secrets))) return undefined;
    const expiresAt = Number.parseInt(expiry, 36);
    return expiresAt > now() ? { id, expiresAt } : undefined;
  };
  return {
    start(secrets) {
      const content = `${(now() + SESSION_MS).toString(36)}.${randomBytes(ID_BYTES).toString('base64url')}`;
      return `${content}.${sign(content, secrets)}`;
    },
    isValid(cookie, secrets) {
      const session = parse(cookie, secrets);
      return session !== undefined && !ended.has(session.id);
    },
    end(cookie, secrets) {
      for (const [id, expiresAt] of ended) if (expiresAt <= now()) ended.delete(id);
      const session = parse(cookie, secrets);
      if (session) ended.set(session.id, session.expiresAt);
    },
  };
}

function sign(content: string, { secret, password }: SessionSecrets): string {
  const key = createHmac('sha256', secret).update('session').update(createHash('sha256').update(password).digest()).digest();
  return createHmac('sha256', key).update(content).digest('base64url');
}

/** Compares two texts in a time that does not depend on where they differ. */
export function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** The token that a login form must bring back: it fits one browser's form cookie. */
export function formToken(cookie: string, secret: string): string {
  return createHmac('sha256', secret).update('login form').update(cookie).digest('base64url');
}
