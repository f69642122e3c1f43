import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import TOML from '@iarna/toml';
import { DkmError, EXIT } from '../../base/errors.ts';
import { makeDirectory, writeAtomic } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { acquireLock } from '../../base/lock.ts';
import { readSecretFrom, say, table } from '../../base/terminal.ts';
import {
  ACCOUNT_NAME,
  accountsFile,
  FIRST_ACCOUNT,
  parseAccounts,
  parseTokens,
  readAccounts,
  readTokens,
  tokensFile,
  type StoredAccount,
  type StoredToken,
} from '../../console/accounts/account-files.ts';
import { hashPassword } from '../../console/accounts/password-hash.ts';
import { newToken, readTokenUse } from '../../console/accounts/tokens.ts';
import { appendAudit } from '../../console/access/audit.ts';

export type AccountRole = StoredAccount['role'];

/** As OWASP ASVS 5.0 recommends (6.2.1): long rather than complicated. */
const SHORTEST_PASSWORD = 15;
const LONGEST_PASSWORD = 1024;
const DAY_MS = 86_400_000;

/** `dkm console account list`. */
export async function listAccounts(layout: Layout, options: { json?: boolean }): Promise<number> {
  const accounts = [{ name: FIRST_ACCOUNT, role: 'operator' }, ...(await readAccounts(layout))].map(({ name, role }) => ({ name, role }));
  if (options.json) say(JSON.stringify({ schema: 1, accounts }, null, 1));
  else say(table([['NAME', 'ROLE'], ...accounts.map(({ name, role }) => [name, role])]));
  return EXIT.fine;
}

/** `dkm console account add NAME`: the password comes from standard input, or is made and printed once. */
export async function addAccount(layout: Layout, name: string, options: { role: AccountRole; generate?: boolean }): Promise<number> {
  refuseName(name);
  refuseKnown(
    (await readAccounts(layout)).some((account) => account.name === name),
    'account',
    name,
  );
  const password = await newPassword(name, options.generate === true);
  await changeAccounts(layout, async (accounts) => {
    refuseKnown(
      accounts.some((account) => account.name === name),
      'account',
      name,
    );
    return [...accounts, { name, role: options.role, password: await hashPassword(password) }];
  });
  await note(layout, 'account.add', `${name} (${options.role})`);
  tellGenerated(password, options);
  say(`${name} may ${options.role === 'operator' ? 'look and act' : 'look'} from now on.`);
  return EXIT.fine;
}

/** `dkm console account password NAME`: sets another one, which ends the account's sessions. */
export async function setPassword(layout: Layout, name: string, options: { generate?: boolean }): Promise<number> {
  refuseUnknown(
    (await readAccounts(layout)).some((account) => account.name === name),
    'account',
    name,
  );
  const password = await newPassword(name, options.generate === true);
  await changeAccounts(layout, async (accounts) => {
    refuseUnknown(
      accounts.some((account) => account.name === name),
      'account',
      name,
    );
    const hash = await hashPassword(password);
    return accounts.map((account) => (account.name === name ? { ...account, password: hash } : account));
  });
  await note(layout, 'account.password', name);
  tellGenerated(password, options);
  say(`${name} has another password. Whoever was logged in as ${name} is not any more.`);
  return EXIT.fine;
}

/** `dkm console account remove NAME`. */
export async function removeAccount(layout: Layout, name: string): Promise<number> {
  await changeAccounts(layout, (accounts) => {
    refuseUnknown(
      accounts.some((account) => account.name === name),
      'account',
      name,
    );
    return Promise.resolve(accounts.filter((account) => account.name !== name));
  });
  await note(layout, 'account.remove', name);
  say(`${name} is no account any more.`);
  return EXIT.fine;
}

/** `dkm console token list`: what there is, never the tokens themselves. */
export async function listTokens(layout: Layout, options: { json?: boolean }): Promise<number> {
  const use = await readTokenUse(layout);
  const tokens = (await readTokens(layout)).map(({ name, role, created, expires = null }) => {
    const used = use[name];
    return { name, role, created, expires, lastUsed: used === undefined ? null : new Date(used).toISOString() };
  });
  if (options.json) say(JSON.stringify({ schema: 1, tokens }, null, 1));
  else if (tokens.length === 0) say('There are no tokens. "dkm console token add NAME" makes one.');
  else say(table([['NAME', 'ROLE', 'MADE', 'EXPIRES', 'LAST USED'], ...tokens.map((each) => [each.name, each.role, each.created.slice(0, 10), expiryOf(each.expires), each.lastUsed?.slice(0, 16) ?? 'never noted'])])); // prettier-ignore
  return EXIT.fine;
}

function expiryOf(expires: string | null): string {
  return expires === null ? 'never' : `${expires.slice(0, 10)}${Date.parse(expires) <= Date.now() ? ' (over)' : ''}`;
}

/** `dkm console token add NAME`: prints the token, this once. `days` 0: it does not expire. */
export async function addToken(layout: Layout, name: string, options: { role: AccountRole; days: number; json?: boolean }): Promise<number> {
  refuseName(name);
  const { token, sha256 } = newToken();
  const now = Date.now();
  const stored: StoredToken = {
    name,
    role: options.role,
    token_sha256: sha256,
    created: new Date(now).toISOString(),
    ...(options.days > 0 && { expires: new Date(now + options.days * DAY_MS).toISOString() }),
  };
  await changeTokens(layout, (tokens) => {
    refuseKnown(
      tokens.some((each) => each.name === name),
      'token',
      name,
    );
    return [...tokens, stored];
  });
  await note(layout, 'token.add', `${name} (${options.role})`);
  if (options.json) say(JSON.stringify({ schema: 1, name, role: options.role, expires: stored.expires ?? null, token }, null, 1));
  else say(`${token}\n\nThis is the only time it is shown. Programs send it as "Authorization: Bearer <token>".`);
  return EXIT.fine;
}

/** `dkm console token revoke NAME`: it counts no more from the next request on. */
export async function revokeToken(layout: Layout, name: string): Promise<number> {
  await changeTokens(layout, (tokens) => {
    refuseUnknown(
      tokens.some((each) => each.name === name),
      'token',
      name,
    );
    return tokens.filter((each) => each.name !== name);
  });
  await note(layout, 'token.revoke', name);
  say(`The token ${name} counts no more.`);
  return EXIT.fine;
}

const HEAD = (what: string): string => `# ${what} of the console. Written by "dkm console"; taken away from here, they count no more at once.\n\n`;

function changeAccounts(layout: Layout, edit: (accounts: StoredAccount[]) => Promise<StoredAccount[]>): Promise<void> {
  return whileLocked(layout, accountsFile(layout), async (file) => {
    const text = `${HEAD('Accounts')}${TOML.stringify({ account: await edit(await readAccounts(layout)) })}`;
    parseAccounts(text, file);
    return text;
  });
}

function changeTokens(layout: Layout, edit: (tokens: StoredToken[]) => StoredToken[]): Promise<void> {
  return whileLocked(layout, tokensFile(layout), async (file) => {
    const text = `${HEAD('Tokens')}${TOML.stringify({ token: edit(await readTokens(layout)).map(({ expires, ...token }) => (expires === undefined ? token : { ...token, expires })) })}`;
    parseTokens(text, file);
    return text;
  });
}

const LOCK_WITHIN_MS = 10_000;

async function whileLocked(layout: Layout, file: string, edited: (file: string) => Promise<string>): Promise<void> {
  await makeDirectory(layout.run);
  const lock = await acquireLock(layout.installLock, "a change of the console's accounts", { waitMs: LOCK_WITHIN_MS });
  try {
    const text = await edited(file);
    await makeDirectory(dirname(file));
    await writeAtomic(file, text, 0o600);
  } finally {
    lock.release();
  }
}

async function newPassword(name: string, generate: boolean): Promise<string> {
  if (generate) return randomBytes(18).toString('base64url');
  const password = await readSecretFrom(`New password of ${name}`, 'Give it on standard input, or have one made: --generate.');
  const fault = faultOfPassword(password, name);
  if (fault !== undefined)
    throw new DkmError('usage', `That password is not taken: ${fault}.`, { hint: 'Several words make a good one; --generate makes one for you.' });
  return password;
}

/** Why a password is too easy to guess; undefined when it is not. */
export function faultOfPassword(password: string, name: string): string | undefined {
  const length = [...password].length;
  if (length < SHORTEST_PASSWORD) return `it has ${length} characters, at least ${SHORTEST_PASSWORD} are expected`;
  if (password.length > LONGEST_PASSWORD) return `it has more than ${LONGEST_PASSWORD} characters`;
  if (/\p{Cc}/u.test(password)) return 'it has control characters in it';
  if (isRepetition(password.toLowerCase()) || new Set(password.toLowerCase()).size < 5) return 'it repeats itself';
  const rest = password
    .toLowerCase()
    .replaceAll(name.toLowerCase(), '')
    .replace(/password|passwort|admin|monitor|qwerty|letmein|welcome|12345(6789?0?)?/g, '');
  return [...rest].length < 8 ? 'it is made of words that are tried first' : undefined;
}

function isRepetition(text: string): boolean {
  return `${text}${text}`.slice(1, -1).includes(text);
}

function tellGenerated(password: string, { generate = false }: { generate?: boolean }): void {
  if (generate) say(`Password: ${password}\nThis is the only time it is shown.`);
}

function refuseName(name: string): void {
  if (name === FIRST_ACCOUNT)
    throw new DkmError('usage', `${FIRST_ACCOUNT} is there already; its password is the content of conf/secrets/admin-password.`, {
      hint: 'Edit that file: a change counts at once.',
    });
  if (!ACCOUNT_NAME.test(name))
    throw new DkmError('usage', `"${name}" is not taken as a name: up to 64 letters, digits and . _ @ + - are expected, beginning with a letter or a digit.`);
}

function refuseKnown(isKnown: boolean, what: string, name: string): void {
  if (isKnown)
    throw new DkmError('usage', `There is a${what === 'account' ? 'n' : ''} ${what} ${name} already.`, { hint: `"dkm console ${what} list" shows them.` });
}

function refuseUnknown(isKnown: boolean, what: string, name: string): void {
  if (name === FIRST_ACCOUNT && what === 'account') refuseName(name);
  if (!isKnown) throw new DkmError('usage', `There is no ${what} ${name}.`, { hint: `"dkm console ${what} list" shows them.` });
}

async function note(layout: Layout, action: string, subject: string): Promise<void> {
  const { username } = userInfo();
  await appendAudit(layout.consoleAudit, { account: username, role: 'operator', via: 'command', address: 'local', action, subject, outcome: 'done' });
}
