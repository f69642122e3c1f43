import { createHmac, randomBytes } from 'node:crypto';
import type { Layout } from '../../base/layout.ts';
import type { ConsoleConfig } from '../config.ts';
import type { Role } from '../console-parts.ts';
import type { Log } from '../log.ts';
import { accountsFile, FIRST_ACCOUNT, parseAccounts } from './account-files.ts';
import { isHtpasswdPassword, parseHtpasswd } from './htpasswd.ts';
import { hashPassword, isPassword } from './password-hash.ts';
import { watchedFile, type WatchedFile } from './watched-file.ts';
import { createWorkQueue } from './work-queue.ts';

/** Somebody who may log in. */
export interface KnownAccount {
  name: string;
  role: Role;
  /** Where it comes from. */
  source: 'password-file' | 'accounts' | 'htpasswd';
  /** Changes with the password: what was begun with another one is over. */
  mark: string;
}

export interface Accounts {
  /** Who has this name now. The first of: conf/secrets/admin-password, accounts.toml, the htpasswd file. */
  find: (name: string) => Promise<KnownAccount | undefined>;
  /** Who has this name and password; `busy` when too many passwords are being compared. */
  verify: (name: string, password: string) => Promise<KnownAccount | 'wrong' | 'busy'>;
  /** All of them, by name. */
  list: () => Promise<KnownAccount[]>;
}

/** Each comparison takes 32 MiB for its time. */
const MOST_AT_ONCE = 2;
const MOST_WAITING = 60;
/** A longer one is not compared: it could not have been set. */
const LONGEST_PASSWORD = 1024;

/** Where accounts are looked up: a hash and how to compare with it, by name. */
interface Source {
  source: KnownAccount['source'];
  entries: ReadonlyMap<string, { role: Role; stored: string; isRight: (password: string) => Promise<boolean> }>;
}

/** The accounts of the console with this configuration. `secret` keys their marks. */
export function createAccounts(config: Pick<ConsoleConfig, 'password_file' | 'accounts'>, layout: Layout, secret: string, log: Log): Accounts {
  const queue = createWorkQueue(MOST_AT_ONCE, MOST_WAITING);
  const files = [passwordFile(config.password_file, log), accountsOf(layout, log), ...(config.accounts ? [htpasswdFile(config.accounts, log)] : [])];
  const sources = (): Promise<Source[]> => Promise.all(files.map((read) => read()));
  const known = (name: string, { source }: Source, { role, stored }: { role: Role; stored: string }): KnownAccount => ({
    name,
    role,
    source,
    mark: createHmac('sha256', secret).update(`account ${source} ${name} ${stored}`).digest('base64url').slice(0, 22),
  });
  const lookUp = async (name: string): Promise<{ account: KnownAccount; isRight: (password: string) => Promise<boolean> } | undefined> => {
    for (const each of await sources()) {
      const entry = each.entries.get(name);
      if (entry) return { account: known(name, each, entry), isRight: entry.isRight };
    }
    return undefined;
  };
  return {
    find: async (name) => (await lookUp(name))?.account,
    async verify(name, password) {
      const found = await lookUp(name);
      // Nobody of that name takes as long as a wrong password: the time must not tell which names there are.
      const isRight = found?.isRight ?? (async (given: string): Promise<boolean> => (await isPassword(given, await hashOfNobody()), false));
      const right = password.length <= LONGEST_PASSWORD && (await queue(() => isRight(password)));
      if (right === undefined) return 'busy';
      return right && found ? found.account : 'wrong';
    },
    async list() {
      const all = new Map<string, KnownAccount>();
      for (const each of await sources()) for (const [name, entry] of each.entries) if (!all.has(name)) all.set(name, known(name, each, entry));
      return [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

let nobody: Promise<string> | undefined;
/** A hash that nobody's password has; made when it is needed, as that takes memory. */
const hashOfNobody = (): Promise<string> => (nobody ??= hashPassword(randomBytes(18).toString('base64')));

/** The password itself stands in the file; what is compared is a hash of it, made once for each change. */
function passwordFile(path: string, log: Log): WatchedFile<Source> {
  const of = (entries: Source['entries']): Source => ({ source: 'password-file', entries });
  return watchedFile(
    path,
    (text) => {
      const password = text.trim();
      if (password === '') {
        log(`error: ${path} is empty: nobody can log in as ${FIRST_ACCOUNT}`);
        return of(new Map());
      }
      let hash: Promise<string> | undefined;
      const isRight = async (given: string): Promise<boolean> => isPassword(given, await (hash ??= hashPassword(password)));
      return of(new Map([[FIRST_ACCOUNT, { role: 'operator', stored: password, isRight }]]));
    },
    of(new Map()),
    log,
  );
}

function accountsOf(layout: Layout, log: Log): WatchedFile<Source> {
  const of = (entries: Source['entries']): Source => ({ source: 'accounts', entries });
  return watchedFile(
    accountsFile(layout),
    (text, path) =>
      of(
        new Map(
          parseAccounts(text, path).map(({ name, role, password: stored }) => [name, { role, stored, isRight: (given) => isPassword(given, stored) }] as const),
        ),
      ),
    of(new Map()),
    log,
  );
}

function htpasswdFile({ htpasswd_file: file, role = 'reader' }: NonNullable<ConsoleConfig['accounts']>, log: Log): WatchedFile<Source> {
  const of = (entries: Source['entries']): Source => ({ source: 'htpasswd', entries });
  return watchedFile(
    file,
    (text, path) => {
      const { entries, ignored } = parseHtpasswd(text);
      for (const { line, reason } of ignored.slice(0, 5)) log(`error: ${path} line ${line} is not used: ${reason}`);
      if (entries.has(FIRST_ACCOUNT)) log(`error: ${path}: ${FIRST_ACCOUNT} is not used: its password is another file's`);
      return of(new Map([...entries].map(([name, stored]) => [name, { role, stored, isRight: (given) => isHtpasswdPassword(given, stored) }] as const)));
    },
    of(new Map()),
    log,
  );
}
