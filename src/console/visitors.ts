import { readFile } from 'node:fs/promises';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { DkmError, messageOf } from '../base/errors.ts';
import type { ConsoleConfig } from './config.ts';
import type { Log } from './log.ts';
import { createSessions, isSame, SESSION_MS, type SessionSecrets } from './session.ts';

/** Who is logged in, by the cookie of a request. */
export interface Visitors {
  isLoggedIn: (context: Context) => Promise<boolean>;
  /** Compares the password and, when it is right, starts a session. */
  logIn: (context: Context, password: string) => Promise<boolean>;
  logOut: (context: Context) => Promise<void>;
}

// Cookies do not know ports: without it, two consoles on one machine would overwrite each other's.
const cookieName = (port: number): string => `dkm_session_${port}`;

/** Attributes of every cookie of ours. Not `Secure`: the console itself speaks plain http. */
export const COOKIE = { path: '/', httpOnly: true, sameSite: 'Strict' } as const;

/** Visitors of the console with this configuration. */
export function createVisitors(config: Pick<ConsoleConfig, 'port' | 'password_file'>, secret: string, log: Log): Visitors {
  const sessions = createSessions();
  const name = cookieName(config.port);
  const secrets = async (): Promise<SessionSecrets | undefined> => {
    const password = await readPassword(config.password_file, log);
    return password === undefined ? undefined : { secret, password };
  };
  return {
    async isLoggedIn(context) {
      const cookie = getCookie(context, name);
      const known = cookie === undefined ? undefined : await secrets();
      return cookie !== undefined && known !== undefined && sessions.isValid(cookie, known);
    },
    async logIn(context, password) {
      const known = await secrets();
      if (known === undefined || !isSame(password, known.password)) return false;
      setCookie(context, name, sessions.start(known), { ...COOKIE, maxAge: SESSION_MS / 1000 });
      return true;
    },
    async logOut(context) {
      const cookie = getCookie(context, name);
      const known = cookie === undefined ? undefined : await secrets();
      if (cookie !== undefined && known !== undefined) sessions.end(cookie, known);
      setCookie(context, name, '', { ...COOKIE, maxAge: 0 });
    },
  };
}

/** The password of now; undefined, and nobody gets in, when its file is empty or cannot be read. */
async function readPassword(file: string, log: Log): Promise<string | undefined> {
  try {
    const password = (await readFile(file, 'utf8')).trim();
    if (password !== '') return password;
    log(`error: ${file} is empty: nobody can log in`);
  } catch (error) {
    log(`error: the password cannot be read: ${messageOf(error)}`);
  }
  return undefined;
}

/** Shortest session secret that is accepted. */
const SHORTEST_SECRET = 16;

/** Reads the secret that sessions are signed with; throws when it is missing or too short to be one. */
export async function readSessionSecret(file: string): Promise<string> {
  let secret: string;
  try {
    secret = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new DkmError('file-missing', `The console's session secret cannot be read: ${messageOf(error)}`, {
      cause: error,
      hint: 'Run the installer again: it makes missing secrets.',
    });
  }
  if (secret.length >= SHORTEST_SECRET) return secret;
  throw new DkmError('file-invalid', `${file}: at least ${SHORTEST_SECRET} characters are expected, found ${secret.length}.`, {
    hint: 'Remove it and run the installer again.',
  });
}
