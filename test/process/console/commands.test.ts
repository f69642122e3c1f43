import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, describe } from 'vitest';
import { run, type Finished } from '../../../src/base/exec.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import { readAccounts, readTokens } from '../../../src/console/accounts/account-files.ts';
import { isPassword } from '../../../src/console/accounts/password-hash.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

/** An installed directory that has as much as these commands look at. */
function installation(): { root: string; dkm: (line: string, input?: string) => Promise<Finished> } {
  const root = temporaryDirectory();
  for (const directory of ['conf', 'run']) mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, 'conf/dkm.toml'), '');
  return { root, dkm: (line, input = '') => run(process.execPath, [MAIN, 'dkm', '-d', root, 'console', ...line.split(' ')], { input, timeoutMs: 30_000 }) };
}

const PHRASE = 'four words and more';

describe('dkm console account', () => {
  it('adds, lists, changes and removes accounts, also when two do it at once', async () => {
    const { root, dkm } = installation();
    const added = await Promise.all([dkm('account add ada --role operator', `${PHRASE}\n`), dkm('account add bob --generate')]);
    expect(added.map(({ code }) => code)).toEqual([0, 0]);
    const accounts = await readAccounts(layoutOf(root));
    expect(accounts.map(({ name, role }) => `${name} ${role}`).sort()).toEqual(['ada operator', 'bob reader']);
    expect(await isPassword(PHRASE, accounts.find(({ name }) => name === 'ada')!.password)).toBe(true);
    const generated = /Password: (\S{24})/.exec(added[1].stdout)?.[1] ?? '';
    expect(await isPassword(generated, accounts.find(({ name }) => name === 'bob')!.password)).toBe(true);
    const file = join(root, 'conf/console/accounts.toml');
    expect([statSync(file).mode & 0o777, readFileSync(file, 'utf8').includes(PHRASE)]).toEqual([0o600, false]);

    expect((await dkm('account password ada', 'another long phrase\n')).code).toBe(0);
    expect(await isPassword('another long phrase', (await readAccounts(layoutOf(root))).find(({ name }) => name === 'ada')!.password)).toBe(true);
    expect((await dkm('account remove bob')).code).toBe(0);
    expect(JSON.parse((await dkm('account list --json')).stdout)).toEqual({
      schema: 1,
      accounts: [
        { name: 'admin', role: 'operator' },
        { name: 'ada', role: 'operator' },
      ],
    });
    const audit = JSON.parse((await dkm('audit --json')).stdout) as { entries: { action: string; subject: string; via: string }[] };
    expect(audit.entries.map(({ action, subject, via }) => `${via} ${action} ${subject}`).sort()).toEqual([
      'command account.add ada (operator)',
      'command account.add bob (reader)',
      'command account.password ada',
      'command account.remove bob',
    ]);
  });

  it.each([
    ['a short password', 'account add ada', 'short', /it has 5 characters, at least 15 are expected/],
    ['a password that repeats itself', 'account add ada', 'abcabcabcabcabcabc', /it repeats itself/],
    ['the name and a common word', 'account add monika', 'monikapassword123456', /words that are tried first/],
    ['no password', 'account add ada', '', /none was given/],
    ['the first account', 'account add admin', PHRASE, /conf\/secrets\/admin-password/],
    ['a name that is none', 'account add a:b', PHRASE, /"a:b" is not taken as a name/],
    ['a role that is none', 'account add ada --role root', PHRASE, /Allowed choices are reader, operator/],
    ['somebody unknown', 'account remove ada', '', /There is no account ada/],
    ['days that are none', 'token add x --days -1', '', /expected a whole number/],
  ])('refuses %s', async (_, line, input, message) => {
    const { root, dkm } = installation();
    const { code, stderr } = await dkm(line, input);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(await readAccounts(layoutOf(root))).toEqual([]);
  });

  it('leaves a file alone that it does not understand', async () => {
    const { root, dkm } = installation();
    mkdirSync(join(root, 'conf/console'));
    writeFileSync(join(root, 'conf/console/accounts.toml'), '[[account]]\nnam = 1\n');
    const { code, stderr } = await dkm('account add ada', PHRASE);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/accounts\.toml: account\[0\]\.nam: unknown key/)]);
    expect(readFileSync(join(root, 'conf/console/accounts.toml'), 'utf8')).toBe('[[account]]\nnam = 1\n');
  });
});

it('dkm console token shows a token once and keeps a digest of it', async () => {
  const { root, dkm } = installation();
  const { token } = JSON.parse((await dkm('token add job --role operator --days 3 --json')).stdout) as { token: string };
  expect(token).toMatch(/^dkm_[\w-]{43}$/);
  expect(readFileSync(join(root, 'conf/console/tokens.toml'), 'utf8')).not.toContain(token);
  const listed = await dkm('token list');
  expect(listed.stdout).toMatch(/job +operator +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d +never noted/);
  expect(listed.stdout).not.toContain(token);
  expect((await dkm('token add job')).code).toBe(2);
  expect((await dkm('token revoke job')).code).toBe(0);
  expect(await readTokens(layoutOf(root))).toEqual([]);
});

it('dkm console certificate makes one for this host, keeps it while it is good, and renews it when told or when a name is missing', async () => {
  const { root, dkm } = installation();
  const first = await dkm('certificate --name monitor.example.org');
  const file = join(root, 'conf/console/certificate.pem');
  const certificate = new X509Certificate(readFileSync(file));
  expect(first.stdout).toContain(certificate.fingerprint256);
  expect([certificate.checkHost('monitor.example.org'), certificate.checkIP('127.0.0.1'), certificate.ca]).toEqual(['monitor.example.org', '127.0.0.1', false]);
  expect((Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000).toBe(397);
  expect(statSync(join(root, 'conf/secrets/console-key.pem')).mode & 0o777).toBe(0o600);
  expect((await dkm('certificate --name monitor.example.org')).stdout).toContain('is good for');
  expect(new X509Certificate(readFileSync(file)).fingerprint256).toBe(certificate.fingerprint256);
  const renewed = JSON.parse((await dkm('certificate --name other.example.org --json')).stdout) as { made: boolean; fingerprint: string };
  expect([renewed.made, renewed.fingerprint === certificate.fingerprint256]).toEqual([true, false]);
  const refused = await dkm('certificate --name not_a;name');
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('"not_a;name" is neither a host name nor an address')]);
});
