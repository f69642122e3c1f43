import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConsoleConfig } from '../../../src/console/config.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const VALID: Record<string, string | number> = {
  listen: '127.0.0.1',
  port: 16000,
  query_url: 'http://127.0.0.1:16002',
  host: 'org.example.host',
  title: 'Monitoring',
  password_file: '/p',
  session_secret_file: '/s',
  root: '/st',
  page: '/page',
};

function written(values: Record<string, string | number | undefined>): string {
  const path = join(temporaryDirectory(), 'console.toml');
  const lines = Object.entries(values).filter(([, value]) => value !== undefined);
  writeFileSync(path, lines.map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join('\n'));
  return path;
}

describe('the console configuration', () => {
  it('is read', async () => {
    expect(await readConsoleConfig(written(VALID))).toEqual(VALID);
  });

  it.each([
    ['a missing key', { port: undefined }, /console\.toml: port: /],
    ['an unknown key', { prot: 1 }, /console\.toml: prot: unknown key/],
    ['a port that is none', { port: 70_000 }, /console\.toml: port: /],
    ['an address that is none', { query_url: 'localhost:16002' }, /console\.toml: query_url: an http or https address/],
    ['another protocol', { query_url: 'file:///etc/passwd' }, /console\.toml: query_url: an http or https address/],
    ['a host that would be a glob', { host: 'org.*' }, /console\.toml: host: a host name, reversed/],
    ['a host that would end an expression', { host: 'a),b(' }, /console\.toml: host: /],
  ])('refuses %s', async (_, change, message) => {
    await expect(readConsoleConfig(written({ ...VALID, ...change }))).rejects.toThrow(message);
  });

  it('names the file that is missing', async () => {
    await expect(readConsoleConfig('/nowhere/console.toml')).rejects.toMatchObject({
      code: 'file-missing',
      message: expect.stringContaining('/nowhere/console.toml') as string,
    });
  });
});
