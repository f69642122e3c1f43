import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canRun, runOrThrow } from '../../../../src/base/exec.ts';
import { makeDirectory } from '../../../../src/base/files.ts';
import { layoutOf } from '../../../../src/base/layout.ts';
import { accountsFile, parseAccounts, parseTokens, tokensFile } from '../../../../src/console/accounts/account-files.ts';
import { createAccounts, type Accounts } from '../../../../src/console/accounts/accounts.ts';
import { isHtpasswdPassword, parseHtpasswd } from '../../../../src/console/accounts/htpasswd.ts';
import { hashPassword, isPassword, isPasswordHash } from '../../../../src/console/accounts/password-hash.ts';
import { createTokens, newToken, readTokenUse } from '../../../../src/console/accounts/tokens.ts';
import { createWorkQueue } from '../../../../src/console/accounts/work-queue.ts';
import { temporaryDirectory } from '../../../helpers/temporary.ts';
import { eventually } from '../../../helpers/wait.ts';

/** It prints its usage and ends with 2 when asked for nothing. */
const HTPASSWD = await canRun('htpasswd', ['-n', '-b', 'a', 'b']);
const hash = await hashPassword('a long pass phrase');

describe('a hash of a password', () => {
  it('fits this password alone, and is another one each time', async () => {
    expect(hash).toMatch(/^scrypt\$32768\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
    expect([await isPassword('a long pass phrase', hash), await isPassword('a long pass phras', hash), await isPassword('', hash)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await hashPassword('a long pass phrase')).not.toBe(hash);
  });

  it('takes letters however the keyboard wrote them', async () => {
    expect(await isPassword('cafe\u0301', await hashPassword('caf\u00e9'))).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['another form', '$2y$10$abc'],
    ['no salt', 'scrypt$32768$8$3$$abc'],
    ['no power of two', hash.replace('32768', '32767')],
    ['a cost that takes all memory', hash.replace('32768', '4194304')],
    ['blocks that take all memory', hash.replace('$8$', '$999$')],
    ['rounds that take for ever', hash.replace('$8$3$', '$8$999$')],
    ['something behind it', `${hash}$x`],
    ['a cost of nothing', hash.replace('32768', '0')],
  ])('is refused: %s', async (_, text) => {
    expect([isPasswordHash(text), await isPassword('a long pass phrase', text)]).toEqual([false, false]);
  });
});

it('runs few tasks at once, lets some wait and refuses the rest', async () => {
  const queue = createWorkQueue(2, 3);
  const release: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const task = async (): Promise<string> => {
    most = Math.max(most, (running += 1));
    const { promise, resolve } = Promise.withResolvers<void>();
    release.push(resolve);
    await promise;
    running -= 1;
    return 'done';
  };
  const results = Array.from({ length: 7 }, () => queue(task));
  expect(await Promise.all(results.slice(5))).toEqual([undefined, undefined]);
  while (release.length > 0) {
    release.shift()?.();
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([await Promise.all(results.slice(0, 5)), most]).toEqual([Array(5).fill('done'), 2]);
  await expect(queue(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(await queue(() => Promise.resolve('after a failure'))).toBe('after a failure');
});

describe('files of accounts', () => {
  it.each([
    ['the name of the first account', `[[account]]\nname = "admin"\nrole = "reader"\npassword = "${hash}"`, /account\[0\]\.name: another name than admin/],
    ['a name with a line break', `[[account]]\nname = "a\\nb"\nrole = "reader"\npassword = "${hash}"`, /account\[0\]\.name: a name of/],
    ['a role that is none', `[[account]]\nname = "a"\nrole = "root"\npassword = "${hash}"`, /account\[0\]\.role/],
    ['a password in plain text', '[[account]]\nname = "a"\nrole = "reader"\npassword = "secret"', /account\[0\]\.password: a hash/],
    ['a name twice', `[[account]]\nname = "a"\nrole = "reader"\npassword = "${hash}"\n`.repeat(2), /account: each name once/],
    ['an unknown key', 'accounts = []', /accounts: unknown key/],
  ])('are refused with %s', (_, text, message) => {
    expect(() => parseAccounts(text, 'accounts.toml')).toThrow(message);
  });

  it('of tokens are refused with a token in plain text', () => {
    expect(() =>
      parseTokens(`[[token]]\nname = "a"\nrole = "reader"\ntoken_sha256 = "${newToken().token}"\ncreated = "2026-01-01T00:00:00Z"`, 'tokens.toml'),
    ).toThrow(/token\[0\]\.token_sha256: a SHA-256 digest/);
  });
});

interface Place {
  accounts: Accounts;
  write: (path: string, text: string) => void;
  file: (name: string) => string;
  log: string[];
}

async function place(role?: 'reader' | 'operator'): Promise<Place> {
  const root = temporaryDirectory();
  const layout = layoutOf(root);
  await makeDirectory(join(accountsFile(layout), '..'));
  const log: string[] = [];
  const file = (name: string): string => join(root, name);
  const config = { password_file: file('password'), accounts: { htpasswd_file: file('htpasswd'), ...(role && { role }) } };
  const write = (path: string, text: string): void => writeFileSync(path === 'accounts' ? accountsFile(layout) : file(path), text);
  return { accounts: createAccounts(config, layout, 'a secret', (line) => log.push(line)), write, file, log };
}

describe('who may log in', () => {
  it('is admin with the content of a file, of now', async () => {
    const { accounts, write } = await place();
    expect(await accounts.verify('admin', '')).toBe('wrong');
    write('password', 'one pass phrase\n');
    expect(await accounts.verify('admin', 'one pass phrase')).toMatchObject({ name: 'admin', role: 'operator', source: 'password-file' });
    const { mark } = (await accounts.find('admin'))!;
    write('password', 'another one\n');
    expect(await accounts.verify('admin', 'one pass phrase')).toBe('wrong');
    expect((await accounts.find('admin'))?.mark).not.toBe(mark);
    write('password', '\n');
    expect([await accounts.verify('admin', ''), await accounts.find('admin')]).toEqual(['wrong', undefined]);
  });

  it('is also who stands in accounts.toml, with that role, and nobody of a file that is wrong', async () => {
    const { accounts, write, log } = await place();
    write('accounts', `[[account]]\nname = "ada"\nrole = "reader"\npassword = "${hash}"\n`);
    expect(await accounts.verify('ada', 'a long pass phrase')).toMatchObject({ role: 'reader', source: 'accounts' });
    write('accounts', '[[account]]\nname = 1');
    expect([await accounts.find('ada'), await accounts.find('ada')]).toEqual([undefined, undefined]);
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('account[0].name');
  });

  it('is not admin of an htpasswd file: that one has its own', async () => {
    const { accounts, write, log } = await place('operator');
    write('password', 'of the file');
    write('htpasswd', 'admin:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nbob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n');
    expect([await accounts.verify('admin', 'password'), await accounts.verify('bob', 'password')]).toMatchObject(['wrong', { role: 'operator' }]);
    expect(log.join()).toContain('admin is not used');
    expect((await accounts.list()).map(({ name, source }) => [name, source])).toEqual([
      ['admin', 'password-file'],
      ['bob', 'htpasswd'],
    ]);
  });

  it('takes as long to refuse for an unknown name as for a wrong password', async () => {
    const { accounts, write } = await place();
    write('password', 'of the file');
    await accounts.verify('admin', 'first, which makes the hash');
    const time = async (name: string): Promise<number> => {
      const spent: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        const since = performance.now();
        await accounts.verify(name, 'x');
        spent.push(performance.now() - since);
      }
      return Math.min(...spent);
    };
    const [known, unknown] = [await time('admin'), await time('nobody')];
    expect(unknown / known).toBeGreaterThan(0.4);
    expect(unknown / known).toBeLessThan(2.5);
  });
});

describe('an htpasswd file', () => {
  it('is read line by line; what cannot be used is told', () => {
    const { entries, ignored } = parseHtpasswd(
      [
        '# comment',
        '',
        'a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
        'crypt:rl5ZrJTrF3h2M',
        'plain:secret',
        ':x',
        'no colon',
        `slow:$2y$31$${'a'.repeat(53)}`,
        'b:$apr1$abcdefgh$aaaaaaaaaaaaaaaaaaaaaa:extra',
      ].join('\r\n'),
    );
    expect([...entries.keys()]).toEqual(['a', 'b']);
    expect(ignored.map(({ line }) => line)).toEqual([4, 5, 6, 7, 8]);
    expect(ignored.at(-1)?.reason).toContain('cost 31');
  });

  // The three that htpasswd makes; contract S6.
  it.for<[string, string, string[], string]>([
    ['bcrypt', '-B', ['-C', '5'], 'pass phrase'],
    ['bcrypt with other letters', '-B', ['-C', '5'], 'pässwörd ☂'],
    ['apr1', '-m', [], 'pass phrase'],
    ['apr1 with other letters', '-m', [], 'pässwörd ☂'],
    ['apr1 of one letter', '-m', [], 'x'],
    ['SHA-1', '-s', [], 'pass phrase'],
    ['SHA-1 with other letters', '-s', [], 'pässwörd ☂'],
  ])('of the real htpasswd is understood: %s', async ([, flag, more, password], context) => {
    context.skip(!HTPASSWD, 'there is no htpasswd here; on Debian: apt-get install apache2-utils');
    const text = await runOrThrow('htpasswd', ['-n', '-i', flag, ...more, 'ada'], { input: password });
    const stored = parseHtpasswd(text).entries.get('ada') ?? '';
    expect([await isHtpasswdPassword(password, stored), await isHtpasswdPassword(`${password}x`, stored), await isHtpasswdPassword('', stored)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

it('does not take a password that bcrypt would cut off', async () => {
  const { hash: bcrypt } = await import('bcryptjs');
  const stored = await bcrypt('x'.repeat(72), 4);
  expect([await isHtpasswdPassword('x'.repeat(72), stored), await isHtpasswdPassword('x'.repeat(73), stored)]).toEqual([true, false]);
});

describe('a token', () => {
  it('is found until it is revoked or has expired, and its use is noted roughly', async () => {
    const layout = layoutOf(temporaryDirectory());
    await makeDirectory(join(tokensFile(layout), '..'));
    await makeDirectory(layout.run);
    const log: string[] = [];
    let now = Date.parse('2026-01-01T00:00:00Z');
    const tokens = createTokens(
      layout,
      (line) => log.push(line),
      () => now,
    );
    const { token, sha256 } = newToken();
    const write = (more: string): void =>
      writeFileSync(tokensFile(layout), `[[token]]\nname = "job"\nrole = "operator"\ntoken_sha256 = "${sha256}"\ncreated = "2026-01-01T00:00:00Z"\n${more}`);
    write('expires = "2026-01-02T00:00:00Z"\n');
    expect(await tokens.find(token)).toEqual({ name: 'job', role: 'operator' });
    await eventually('its use is noted', async () => (await readTokenUse(layout))['job'] === now);
    expect([await tokens.find(sha256), await tokens.find(`${token}x`), await tokens.find('')]).toEqual([undefined, undefined, undefined]);
    now = Date.parse('2026-01-02T00:00:00Z');
    expect(await tokens.find(token)).toBeUndefined();
    write('');
    expect(await tokens.find(token)).toBeDefined();
    writeFileSync(tokensFile(layout), '');
    expect(await tokens.find(token)).toBeUndefined();
    expect(log).toEqual([]);
  });
});
