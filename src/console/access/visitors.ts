import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { CookieOptions } from 'hono/utils/cookie';
import { DkmError, messageOf } from '../../base/errors.ts';
import type { Accounts, KnownAccount } from '../accounts/accounts.ts';
import type { Tokens } from '../accounts/tokens.ts';
import { addressOf, isSecure } from './address.ts';
import { createBasicMemory } from './basic-memory.ts';
import type { ConsoleConfig } from '../config.ts';
import type { Account, ConsoleEnv } from '../console-parts.ts';
import { createLoginLimit } from './login-limit.ts';
import { isSame, SESSION_MS, sessionToken, type Session, type Sessions } from './session.ts';

/** Who a request comes from. `wait`: too many wrong passwords, or too many at once. */
export type Identified =
  | { kind: 'account'; account: Account; address: string }
  | { kind: 'nobody'; reason: 'none' | 'wrong'; name: string }
  | { kind: 'wait'; waitS: number; name: string; isNews: boolean };

/** What came of a name and a password. */
export type LoginOutcome = Exclude<Identified, { kind: 'account' }> | { kind: 'account'; account: KnownAccount };

type VisitorContext = Context<ConsoleEnv>;

/** Who is logged in, by the cookie, token or name and password of a request. */
export interface Visitors {
  /** Who this is. A name and password in the request (Basic) count only where they are asked for. */
  identify: (context: VisitorContext, options?: { basic?: boolean }) => Promise<Identified>;
  isLoggedIn: (context: VisitorContext) => Promise<boolean>;
  /** Compares name and password and, when they are right, starts a session in place of the present one. */
  logIn: (context: VisitorContext, name: string, password: string) => Promise<LoginOutcome>;
  logOut: (context: VisitorContext) => Promise<void>;
  /** What a page of this request's session must bring along to change something; empty when there is no session. */
  formTokenOf: (context: VisitorContext) => string;
}

export interface VisitorParts {
  config: Pick<ConsoleConfig, 'port' | 'login' | 'tls' | 'trusted_proxies'>;
  /** Keys tokens and cookies. */
  secret: string;
  accounts: Accounts;
  tokens: Tokens;
  sessions: Sessions;
}

const KNOWN_BROWSER_S = 90 * 24 * 60 * 60;

/** Visitors of the console with these accounts. */
export function createVisitors({ config, secret, accounts, tokens, sessions }: VisitorParts): Visitors {
  const limit = createLoginLimit();
  const remembered = createBasicMemory();
  const cookies = cookiesOf(config);
  const browsers = knownBrowsers(secret);
  /** The session of a request whose account has the same password still; other ones are ended. */
  const sessionOf = async (context: VisitorContext): Promise<{ session: Session; account: Account } | undefined> => {
    const key = cookies.read(context, 'session');
    const session = key === undefined ? undefined : sessions.find(key);
    if (session === undefined) return undefined;
    const known = await accounts.find(session.account);
    if (known?.mark === session.mark) return { session, account: { name: known.name, role: known.role, via: 'session' } };
    await sessions.end(session);
    return undefined;
  };
  const verify = async (context: VisitorContext, name: string, password: string): Promise<LoginOutcome> => {
    const account = await accounts.find(name);
    const browser = account && browsers.nameOf(cookies.read(context, 'known'), account);
    const attempt = limit.tryLogin(addressOf(context, config), name, browser);
    if (!attempt.go) return { kind: 'wait', waitS: Math.ceil(attempt.waitMs / 1000), name, isNews: attempt.isNews };
    let verified: KnownAccount | 'wrong' | 'busy' = 'wrong';
    try {
      verified = await accounts.verify(name, password);
    } finally {
      attempt.finish(verified === 'busy' ? 'unknown' : verified === 'wrong' ? 'wrong' : 'right');
    }
    if (verified === 'busy') return { kind: 'wait', waitS: 1, name, isNews: false };
    return verified === 'wrong' ? { kind: 'nobody', reason: 'wrong', name } : { kind: 'account', account: verified };
  };
  const byBasic = async (context: VisitorContext, header: string): Promise<LoginOutcome> => {
    const given = basicCredentials(header);
    if (given === undefined) return { kind: 'nobody', reason: 'wrong', name: '' };
    return remembered.outcomeOf(
      given,
      async () => verify(context, given.name, given.password),
      async (account) => {
        const now = await accounts.find(account.name);
        return now?.mark === account.mark && now.role === account.role;
      },
    );
  };
  const identify: Visitors['identify'] = async (context, { basic = false } = {}) => {
    const address = addressOf(context, config);
    const authorization = context.req.header('authorization') ?? '';
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (bearer !== undefined) {
      const token = await tokens.find(bearer);
      return token ? { kind: 'account', account: { ...token, via: 'token' }, address } : { kind: 'nobody', reason: 'wrong', name: '' };
    }
    if (basic && /^Basic /i.test(authorization)) {
      const outcome = await byBasic(context, authorization);
      return outcome.kind === 'account'
        ? { kind: 'account', account: { name: outcome.account.name, role: outcome.account.role, via: 'basic' }, address }
        : outcome;
    }
    const found = await sessionOf(context);
    return found ? { kind: 'account', account: found.account, address } : { kind: 'nobody', reason: 'none', name: '' };
  };
  return {
    identify,
    isLoggedIn: async (context) => (await sessionOf(context)) !== undefined,
    async logIn(context, name, password) {
      const outcome = await verify(context, name, password);
      if (outcome.kind !== 'account') return outcome;
      const before = sessions.find(cookies.read(context, 'session') ?? '');
      if (before) await sessions.end(before);
      cookies.write(context, 'session', await sessions.start(outcome.account), ((config.login?.hours ?? 0) * 60 * 60 * 1000 || SESSION_MS) / 1000);
      cookies.write(context, 'known', browsers.remember(outcome.account), KNOWN_BROWSER_S);
      return outcome;
    },
    async logOut(context) {
      const found = await sessionOf(context);
      if (found) await sessions.end(found.session);
      cookies.write(context, 'session', '', 0);
    },
    formTokenOf(context) {
      const session = sessions.find(cookies.read(context, 'session') ?? '');
      return session === undefined ? '' : sessionToken(session, secret);
    },
  };
}

export interface Cookies {
  read: (context: VisitorContext, purpose: string) => string | undefined;
  /** `maxAgeS` 0 removes it; left out, it ends with the browser. */
  write: (context: VisitorContext, purpose: string, value: string, maxAgeS?: number) => void;
}

/**
 * Our cookies. Their names have the port, as cookies do not know ports: two consoles on one machine would overwrite each
 * other's. Over TLS the prefix `__Host-` has browsers refuse any that did not come from this very host over TLS.
 */
export function cookiesOf(config: VisitorParts['config']): Cookies {
  const nameOf = (purpose: string, secure: boolean): string => `${secure ? '__Host-' : ''}dkm_${purpose}_${config.port}`;
  return {
    read: (context, purpose) => getCookie(context, nameOf(purpose, isSecure(context, config))),
    write(context, purpose, value, maxAgeS) {
      const secure = isSecure(context, config);
      const options: CookieOptions = {
        path: '/',
        httpOnly: true,
        sameSite: 'Strict',
        ...(secure && { secure }),
        ...(maxAgeS !== undefined && { maxAge: maxAgeS }),
      };
      setCookie(context, nameOf(purpose, secure), value, options);
    },
  };
}

/** Browsers that have logged in as an account with its present password: a cookie `name.signature` says so. */
function knownBrowsers(secret: string): {
  nameOf: (cookie: string | undefined, account: KnownAccount) => string | undefined;
  remember: (account: KnownAccount) => string;
} {
  const sign = (name: string, { name: account, mark }: KnownAccount): string =>
    createHmac('sha256', secret).update(`known browser ${name} ${account} ${mark}`).digest('base64url');
  return {
    nameOf(cookie, account) {
      const [name = '', signature = ''] = cookie?.split('.') ?? [];
      return name !== '' && isSame(signature, sign(name, account)) ? name : undefined;
    },
    remember(account) {
      const name = randomBytes(12).toString('base64url');
      return `${name}.${sign(name, account)}`;
    },
  };
}

/** Name and password of a Basic header (RFC 7617, in UTF-8); undefined when it is none. */
function basicCredentials(header: string): { name: string; password: string } | undefined {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=_-]{1,4096}) *$/i.exec(header) ?? [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Shortest session secret that is accepted. */
const SHORTEST_SECRET = 16;

/** Reads the secret that sessions are keyed with; throws when it is missing or too short to be one. */
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
