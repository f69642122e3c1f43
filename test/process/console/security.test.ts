import { writeFileSync, mkdirSync, readFileSync, existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword } from '../../../src/console/accounts/password-hash.ts';
import { newToken } from '../../../src/console/accounts/tokens.ts';
import type { AuditEntry } from '../../../src/console/access/audit.ts';
import { eventually } from '../../helpers/wait.ts';
import { CookieJar, PASSWORD, startConsole, type ConsoleProcess } from './console-process.ts';

/** What files outside of every folder say. */
const MARKER = 'a marker that must not get out';
const READER = { name: 'bob', password: 'the pass phrase of a reader' };
const { token: readerToken, sha256: readerDigest } = newToken();
const { token: operatorToken, sha256: operatorDigest } = newToken();

let running: ConsoleProcess;
const at = (path: string): string => `${running.url}${path}`;
/** A proxy's word for another address: each asks as if from elsewhere. */
const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': `198.51.100.99, ${address}` });
let asked = 0;
const anybody = (): Record<string, string> => from(`10.1.${(asked += 1) >> 8}.${asked & 255}`);

beforeAll(async () => {
  const hash = await hashPassword(READER.password);
  running = await startConsole('http://127.0.0.1:1', {
    more: (directory) => {
      for (const folder of ['conf/console', 'storage/monitor/public/x', 'storage/monitor/private/x']) mkdirSync(join(directory, folder), { recursive: true });
      for (const folder of ['', 'storage', 'storage/monitor']) writeFileSync(join(directory, folder, 'outside.txt'), MARKER);
      writeFileSync(join(directory, 'conf/console/accounts.toml'), `[[account]]\nname = "${READER.name}"\nrole = "reader"\npassword = "${hash}"\n`);
      const token = (name: string, role: string, digest: string): string =>
        `[[token]]\nname = "${name}"\nrole = "${role}"\ntoken_sha256 = "${digest}"\ncreated = "2026-01-01T00:00:00Z"\n`;
      writeFileSync(join(directory, 'conf/console/tokens.toml'), token('watcher', 'reader', readerDigest) + token('robot', 'operator', operatorDigest));
      return '\ntrusted_proxies = ["127.0.0.1"]\n';
    },
  });
}, 60_000);
afterAll(() => running.stop());

const audited = (): AuditEntry[] =>
  readFileSync(join(running.directory, 'run/logs/console-audit.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEntry);

describe('a session', () => {
  it('gets another key at login, and the one before it is worth nothing', async () => {
    const jar = new CookieJar();
    const name = `dkm_session_${new URL(running.url).port}`;
    const token = /name="token" value="([^"]*)"/.exec(await (await jar.request(at('/login'))).text())?.[1] ?? '';
    const logIn = async (): Promise<string> => {
      const body = new URLSearchParams({ token, username: 'admin', password: PASSWORD });
      expect((await jar.request(at('/login'), { method: 'POST', body, headers: anybody() })).status).toBe(303);
      return jar.cookies.get(name) ?? '';
    };
    jar.cookies.set(name, 'A'.repeat(43)); // what an attacker had the browser keep
    const [first, second] = [await logIn(), await logIn()];
    expect(new Set([first, second, 'A'.repeat(43)]).size).toBe(3);
    expect((await fetch(at('/api/status'), { headers: { cookie: `${name}=${first}` } })).status).toBe(401);
    expect((await jar.request(at('/api/status'))).status).toBe(200);
  });

  it('outlives a restart, but not its logout, nor another password', async () => {
    const [kept, ended] = [new CookieJar(), new CookieJar()];
    for (const jar of [kept, ended]) expect((await jar.logIn(running.url, PASSWORD, anybody())).status).toBe(303);
    const copy = new CookieJar();
    for (const [name, value] of ended.cookies) copy.cookies.set(name, value);
    expect((await ended.request(at('/logout'), { method: 'POST', headers: await ended.csrf(running.url) })).status).toBe(204);
    const stored = readFileSync(join(running.directory, 'run/console-sessions.json'), 'utf8');
    for (const value of kept.cookies.values()) expect(stored).not.toContain(value);
    await running.restart();
    expect([(await kept.request(at('/api/status'))).status, (await copy.request(at('/api/status'))).status]).toEqual([200, 401]);
    running.setPassword('another pass phrase');
    expect((await kept.request(at('/api/status'))).status).toBe(401);
    running.setPassword(PASSWORD);
    expect((await kept.request(at('/api/status'))).status).toBe(401);
  });

  it('goes on where its page was asked for, and nowhere else', async () => {
    const jar = new CookieJar();
    const token = /name="token" value="([^"]*)"/.exec(await (await jar.request(at('/login?next=%2Fservices'))).text())?.[1] ?? '';
    const logIn = (next: string): Promise<Response> =>
      jar.request(at('/login'), { method: 'POST', body: new URLSearchParams({ token, username: 'admin', password: PASSWORD, next }), headers: anybody() });
    for (const [next, location] of [
      ['/services', '/services'],
      ['//evil.example/', '/'],
      ['/\\evil.example', '/'],
      ['https://evil.example/', '/'],
      ['/\t/evil.example', '/'],
      ['/login', '/'],
    ])
      expect([next, (await logIn(next!)).headers.get('location')]).toEqual([next, location]);
  });
});

let slow: Promise<{ answer: string; afterMs: number }>;

/** Sends a header now and then, and never the last. */
function sendSlowly(): typeof slow {
  const { promise, resolve } = Promise.withResolvers<Awaited<typeof slow>>();
  const since = performance.now();
  let answer = '';
  const socket = connect(Number(new URL(running.url).port), '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n'));
  const slowly = setInterval(() => socket.write('X-A: b\r\n'), 500);
  socket
    .setEncoding('latin1')
    .on('data', (part: string) => (answer += part))
    .on('error', () => undefined)
    .on('close', () => {
      clearInterval(slowly);
      resolve({ answer, afterMs: performance.now() - since });
    });
  return promise;
}

describe('roles', () => {
  beforeAll(() => void (slow = sendSlowly())); // it takes a while, during which the others are tested

  it('let a reader look and not act, by session and by token', async () => {
    const jar = new CookieJar();
    expect((await jar.logIn(running.url, READER.password, anybody(), READER.name)).status).toBe(303);
    expect((await jar.request(at('/api/status'))).status).toBe(200);
    const headers = await jar.csrf(running.url);
    expect(headers['x-csrf-token']).not.toBe('');
    expect((await jar.request(at('/cgi-bin/monitor-run-promise.cgi?service=x'), { method: 'POST', headers })).status).toBe(403);
    const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}`, ...anybody() } });
    expect((await fetch(at('/api/status'), bearer(readerToken))).status).toBe(200);
    expect((await fetch(at('/cgi-bin/monitor-run-promise.cgi?service=x'), { method: 'POST', ...bearer(readerToken) })).status).toBe(403);
    // A token needs no other proof: it is not sent by itself. There is no such promise.
    expect((await fetch(at('/cgi-bin/monitor-run-promise.cgi?service=x'), { method: 'POST', ...bearer(operatorToken) })).status).toBe(404);
    expect((await fetch(at('/api/status'), bearer(`${readerToken.slice(0, -1)}!`))).status).toBe(401);
  });

  it('are taken away with the account, whose sessions are over', async () => {
    const jar = new CookieJar();
    await jar.logIn(running.url, READER.password, anybody(), READER.name);
    const file = join(running.directory, 'conf/console/accounts.toml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"reader"', '"operator"'));
    expect((await jar.request(at('/api/status'))).status).toBe(200);
    writeFileSync(file, '');
    expect((await jar.request(at('/api/status'))).status).toBe(401);
    writeFileSync(file, text);
  });
});

describe('Basic authentication', () => {
  const basic = (password: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` });

  it('counts where the contract of SlapOS asks for it, with its realm, and nowhere else', async () => {
    const refused = await fetch(at('/private/'), { headers: anybody() });
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="Private access", charset="UTF-8"']);
    expect((await fetch(at('/share/private/'), { headers: anybody() })).headers.get('www-authenticate')).toContain('realm="webdav"');
    expect((await fetch(at('/private/'), { headers: { ...basic(PASSWORD), ...anybody() } })).status).not.toBe(401);
    expect((await fetch(at('/api/status'), { headers: { ...basic(PASSWORD), ...anybody() } })).headers.get('www-authenticate')).toBeNull();
  });

  it('compares a password once for many requests at once, and locks out who guesses', async () => {
    const address = from('192.0.2.50');
    const many = await Promise.all(Array.from({ length: 60 }, () => fetch(at('/private/'), { headers: { ...basic(PASSWORD), ...address } })));
    expect(many.filter(({ status }) => status === 401 || status === 429)).toEqual([]);
    const statuses: number[] = [];
    for (let guess = 0; guess < 7; guess += 1)
      statuses.push((await fetch(at('/private/'), { headers: { ...basic(`guess ${guess}`), ...from('192.0.2.51') } })).status);
    expect([statuses.slice(0, 5), statuses.slice(5)]).toEqual([Array(5).fill(401), [429, 429]]);
    // The lock is the same for the form.
    expect((await new CookieJar().logIn(running.url, 'guess', from('192.0.2.51'))).status).toBe(429);
    expect((await fetch(at('/private/'), { headers: { ...basic(PASSWORD), ...address } })).status).not.toBe(429);
  });
});

describe('many at once', () => {
  it('who guess from many addresses are slowed down together, and a browser that is known gets in all the same', async () => {
    const known = new CookieJar();
    await known.logIn(running.url, PASSWORD, anybody());
    for (const name of known.cookies.keys()) if (name.startsWith('dkm_session')) known.cookies.delete(name);
    const guesses: number[] = [];
    for (let index = 0; index < 40; index += 1) guesses.push((await new CookieJar().logIn(running.url, 'a guess', anybody())).status);
    expect(guesses.filter((status) => status === 429).length).toBeGreaterThan(10);
    expect((await new CookieJar().logIn(running.url, PASSWORD, anybody())).status).toBe(429);
    expect((await known.logIn(running.url, PASSWORD, anybody())).status).toBe(303);
  });

  it('who log in do not hold up the others', async () => {
    const logins = Array.from({ length: 16 }, (_, index) => new CookieJar().logIn(running.url, 'wrong', anybody(), `somebody${index}`));
    let settled = false;
    const all = Promise.all(logins).finally(() => (settled = true));
    const times: number[] = [];
    while (!settled) {
      const since = performance.now();
      expect((await fetch(at('/healthz'), { headers: anybody() })).status).toBe(200);
      times.push(performance.now() - since);
    }
    expect((await all).map(({ status }) => status)).toEqual(Array(16).fill(401));
    times.sort((a, b) => a - b);
    expect(times.length).toBeGreaterThan(10);
    expect(times[Math.floor(times.length / 2)]).toBeLessThan(250);
  });

  it('are told to wait by one address', async () => {
    const address = from('192.0.2.60');
    const statuses = new Map<number, number>();
    let retry: string | null = null;
    for (let round = 0; round < 80; round += 1) {
      for (const response of await Promise.all(Array.from({ length: 25 }, () => fetch(at('/favicon.svg'), { headers: address })))) {
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        if (response.status === 429) retry = response.headers.get('retry-after');
        await response.text();
      }
      if (retry !== null) break;
    }
    expect([retry, statuses.get(200)! >= 1000]).toEqual(['1', true]);
    expect((await fetch(at('/favicon.svg'), { headers: anybody() })).status).toBe(200);
    expect((await fetch(at('/healthz'), { headers: address })).status).toBe(200); // the supervisor's question is never refused
  });
});

/** Sends bytes as they are and gives back all that comes, until the other side ends or nothing comes any more. */
function raw(text: string, port = Number(new URL(running.url).port)): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = '';
  const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(text, 'latin1')));
  socket
    .setTimeout(2_000, () => socket.destroy())
    .setEncoding('latin1')
    .on('data', (part: string) => (answer += part))
    .on('error', () => undefined)
    .on('close', () => resolve(answer));
  return promise;
}

describe('addresses that would lead elsewhere', () => {
  const CORPUS = readFileSync(join(import.meta.dirname, '../../fixtures/corpus/request-path/paths.txt'), 'latin1')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
  /** One of each kind that has a tree of files, or a part of an address that names something. */
  const GROUPS = [
    '',
    '/public',
    '/private',
    '/share/public',
    '/share/private',
    '/api/v1/promises',
    '/services',
    '/dashboards',
    '/promises',
    '/cgi-bin',
    '/app.js',
  ];

  it.each(GROUPS)('below "%s" show no file outside, and no fault of ours', async (group) => {
    const wrong: string[] = [];
    for (const path of CORPUS) {
      const target = /^[A-Za-z*]/.test(path) ? path : `${group}${path}`;
      const answer = await raw(
        `GET ${target} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.9.${asked >> 8}.${(asked += 1) & 255}\r\nAuthorization: Bearer ${operatorToken}\r\nConnection: close\r\n\r\n`,
      );
      const isLeak = [MARKER, PASSWORD, 'root:x:', 'a secret for the sessions'].some((secret) => answer.includes(secret));
      if (isLeak || !/^HTTP\/1\.1 (200|30[1378]|4\d\d) /.test(answer)) wrong.push(`${JSON.stringify(target)}: ${answer.split('\r\n')[0]}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ['another method of connecting', `CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n`],
    ['an upgrade', 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n'],
    ['TRACE', 'TRACE / HTTP/1.1\r\nHost: localhost\r\nX-Secret: echoed\r\nConnection: close\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['two lengths', 'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    ['a length and chunks', 'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a header that is folded', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\n  2\r\nConnection: close\r\n\r\n'],
    ['a line break in a header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-A: 1\n\nX-B: 2\r\nConnection: close\r\n\r\n'],
    ['headers without end', `GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(40_000)}\r\n\r\n`],
    ['very many headers', `GET / HTTP/1.1\r\nHost: localhost\r\n${'A: b\r\n'.repeat(3000)}\r\n`],
    ['an address without end', `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('and %s end in a refusal', async (_, text) => {
    const answer = await raw(text);
    expect(answer === '' || /^HTTP\/1\.1 (4\d\d|303|200) /.test(answer), answer.slice(0, 80)).toBe(true);
    expect(answer).not.toContain('echoed');
    expect((await fetch(at('/healthz'), { headers: anybody() })).status).toBe(200);
  });
});

it('cuts off who sends headers slowly', async () => {
  const { answer, afterMs } = await slow;
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(afterMs).toBeLessThan(15_000);
}, 20_000);

it('notes who did what, without secrets, and nothing that would forge a line', async () => {
  await new CookieJar().logIn(running.url, 'a guess of mine', anybody(), 'mallory\r\n{"account":"admin","action":"login"}\u001b[2J');
  await eventually('it is noted', () => audited().some(({ account }) => account.startsWith('mallory')));
  const entries = audited();
  expect(entries.find(({ account, outcome }) => account === 'admin' && outcome === 'done')).toMatchObject({ role: 'operator', via: 'login', action: 'login' });
  expect(entries.find(({ action }) => action === 'logout')).toMatchObject({ account: 'admin', via: 'session', outcome: 'done' });
  expect(entries.find(({ account }) => account.startsWith('mallory'))).toMatchObject({ outcome: 'wrong name or password' });
  const text = readFileSync(join(running.directory, 'run/logs/console-audit.log'), 'utf8') + running.log();
  for (const secret of [PASSWORD, READER.password, 'a guess of mine', readerToken, operatorToken]) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  expect(existsSync(join(running.directory, 'run/console-token-use.json'))).toBe(true);
});
