import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../../base/errors.ts';
import { readIfPresent, writeAtomic } from '../../base/files.ts';
import { isListOf, isNumber, isRecordWith, isText } from '../../base/shape.ts';
import type { Log } from '../log.ts';

/*
 * Sessions are kept here; a browser has a random number that is one's key. They outlive a restart in a file that holds
 * digests of these numbers, keyed with the session secret: who reads it gets in nowhere, and a session that was ended
 * stays ended.
 */

/** Hours and minutes of the configuration in milliseconds, where it says nothing. */
export const SESSION_MS = 12 * 60 * 60 * 1000;
export const IDLE_MS = 2 * 60 * 60 * 1000;

const ID_BYTES = 32;
const MOST_PER_ACCOUNT = 20;
const MOST = 500;
/** When a session was last used is written to the file at most so often: after a crash it may seem idle a minute longer. */
const SAVE_PAUSE_MS = 60_000;

export interface Session {
  /** Digest of the browser's key. */
  digest: string;
  account: string;
  /** That of the account at login; another one ends the session. */
  mark: string;
  startedAtMs: number;
  usedAtMs: number;
}

export interface SessionLimits {
  lastsMs: number;
  idleMs: number;
}

export interface Sessions {
  /** Starts one and returns its key, for the browser alone. */
  start: (account: { name: string; mark: string }) => Promise<string>;
  /** The session of this key, if it goes on; that counts as a use. */
  find: (key: string) => Session | undefined;
  /** Ends a session before its time. */
  end: (session: Session) => Promise<void>;
  /** Settles when everything is in the file. */
  save: () => Promise<void>;
}

/** Reads the sessions that go on. `secret` keys digests and tokens; with another one every session is over. */
export async function openSessions(
  file: string,
  secret: string,
  log: Log,
  { lastsMs, idleMs }: SessionLimits = { lastsMs: SESSION_MS, idleMs: IDLE_MS },
  now: () => number = Date.now,
): Promise<Sessions> {
  const digestOf = (key: string): string => createHmac('sha256', secret).update(`session ${key}`).digest('base64url');
  const goesOn = ({ startedAtMs, usedAtMs }: Session): boolean => now() < startedAtMs + lastsMs && now() < usedAtMs + idleMs;
  // In the order of their start, so that the first is the one to end when there are too many.
  const sessions = new Map((await readSessions(file)).filter(goesOn).map((session) => [session.digest, session]));
  const save = writerOf(file, log, () => [...sessions.values()].filter(goesOn));
  let savedAtMs = now();
  return {
    async start({ name, mark }) {
      for (const session of sessions.values()) if (!goesOn(session)) sessions.delete(session.digest);
      const ofAccount = [...sessions.values()].filter((session) => session.account === name);
      const surplus = [
        ...ofAccount.slice(0, Math.max(0, ofAccount.length - MOST_PER_ACCOUNT + 1)),
        ...(sessions.size >= MOST ? [...sessions.values()].slice(0, 1) : []),
      ];
      for (const { digest } of surplus) sessions.delete(digest);
      const key = randomBytes(ID_BYTES).toString('base64url');
      sessions.set(digestOf(key), { digest: digestOf(key), account: name, mark, startedAtMs: now(), usedAtMs: now() });
      await save();
      return key;
    },
    find(key) {
      const session = sessions.get(digestOf(key));
      if (session === undefined || !goesOn(session)) return undefined;
      session.usedAtMs = now();
      if (now() - savedAtMs > SAVE_PAUSE_MS) {
        savedAtMs = now();
        void save();
      }
      return session;
    },
    async end({ digest }) {
      if (sessions.delete(digest)) await save();
    },
    save,
  };
}

const isSession = isRecordWith({ digest: isText, account: isText, mark: isText, startedAtMs: isNumber, usedAtMs: isNumber });

/** What stands in the file; nothing when it is missing or is not what was written: then everybody logs in again. */
async function readSessions(file: string): Promise<Session[]> {
  try {
    const value: unknown = JSON.parse((await readIfPresent(file)) ?? '[]');
    return isListOf(isSession)(value) ? (value as Session[]) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Writes one state after the other; a state that was overtaken by a newer one is left out. */
function writerOf(file: string, log: Log, present: () => Session[]): () => Promise<void> {
  let last = Promise.resolve();
  let isWaiting = false;
  let complaint = '';
  const write = async (): Promise<void> => {
    isWaiting = false;
    try {
      await writeAtomic(file, `${JSON.stringify(present())}\n`);
      complaint = '';
    } catch (error) {
      const cause = systemCodeOf(error) ?? messageOf(error);
      if (cause !== complaint) log(`error: sessions cannot be kept in ${file} (${cause}): after a restart everybody logs in again`);
      complaint = cause;
      // An old state must not bring sessions back that were ended since. That works on a full disk, too.
      await rm(file, { force: true }).catch(() => undefined);
    }
  };
  return () => {
    if (isWaiting) return last;
    isWaiting = true;
    return (last = last.then(write));
  };
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

/** The token that a session's own pages bring along when they change something. */
export function sessionToken({ digest }: Session, secret: string): string {
  return createHmac('sha256', secret).update(`forms of session ${digest}`).digest('base64url');
}
