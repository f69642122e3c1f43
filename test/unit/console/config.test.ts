import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConsoleConfig } from '../../../src/console/config.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const VALID: Record<string, unknown> = {
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

function written(values: Record<string, unknown>): string {
  const path = join(temporaryDirectory(), 'console.toml');
  const lines = Object.entries(values).filter(([, value]) => value !== undefined);
  writeFileSync(path, lines.map(([key, value]) => `${key} = ${inToml(value)}`).join('\n'));
  return path;
}

function inToml(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${key} = ${inToml(each)}`)
    .join(', ')} }`;
}

describe('the console configuration', () => {
  it('is read', async () => {
    expect(await readConsoleConfig(written(VALID))).toEqual(VALID);
  });

  it('is read with everything that may be in it', async () => {
    const all = {
      ...VALID,
      login: { hours: 1, idle_minutes: 5 },
      accounts: { htpasswd_file: '/h', role: 'operator' },
      tls: { certificate_file: '/c', key_file: '/k', hsts_s: 60 },
      trusted_proxies: ['127.0.0.1', '::1'],
      cors_domains: ['example.org', 'monitor.example.org:8443'],
    };
    expect(await readConsoleConfig(written(all))).toEqual(all);
  });

  it.each([
    ['a missing key', { port: undefined }, /console\.toml: port: /],
    ['an unknown key', { prot: 1 }, /console\.toml: prot: unknown key/],
    ['a port that is none', { port: 70_000 }, /console\.toml: port: /],
    ['an address that is none', { query_url: 'localhost:16002' }, /console\.toml: query_url: an http or https address/],
    ['another protocol', { query_url: 'file:///etc/passwd' }, /console\.toml: query_url: an http or https address/],
    ['a host that would be a glob', { host: 'org.*' }, /console\.toml: host: a host name, reversed/],
    ['a host that would end an expression', { host: 'a),b(' }, /console\.toml: host: /],
    ['a certificate without its key', { tls: { certificate_file: '/c' } }, /console\.toml: tls\.key_file: /],
    ['an unknown key of a table', { tls: { certificate_file: '/c', key_file: '/k', hsts: 1 } }, /console\.toml: tls\.hsts: unknown key/],
    ['another role', { accounts: { htpasswd_file: '/h', role: 'root' } }, /console\.toml: accounts\.role: /],
    ['a login that lasts no time', { login: { hours: 0 } }, /console\.toml: login\.hours: /],
    ['a proxy that is no address', { trusted_proxies: ['proxy.example.org'] }, /console\.toml: trusted_proxies/],
    ['a domain that is an address of a page', { cors_domains: ['https://example.org/'] }, /console\.toml: cors_domains/],
    ['a domain that is everybody', { cors_domains: ['*'] }, /console\.toml: cors_domains/],
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
