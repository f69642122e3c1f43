import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorAnswer, HostAnswer, RenderedSeries, StatusAnswer } from '../../../src/console/answers.ts';
import { buildConsolePage } from '../../../src/package/console-page.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';
import { configText, CookieJar, launch, PASSWORD, SERVICES, startConsole, statusOf, type ConsoleProcess } from './console-process.ts';
import { fakeGraphite, type FakeGraphite, type GraphiteMode } from './fake-graphite.ts';

let graphite: FakeGraphite;
let running: ConsoleProcess;
let jar: CookieJar;
const at = (path: string): string => `${running.url}${path}`;

beforeAll(async () => {
  graphite = await fakeGraphite();
  running = await startConsole(graphite.url);
}, 60_000);
afterAll(async () => {
  await running.stop();
  await graphite.close();
});
beforeEach(async () => {
  graphite.mode = 'data';
  graphite.asked.length = 0;
  running.setPassword(PASSWORD);
  jar = new CookieJar();
  expect((await jar.logIn(running.url)).status).toBe(303);
});

async function errorOf(response: Response): Promise<string> {
  return ((await response.json()) as ErrorAnswer).error.code;
}

describe('who is not logged in', () => {
  const stranger = new CookieJar();

  it('learns that the console lives, and nothing else', async () => {
    expect(await (await stranger.request(at('/healthz'))).text()).toBe('ok');
    const page = await stranger.request(at('/'), { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login']);
    const inner = await stranger.request(at('/services?x=1'), { headers: { accept: 'text/html' } });
    expect([inner.status, inner.headers.get('location')]).toEqual([303, '/login?next=%2Fservices%3Fx%3D1']);
    expect((await stranger.request(at('/'))).status).toBe(401); // SlapOS contract, B7
    for (const path of ['/api/status', '/api/host', '/api/render?target=a', '/api/other']) {
      const response = await stranger.request(at(path));
      expect([path, response.status, await errorOf(response)]).toEqual([path, 401, 'not-logged-in']);
    }
    expect(graphite.asked).toEqual([]);
  });

  it.each(['', 'x', 'a.b.c', '../../etc/passwd', 'é'.repeat(50)])('does not get in with the cookie %j', async (cookie) => {
    const name = `dkm_session_${new URL(running.url).port}`;
    const response = await fetch(at('/api/status'), { headers: { cookie: `${name}=${encodeURIComponent(cookie)}` } });
    expect(response.status).toBe(401);
  });
});

describe('logging in', () => {
  it('gives a cookie that scripts and other sites do not get, for twelve hours', async () => {
    const response = await new CookieJar().logIn(running.url);
    expect(response.headers.get('location')).toBe('/');
    const [session, known, ...others] = response.headers.getSetCookie();
    expect(session).toMatch(/^dkm_session_\d+=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(known).toMatch(/^dkm_known_\d+=[\w.-]+; Max-Age=7776000; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(others).toEqual([]);
  });

  it('refuses a wrong password and says so', async () => {
    const visitor = new CookieJar();
    const response = await visitor.logIn(running.url, 'a guess');
    expect(response.status).toBe(401);
    expect(await response.text()).toContain('That is not the name or not the password.');
    expect((await visitor.request(at('/api/status'))).status).toBe(401);
    expect((await visitor.logIn(running.url)).status).toBe(303);
  });

  it('lets a browser name the origin of the form, which it would not on a page with the policy no-referrer', async () => {
    expect((await new CookieJar().request(at('/login'))).headers.get('referrer-policy')).toBe('same-origin');
  });

  it('is remembered under the name of the port: two consoles on one machine do not mix their cookies up', () => {
    const names = [...jar.cookies.keys()].filter((name) => name.startsWith('dkm_session_'));
    expect(names).toEqual([`dkm_session_${new URL(running.url).port}`]);
  });

  it('can be undone, for a copy of the cookie too', async () => {
    const thief = new CookieJar();
    for (const [name, value] of jar.cookies) thief.cookies.set(name, value);
    const headers = await jar.csrf(running.url);
    expect((await jar.request(at('/logout'), { method: 'POST' })).status).toBe(403);
    expect((await jar.request(at('/logout'), { method: 'POST', headers })).status).toBe(204);
    expect((await jar.request(at('/api/status'))).status).toBe(401);
    expect((await thief.request(at('/api/status'))).status).toBe(401);
  });

  it('takes a new password at once and ends the sessions of the old one', async () => {
    running.setPassword('a new one');
    expect((await jar.request(at('/api/status'))).status).toBe(401);
    const other = new CookieJar();
    expect((await other.logIn(running.url, 'a new one')).status).toBe(303);
    expect((await other.request(at('/api/status'))).status).toBe(200);
  });

  it('is nobody’s while the password file is empty', async () => {
    running.setPassword('');
    expect((await new CookieJar().logIn(running.url, '')).status).toBe(401);
    running.setPassword(PASSWORD);
    expect((await new CookieJar().logIn(running.url)).status).toBe(303);
    expect(running.log()).toContain('is empty: nobody can log in');
  });
});

describe('a request from elsewhere', () => {
  it.each([
    ['another site', { origin: 'http://evil.example' }],
    ['another port', { origin: 'http://127.0.0.1:1' }],
    ['a hidden origin', { origin: 'null' }],
    ['another site, modern browser', { 'sec-fetch-site': 'cross-site' }],
    ['another port, modern browser', { 'sec-fetch-site': 'same-site' }],
  ])('cannot log in or out: %s', async (_, headers) => {
    expect((await new CookieJar().logIn(running.url, PASSWORD, headers)).status).toBe(403);
    expect((await jar.request(at('/logout'), { method: 'POST', headers })).status).toBe(403);
    expect((await jar.request(at('/api/status'))).status).toBe(200);
  });

  it('cannot log in without the form of its own browser', async () => {
    const attacker = new CookieJar();
    const form = await (await attacker.request(at('/login'))).text();
    const token = /name="token" value="([^"]*)"/.exec(form)?.[1] ?? '';
    const victim = new CookieJar();
    await victim.request(at('/login'));
    for (const body of [{ password: PASSWORD }, { password: PASSWORD, token: '' }, { password: PASSWORD, token }]) {
      expect((await victim.request(at('/login'), { method: 'POST', body: new URLSearchParams(body) })).status).toBe(400);
    }
    const json = await attacker.request(at('/login'), {
      method: 'POST',
      body: JSON.stringify({ password: PASSWORD, token }),
      headers: { 'content-type': 'application/json' },
    });
    expect(json.status).toBe(400);
  });
});

it.each(['/', '/login', '/healthz', '/app.js', '/style.css', '/favicon.svg', '/api/status', '/api/render', '/nothing', '/api/nothing'])(
  '%s has the headers that protect',
  async (path) => {
    const { headers } = await jar.request(at(path));
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('permissions-policy')).toContain('camera=()');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('cache-control')).toBe(/^\/\w+\.(js|css|svg)$/.test(path) ? 'no-cache' : 'no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('server') ?? headers.get('x-powered-by')).toBeNull();
  },
);

describe('files', () => {
  /** Sends a path as it is: fetch would tidy it up first. */
  async function raw(path: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const cookie = [...jar.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    let text = '';
    const socket = connect(Number(new URL(running.url).port), '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`),
    );
    socket
      .setEncoding('utf8')
      .on('data', (part: string) => (text += part))
      .on('end', () => resolve(text))
      .on('error', reject);
    return promise;
  }

  it.each([
    '/../password',
    '/page/../../password',
    '/..%2fpassword',
    '/%2e%2e/password',
    '/%2e%2e%2fpassword',
    '/..\\password',
    '/..%5cpassword',
    '/....//password',
    '/app.js/../../password',
    '/app.js%00.css',
    '/%c0%ae%c0%ae/password',
    '//etc/passwd',
    '/file:///etc/passwd',
    '/index.html',
    '/login.html',
    '/APP.JS',
    '/.',
    '/..',
    '/__proto__',
    '/constructor',
    '/%',
    '/app.js.map',
  ])('outside of the page are not served: %s', async (path) => {
    const response = await raw(path);
    expect(response).not.toContain(PASSWORD);
    expect(response).not.toContain('root:');
    expect(response).toMatch(/^HTTP\/1\.1 (4\d\d|303|200) /);
    if (response.startsWith('HTTP/1.1 200')) expect(new URL(path, 'http://h').pathname).toBe('/'); // tidied up to the page itself
  });

  it('are sent packed to those who can unpack, and not again while they are the same', async () => {
    const first = await jar.request(at('/app.js'));
    expect([first.headers.get('content-encoding'), first.headers.get('content-type')]).toEqual(['gzip', 'text/javascript; charset=utf-8']);
    const plain = await jar.request(at('/app.js'), { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(await first.text());
    const again = await jar.request(at('/app.js'), { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
  });
});

describe('the status', () => {
  const status = async (): Promise<StatusAnswer> => (await (await jar.request(at('/api/status'))).json()) as StatusAnswer;

  it('is that of the file, as long as its supervisor lives', async () => {
    running.writeStatus(statusOf(SERVICES));
    expect((await status()).services.map((service) => [service.name, service.word])).toEqual(SERVICES.map((service) => [service.name, 'Healthy']));
    running.writeStatus(statusOf(SERVICES, { pidStartTime: 'another process' }));
    expect(await status()).toMatchObject({ supervisor: { state: 'dead' } });
  });
});

it('tells the page which charts there are', async () => {
  const host = (await (await jar.request(at('/api/host'))).json()) as HostAnswer;
  expect(host).toMatchObject({ title: 'Monitoring of example.org', host: 'host.example.org' });
  expect(host.charts.map((chart) => chart.id)).toEqual(['load', 'cpu', 'memory', 'disk-use', 'disk-io', 'network']);
});

describe('queries', () => {
  const render = (query: string): Promise<Response> => jar.request(at(`/api/render?${query}`));

  it('are passed on and their answer passed back', async () => {
    const response = await render('target=alias(x,"1+min")&from=1795220000&until=1795223600&maxDataPoints=100');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const [series] = (await response.json()) as RenderedSeries[];
    expect(series).toMatchObject({ target: '1 min' });
    expect(series?.datapoints.length).toBeGreaterThan(50);
    expect(graphite.asked).toHaveLength(1);
    expect(new URL(graphite.asked[0]!, 'http://h').searchParams.get('format')).toBe('json');
  });

  it('with anything else in them stay here', async () => {
    for (const query of ['', 'target=a&format=csv', 'target=a&callback=evil', 'target=a&from=%00']) {
      const response = await render(query);
      expect([query, response.status, await errorOf(response)]).toEqual([query, 400, 'bad-request']);
    }
    expect(graphite.asked).toEqual([]);
  });

  it.each<[GraphiteMode, number, string, RegExp]>([
    ['refuses', 400, 'query-refused', /refused the query: "bad function"\.$/],
    ['fails', 502, 'query-failed', /status 500: "out of order"\.$/],
    ['html', 502, 'not-graphite', /is not a Graphite query service/],
    ['huge', 502, 'answer-too-large', /more than 8388608 bytes/],
    ['redirects', 502, 'query-unreachable', /does not answer/],
  ])('that go wrong say how: %s', async (mode, status, code, message) => {
    graphite.mode = mode;
    const response = await render('target=a');
    const { error } = (await response.json()) as ErrorAnswer;
    expect([response.status, error.code]).toEqual([status, code]);
    expect(error.message).toMatch(message);
  });

  it('for metrics that are not there are no failure', async () => {
    graphite.mode = 'not-found';
    const response = await render('target=a');
    expect([response.status, await response.json()]).toEqual([200, []]);
  });

  it('are given up after a time', async () => {
    graphite.mode = 'hangs';
    const response = await render('target=a');
    expect([response.status, await errorOf(response)]).toEqual([504, 'query-timeout']);
  });

  it('fail clearly while the query service is down, and work again when it is back', async () => {
    const first = await fakeGraphite();
    const other = await startConsole(first.url);
    try {
      await first.close();
      const visitor = new CookieJar();
      await visitor.logIn(other.url);
      const ask = (): Promise<Response> => visitor.request(`${other.url}/api/render?target=a`);
      const response = await ask();
      const { error } = (await response.json()) as ErrorAnswer;
      expect([response.status, error.code]).toEqual([502, 'query-unreachable']);
      expect(error.message).toContain('ECONNREFUSED');
      expect((await visitor.request(`${other.url}/api/status`)).status).toBe(200);
      const second = await fakeGraphite(Number(new URL(first.url).port));
      expect((await ask()).status).toBe(200);
      await second.close();
    } finally {
      await other.stop();
    }
  });
});

describe('a request too large', () => {
  it('is refused by its length', async () => {
    const response = await jar.request(at('/login'), { method: 'POST', body: new URLSearchParams({ password: 'x'.repeat(20_000) }) });
    expect(response.status).toBe(413);
  });

  it('is refused and cut off when it has no length and does not end', async () => {
    const { host, port } = new URL(running.url);
    const head = `POST /login HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n`;
    let answer = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(head));
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.on('error', () => undefined); // that is how being cut off looks to the one who still writes
    const sending = setInterval(() => socket.write(`400\r\n${'x'.repeat(1024)}\r\n`), 10);
    await eventually('it was cut off', () => socket.closed, 20_000);
    clearInterval(sending);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe('the process', () => {
  it('logs logins and never a password or a cookie', async () => {
    await new CookieJar().logIn(running.url, 'not it at all');
    await eventually('the log has it', () => running.log().includes('login failed: 127.0.0.1'));
    expect(running.log()).toMatch(/^\S+Z console [\d.]+ listens on 127\.0\.0\.1 port \d+, asks http/m);
    expect(running.log()).toContain('login: 127.0.0.1');
    for (const secret of [PASSWORD, 'not it at all', ...jar.cookies.values()]) expect(running.log()).not.toContain(secret);
  });

  it('makes a guesser wait longer and longer, and lets in who has the password after it', async () => {
    const guesser = new CookieJar();
    const statuses: number[] = [];
    for (let guess = 0; guess < 4; guess += 1) statuses.push((await guesser.logIn(running.url, 'wrong')).status);
    expect(statuses).toEqual([401, 401, 401, 401]);
    const refused = await eventually('he has to wait', async () => {
      const response = await guesser.logIn(running.url, 'wrong');
      return response.status === 429 && response;
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await refused.text()).toMatch(/Too many wrong passwords\. Try again in \d+ seconds?\./);
    expect((await jar.request(at('/api/status'))).status).toBe(200);
    await eventually('the wait is over', async () => (await guesser.logIn(running.url)).status === 303);
  });

  it('ends at once on SIGTERM, with connections open', async () => {
    const other = await startConsole(graphite.url);
    const socket = connect(Number(new URL(other.url).port), '127.0.0.1').on('error', () => undefined);
    await new CookieJar().logIn(other.url);
    const since = performance.now();
    expect(await other.stop()).toBe(0);
    expect(performance.now() - since).toBeLessThan(5000);
    expect(other.log()).toContain('console ended on SIGTERM');
    socket.destroy();
  });

  it.skipIf(process.platform !== 'linux')('needs little memory', () => {
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${running.child.pid}/status`, 'utf8'))?.[1];
    expect(Number(resident) / 1024).toBeLessThan(180); // MiB; at rest it has about 100, after 300 pages 120
  });
});

describe('what cannot start', () => {
  async function failure(directory: string, text: string): Promise<string> {
    const file = join(directory, 'console.toml');
    writeFileSync(file, text);
    const { child, log } = await launch(file);
    await eventually('it ended', () => child.exitCode !== null);
    expect(child.exitCode).toBe(1);
    return log();
  }

  it('says why', async () => {
    const directory = temporaryDirectory();
    const port = Number(new URL(running.url).port);
    const text = configText(directory, { port, queryUrl: graphite.url, listen: '127.0.0.1' });
    expect(await failure(directory, text)).toMatch(/session secret cannot be read.*secret/);
    writeFileSync(join(directory, 'secret'), 'short');
    expect(await failure(directory, text)).toMatch(/at least 16 characters are expected, found 5/);
    writeFileSync(join(directory, 'secret'), 'long enough to be a secret');
    mkdirSync(join(directory, 'page'));
    expect(await failure(directory, text)).toMatch(/page is not complete/);
    await buildConsolePage(join(directory, 'page'));
    expect(await failure(directory, text)).toMatch(new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use`));
    expect(await failure(directory, `${text}\nprot = 1`)).toMatch(/console\.toml: prot: unknown key/);
  });
});
