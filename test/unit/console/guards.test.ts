import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { addressOf } from '../../../src/console/access/address.ts';
import type { ConsoleEnv } from '../../../src/console/console-parts.ts';
import { MOST_BODY_BYTES } from '../../../src/console/access/guards.ts';
import { ownPath } from '../../../src/console/access/login-routes.ts';
import { createRequestRate } from '../../../src/console/access/request-limit.ts';
import { daysLeft } from '../../../src/console/tls/certificate.ts';
import { ADMIN_PASSWORD, appUnderTest, cookiesOf } from '../../helpers/console-app.ts';

describe('requests of one address', () => {
  it('come as fast as the bounds say, and are told when the next may come', () => {
    let now = 0;
    const rate = createRequestRate({ burst: 3, perSecond: 2 }, () => now);
    expect([rate('a'), rate('a'), rate('a'), rate('a')]).toEqual([0, 0, 0, 500]);
    expect(rate('b')).toBe(0);
    now = 500;
    expect([rate('a'), rate('a')]).toEqual([0, 500]);
    now = 1_000_000;
    expect([rate('a'), rate('a'), rate('a'), rate('a')]).toEqual([0, 0, 0, 500]);
  });

  it('are counted for few addresses at a time, and for a whole network of IPv6', () => {
    const rate = createRequestRate({ burst: 1, perSecond: 1 }, () => 0);
    expect([rate('2001:db8::1'), rate('2001:db8::2')]).toEqual([0, 1000]);
    for (let index = 0; index < 10_000; index += 1) rate(`10.0.${index >> 8}.${index & 255}`);
    expect(rate('2001:db8::1')).toBe(0);
  });
});

describe('who asks', () => {
  it.each([
    ['nobody is believed', undefined, '192.0.2.1', '10.0.0.1', '192.0.2.1'],
    ['a proxy is', ['192.0.2.1'], '192.0.2.1', '6.6.6.6, 10.0.0.1', '10.0.0.1'],
    ['a proxy over IPv4 within IPv6 is', ['192.0.2.1'], '::ffff:192.0.2.1', '10.0.0.1', '10.0.0.1'],
    ['another address is not', ['192.0.2.9'], '192.0.2.1', '10.0.0.1', '192.0.2.1'],
    ['what is no address is not', ['192.0.2.1'], '192.0.2.1', 'evil\u00a0text', '192.0.2.1'],
  ])('about an address: %s', async (_, trusted, peer, forwarded, expected) => {
    const app = new Hono<ConsoleEnv>().get('/', (context) => context.text(addressOf(context, trusted ? { trusted_proxies: trusted } : {})));
    const response = await app.request('/', { headers: { 'x-forwarded-for': forwarded } }, { incoming: { socket: { remoteAddress: peer } } });
    expect(await response.text()).toBe(expected);
  });

  it('gets cookies for https alone where a trusted proxy says it was https', async () => {
    const under = await appUnderTest({ trusted_proxies: ['192.0.2.1'] });
    const of = async (address: string): Promise<string> =>
      (await under.ask('/login', { headers: { 'x-forwarded-proto': 'https' } }, address)).headers.getSetCookie().join();
    expect(await of('192.0.2.1')).toMatch(/^__Host-dkm_login_16005=.*; Secure/);
    expect(await of('192.0.2.2')).toMatch(/^dkm_login_16005=(?!.*Secure)/);
  });
});

describe('a body', () => {
  it.each([
    ['/login', MOST_BODY_BYTES, 413],
    ['/api/v1/status', 300_000, 413],
    ['/share/private/config/.jio_documents/config.tmp.json', 1_100_000, 413],
  ])('sent to %s is bounded', async (path, bytes, status) => {
    const under = await appUnderTest();
    const response = await under.ask(path, {
      method: 'PUT',
      body: 'x'.repeat(bytes + 1),
      headers: { origin: 'http://localhost', 'content-length': String(bytes + 1) },
    });
    expect(response.status).toBe(status);
  });
});

it('takes a form’s token from its field, too, and lets the route read the form after it', async () => {
  const under = await appUnderTest();
  const cookie = await under.logIn('ada', 'operator');
  const page = await (await under.ask('/', { headers: { cookie } })).text();
  const token = /name="csrf" value="([^"]*)"/.exec(page)?.[1] ?? '';
  expect(token).not.toBe('');
  const logOut = (csrf: string): Promise<Response> =>
    under.ask('/logout', { method: 'POST', body: new URLSearchParams({ csrf }), headers: { cookie, origin: 'http://localhost', accept: 'text/html' } });
  expect((await logOut(`${token}x`)).status).toBe(403);
  const done = await logOut(token);
  expect([done.status, done.headers.get('location'), done.headers.get('clear-site-data')]).toEqual([303, '/login', '"cache", "storage"']);
  expect((await under.ask('/api/status', { headers: { cookie } })).status).toBe(401);
});

it('asks for the form of the browser that logs in', async () => {
  const under = await appUnderTest();
  const other = await under.ask('/login');
  const token = /name="token" value="([^"]*)"/.exec(await other.text())?.[1] ?? '';
  const own = cookiesOf(await under.ask('/login')).all;
  const send = (cookie: string): Promise<Response> =>
    under.ask('/login', {
      method: 'POST',
      body: new URLSearchParams({ token, username: 'admin', password: ADMIN_PASSWORD }),
      headers: { cookie, origin: 'http://localhost' },
    });
  expect([(await send(own)).status, (await send('')).status, (await send(cookiesOf(other).all)).status]).toEqual([400, 400, 303]);
});

it.each([
  [undefined, '/'],
  ['/services?a=b', '/services?a=b'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example', '/'],
  ['/a\nb', '/'],
  ['/login?next=/login', '/'],
  ['/../../x', '/x'],
  ['', '/'],
])('goes after logging in from %j to %s', (wanted, path) => {
  expect(ownPath(wanted)).toBe(path);
});

it('reckons days a certificate is valid for', () => {
  expect([
    daysLeft({ validTo: 'Jan  3 00:00:00 2026 GMT' }, Date.parse('2026-01-01T12:00:00Z')),
    daysLeft({ validTo: 'Jan  1 00:00:00 2026 GMT' }, Date.parse('2026-01-02T00:00:00Z')),
  ]).toEqual([1, -1]);
});
