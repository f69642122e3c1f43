import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hono } from 'hono';
import type { ConsoleConfig } from '../../src/console/config.ts';
import { consoleApp } from '../../src/console/console-app.ts';
import { readConsoleParts, type ConsoleEnv, type ConsoleParts, type Role } from '../../src/console/console-parts.ts';
import { accountsFile, tokensFile } from '../../src/console/accounts/account-files.ts';
import { hashPassword } from '../../src/console/accounts/password-hash.ts';
import { newToken } from '../../src/console/accounts/tokens.ts';
import { makeDirectory } from '../../src/base/files.ts';
import { temporaryDirectory } from './temporary.ts';

/** The console's application in this process, with an installation of its own, asked without a server. */
export interface AppUnderTest {
  app: Hono<ConsoleEnv>;
  parts: ConsoleParts;
  root: string;
  log: string[];
  /** Asks as from this address. */
  ask: (path: string, init?: RequestInit, address?: string) => Promise<Response>;
  /** Makes an account and returns its cookie after logging in. */
  logIn: (name: string, role: Role) => Promise<string>;
  /** Makes a token. */
  token: (name: string, role: Role) => Promise<string>;
}

export const ADMIN_PASSWORD = 'correct horse battery staple';
const LOGIN_PAGE = '<input name="token" value="{{token}}"><input name="username" value="{{name}}"><input name="next" value="{{next}}">{{message}}';

/** Makes it. The page's files are stand-ins. */
export async function appUnderTest(config: Partial<ConsoleConfig> = {}): Promise<AppUnderTest> {
  const root = temporaryDirectory();
  const file = (name: string): string => join(root, name);
  for (const directory of ['page', 'run', 'conf', 'storage']) mkdirSync(file(directory));
  for (const [name, text] of Object.entries({ 'login.html': LOGIN_PAGE, 'app.js': '', 'style.css': '', 'favicon.svg': '' }))
    writeFileSync(file(`page/${name}`), text);
  writeFileSync(file('password'), `${ADMIN_PASSWORD}\n`);
  writeFileSync(file('secret'), 'a secret for the sessions of a test\n');
  const log: string[] = [];
  const parts = await readConsoleParts(
    {
      listen: '127.0.0.1',
      port: 16005,
      query_url: 'http://127.0.0.1:1',
      host: 'org.example.host',
      title: 'Monitoring of a test',
      password_file: file('password'),
      session_secret_file: file('secret'),
      root,
      page: file('page'),
      ...config,
    },
    (line) => log.push(line),
  );
  const app = consoleApp(parts);
  const ask: AppUnderTest['ask'] = async (path, init = {}, address = '192.0.2.1') => {
    const headers = new Headers(init.headers);
    headers.set('host', 'localhost');
    return app.request(path, { ...init, headers }, { incoming: { socket: { remoteAddress: address } } });
  };
  const append = async (path: string, text: string): Promise<void> => {
    await makeDirectory(join(path, '..'));
    writeFileSync(path, text, { flag: 'a' });
  };
  return {
    app,
    parts,
    root,
    log,
    ask,
    async logIn(name, role) {
      await append(accountsFile(parts.layout), `[[account]]\nname = "${name}"\nrole = "${role}"\npassword = "${await hashPassword(ADMIN_PASSWORD)}"\n`);
      return cookiesOf(await sendLogin(ask, name, ADMIN_PASSWORD)).session;
    },
    async token(name, role) {
      const { token, sha256 } = newToken();
      const created = new Date().toISOString();
      await append(tokensFile(parts.layout), `[[token]]\nname = "${name}"\nrole = "${role}"\ntoken_sha256 = "${sha256}"\ncreated = "${created}"\n`);
      return token;
    },
  };
}

/** What a browser sends along: as one header, and the session's cookie alone. */
export function cookiesOf(response: Response): { all: string; session: string } {
  const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
  return { all: cookies.join('; '), session: cookies.find((cookie) => cookie.includes('dkm_session_')) ?? '' };
}

/** Fills in the login form as a browser does, with the cookies it has. */
export async function sendLogin(
  ask: AppUnderTest['ask'],
  name: string,
  password: string,
  options: { cookie?: string; address?: string; next?: string } = {},
): Promise<Response> {
  const page = await ask('/login', { headers: { cookie: options.cookie ?? '' } }, options.address);
  const token = /name="token" value="([^"]*)"/.exec(await page.text())?.[1] ?? '';
  return ask(
    '/login',
    {
      method: 'POST',
      body: new URLSearchParams({ token, username: name, password, ...(options.next !== undefined && { next: options.next }) }),
      headers: { origin: 'http://localhost', cookie: [options.cookie, cookiesOf(page).all].filter(Boolean).join('; ') },
    },
    options.address,
  );
}
