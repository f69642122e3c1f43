import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createClient } from 'webdav';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { monitorTree, type MonitorTree } from '../../../src/monitor/tree.ts';
import { monitored } from '../../helpers/monitored.ts';
import { promiseSpecOf, resultOf } from '../../helpers/monitored-specs.ts';
import { slaposToolbox, TOOLBOX_WITHIN_MS, WHY_NO_TOOLBOX, type Toolbox } from '../../helpers/slapos-toolbox.ts';
import { PASSWORD, startConsole, type ConsoleProcess } from './console-process.ts';

/*
 * The console as a process, asked by the programs that are made for a SlapOS monitor, and by others that are not polite.
 */

let running: ConsoleProcess;
let tree: MonitorTree;
let toolbox: Toolbox | undefined;
const USER = `admin:${PASSWORD}`;

beforeAll(async () => {
  toolbox = await slaposToolbox();
  // Hundreds of requests are to be answered: each comes as from an address of its own.
  running = await startConsole('http://127.0.0.1:1', { more: () => 'trusted_proxies = ["127.0.0.1"]\n' });
  const layout = layoutOf(running.directory);
  mkdirSync(layout.secrets, { recursive: true });
  writeFileSync(join(layout.secrets, 'admin-password'), 'a secret of the installation');
  const promise = promiseSpecOf('store-answers');
  const { monitor } = await monitored([promise], { title: 'A & B', baseUrl: running.url }, layout);
  await monitor.record(resultOf(promise));
  await monitor.end();
  tree = monitorTree(layout);
}, TOOLBOX_WITHIN_MS);
afterAll(async () => {
  await running.stop();
});

describe('curl', () => {
  const curl = (...args: string[]): string =>
    execFileSync('curl', ['--silent', '--output', '/dev/null', '--write-out', '%{http_code} %{content_type}', ...args], { encoding: 'utf8' }).trim();

  it.for([
    ['without a password', ['/'], '401 text/html; charset=UTF-8'],
    ['with one', ['--user', USER, '/'], '200 text/html; charset=UTF-8'],
    ['with a wrong one', ['--user', 'admin:guess', '/monitor.haljson'], '401 text/html; charset=UTF-8'],
    ['the services', ['--user', USER, '/monitor.haljson'], '200 application/hal+json; charset=utf-8'],
    ['the feed', ['/feed'], '200 application/rss+xml; charset=utf-8'],
    ['what is public', ['/public//monitor.global.json'], '200 application/json; charset=utf-8'],
    ['what is private', ['/private/monitor.global.json'], '401 text/html; charset=UTF-8'],
    ['logging out', ['--user', USER, '/cgi-bin/monitor-logout.cgi'], '401 text/html; charset=UTF-8'],
  ] as const)('%s', ([, args, expected], { skip }) => {
    skip(spawnSync('curl', ['--version']).status !== 0, 'curl is not here: the package curl enables it');
    expect(curl(...args.slice(0, -1), `${running.url}${args.at(-1)}`)).toBe(expected);
  });

  it('a run that is asked for', ({ skip }) => {
    skip(spawnSync('curl', ['--version']).status !== 0, 'curl is not here: the package curl enables it');
    const bin = join(running.directory, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'dkm'), '#!/bin/sh\necho "$@" >"$0.asked"\nsleep 0.2\n', { mode: 0o755 });
    const { pid, pidStartTime, bootId } = JSON.parse(readFileSync(join(running.directory, 'run/status.json'), 'utf8')) as Record<string, unknown>;
    const promise = {
      id: '-store answers', title: 't', origin: 'host', severity: 'warning', schedule: '* * * * *', kind: 'tcp', state: 'ok', message: '',
      values: {}, sinceMs: 1, checkedAtMs: 1, executionTimeMs: 1, nextAtMs: null, isRunning: false,
    }; // prettier-ignore
    writeFileSync(join(running.directory, 'run/promises.json'), JSON.stringify({ schema: 1, pid, pidStartTime, bootId, promises: [promise] }));
    const run = (service: string, ...more: string[]): string =>
      curl(...more, '--user', USER, `${running.url}/cgi-bin/monitor-run-promise.cgi?service=${encodeURIComponent(service)}`);
    expect(run('-store answers', '--request', 'POST')).toBe('204');
    expect(readFileSync(join(bin, 'dkm.asked'), 'utf8')).toBe('check --json -- -store answers\n');
    expect(run('nothing', '--request', 'POST')).toMatch(/^404/);
    expect(run('../-store answers', '--request', 'POST')).toMatch(/^404/);
    expect(run('-store answers')).toMatch(/^405/);
  });
});

describe('the npm package webdav', () => {
  it('lists, reads, and puts the configuration and nothing else', async () => {
    const client = createClient(`${running.url}/share`, { username: 'admin', password: PASSWORD });
    const names = async (path: string): Promise<string[]> =>
      ((await client.getDirectoryContents(path)) as { basename: string }[]).map(({ basename }) => basename);
    expect(await names('/')).toEqual(['private', 'public', 'jio_public']);
    expect(await names('/public/')).toContain('monitor.global.json');
    expect(await names('/private/config/.jio_documents')).toContain('config.json');
    expect(await client.stat('/public/feed')).toMatchObject({ type: 'file', mime: 'application/rss+xml' });
    expect(JSON.parse((await client.getFileContents('/public/monitor.global.json', { format: 'text' })) as string)).toMatchObject({ title: 'A & B' });
    const edited = JSON.stringify([{ key: 'room', title: 'room', value: 'é & <' }]);
    expect(await client.putFileContents('/private/config/.jio_documents/config.tmp.json', edited)).toBe(true);
    expect(readFileSync(tree.configEdit, 'utf8')).toBe(edited);
    await expect(client.putFileContents('/public/new.json', '[]')).rejects.toMatchObject({ status: 405 });
    await expect(client.deleteFile('/public/feed')).rejects.toMatchObject({ status: 405 });
    await expect(client.createDirectory('/private/new')).rejects.toMatchObject({ status: 405 });
    await expect(client.moveFile('/public/feed', '/public/moved')).rejects.toMatchObject({ status: 405 });
  });

  it('reads what is public without a password, and nothing else', async () => {
    const client = createClient(`${running.url}/share`);
    expect(((await client.getDirectoryContents('/public')) as unknown[]).length).toBeGreaterThan(3);
    await expect(client.getDirectoryContents('/private')).rejects.toMatchObject({ status: 401 });
  });
});

describe('cadaver', () => {
  it('lists and fetches', ({ skip }) => {
    skip(spawnSync('cadaver', ['--version']).error !== undefined, 'cadaver is not here: the package cadaver enables it');
    const home = join(running.directory, 'home');
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, '.netrc'), `machine 127.0.0.1\nlogin admin\npassword ${PASSWORD.replaceAll(' ', '\\ ')}\n`, { mode: 0o600 });
    const { stdout } = spawnSync('cadaver', [`${running.url}/share/public/`], {
      env: { ...process.env, HOME: home },
      cwd: home,
      input: 'ls\nget feed\nquit\n',
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(stdout).toContain('monitor.global.json');
    expect(readFileSync(join(home, 'feed'), 'utf8')).toContain('<rss');
  });
});

describe('slapos.toolbox', () => {
  /** A plug-in of the original promise that asks for an address. */
  const plugin = (settings: object): string =>
    `from slapos.promise.plugin.check_url_available import RunPromise\nextra_config_dict = ${JSON.stringify(settings)}\n`;

  it('check_url_available finds that a password is asked for, and that ours is right', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const url = `${running.url}/`;
    writeFileSync(join(tree.plugins, 'refuses.py'), plugin({ url, 'http-code': '401', timeout: '20' }));
    writeFileSync(join(tree.plugins, 'lets_in.py'), plugin({ url: `${running.url}/private/`, username: 'admin', password: PASSWORD, timeout: '20' }));
    writeFileSync(join(tree.plugins, 'lets_in_root.py'), plugin({ url, username: 'admin', password: PASSWORD, timeout: '20' }));
    writeFileSync(join(tree.plugins, 'wrong.py'), plugin({ url, username: 'admin', password: 'guess', timeout: '20' }));
    await toolbox.tool('monitor.runpromise', ['-c', tree.configuration, '-f']);
    const resultOfPlugin = (name: string): unknown =>
      (JSON.parse(readFileSync(join(tree.results, `${name}.status.json`), 'utf8')) as { result: { failed: boolean; message: string } }).result;
    expect(resultOfPlugin('refuses')).toMatchObject({ failed: false });
    expect(resultOfPlugin('lets_in')).toMatchObject({ failed: false });
    expect(resultOfPlugin('lets_in_root')).toMatchObject({ failed: false });
    expect(resultOfPlugin('wrong')).toMatchObject({ failed: true });
  });

  it('monitor.bootstrap of another instance finds ours, by its name', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const { layout, monitor } = await monitored([], { title: 'above', instances: [running.url] });
    await monitor.end();
    const other = monitorTree(layout);
    writeFileSync(other.feeds, ''); // whatever we wrote there ourselves
    expect(await toolbox.tool('monitor.bootstrap', ['-c', other.configuration])).toMatchObject({ code: 0 });
    // The original writes titles as they are: & is no XML then.
    expect(readFileSync(other.feeds, 'utf8')).toContain('A & B');
  });
});

/** Sends bytes as they are, and returns what came back until the other side ended it. */
function raw(bytes: string | Buffer, withinMs = 25_000): Promise<string> {
  const { hostname, port } = new URL(running.url);
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = '';
  const socket = connect(Number(port), hostname, () => socket.write(bytes));
  const timer = setTimeout(() => {
    answer += '[never ended]';
    socket.destroy();
  }, withinMs);
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
  socket.on('error', () => undefined);
  socket.once('close', () => {
    clearTimeout(timer);
    resolve(answer);
  });
  return promise;
}

let asked = 0;
const address = (): string => `10.1.${(asked += 1) >> 8}.${asked & 255}`;
const request = (line: string, headers = '', body = ''): string =>
  `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Forwarded-For: ${address()}\r\n${headers}\r\n${body}`;
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe('paths as they are sent', () => {
  const UP = [
    '..',
    '%2e%2e',
    '%2E.',
    '.%2e',
    '..%2f',
    '..%5c',
    '..\\',
    '%252e%252e',
    '..;',
    '....',
    '%c0%ae%c0%ae',
    '%uff0e%uff0e',
    '..%00',
    '.%00.',
    '%2e%2e%2f%2e%2e',
  ];
  const TARGETS = ['private/monitor.global.json', 'conf/secrets/admin-password', 'etc/passwd', 'password', '.dkm.json', 'monitor.conf'];
  const PREFIXES = ['/public/', '/share/public/', '/public//', '//public/', '/feed/', '/share/jio_public/', '/public/x/', '/share/public/%2e/'];
  const paths = PREFIXES.flatMap((prefix) =>
    UP.flatMap((up) => TARGETS.flatMap((target) => [1, 2, 4].map((times) => `${prefix}${`${up}/`.repeat(times)}${target}`))),
  );

  it(`do not lead out: ${paths.length} of them`, async () => {
    const leaks: string[] = [];
    const wrong: string[] = [];
    for (let index = 0; index < paths.length; index += 40) {
      await Promise.all(
        paths.slice(index, index + 40).map(async (path) => {
          const answer = await raw(request(`GET ${path}`));
          if (/a secret of the installation|root:x:|correct horse|portal_type|crond-folder|"state"/.test(answer)) leaks.push(path);
          if (![301, 400, 401, 403, 404].includes(statusOf(answer))) wrong.push(`${path}: ${answer.slice(0, 60)}`);
        }),
      );
    }
    expect({ leaks, wrong }).toEqual({ leaks: [], wrong: [] });
  });

  it.each([
    'GET public/feed',
    'GET http://evil.example/public/feed',
    'GET *',
    'GET /public/\u0001',
    'GET /public/%',
    'GET /public/a b',
    'BREW /public/',
    'get /public/',
  ])('%j is no way to ask', async (line) => {
    const answer = await raw(request(line));
    expect([200, 400, 404, 405]).toContain(statusOf(answer));
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
  });

  it('redirect nowhere else', async () => {
    for (const path of ['//evil.example/public', '/public//evil.example/..', '///evil.example//', '/public/%2f%2fevil.example', '//public'])
      expect((await raw(request(`GET ${path}`))).split('\r\n').find((line) => /^location: /i.test(line)) ?? '').not.toMatch(/evil|location: \/\//i);
  });
});

describe('requests that are not polite', () => {
  const basic = `Authorization: Basic ${Buffer.from(USER).toString('base64')}\r\n`;
  const CONFIG = '/share/private/config/.jio_documents/config.tmp.json';

  it.each([
    ['a header of 20 KB', () => request('GET /public/', `X: ${'x'.repeat(20_000)}\r\n`), [431]],
    ['a thousand headers', () => request('GET /public/', 'X: y\r\n'.repeat(5000)), [431]],
    ['an address of 20 KB', () => request(`GET /public/${'x'.repeat(20_000)}`), [431, 414]],
    ['a length that is a lie', () => request(`PUT ${CONFIG}`, `${basic}Content-Length: 99999999999\r\n`, '[]'), [413]],
    ['two lengths', () => request(`PUT ${CONFIG}`, `${basic}Content-Length: 2\r\nContent-Length: 3\r\n`, '[]'), [400]],
    ['a length and chunks', () => request(`PUT ${CONFIG}`, `${basic}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n`, '0\r\n\r\n'), [400]],
    [
      'an endless list of chunks',
      () => request(`PUT ${CONFIG}`, `${basic}Transfer-Encoding: chunked\r\n`, `${'10000\r\n'}${'x'.repeat(65536)}\r\n`.repeat(40)),
      [413],
    ],
    [
      'entities that explode',
      () => propfind(`<!DOCTYPE l [<!ENTITY a "${'ha'.repeat(100)}"><!ENTITY b "${'&a;'.repeat(50)}">]><propfind xmlns="DAV:"><prop>&b;</prop></propfind>`),
      [400],
    ],
    ['elements in elements', () => propfind(`<propfind xmlns="DAV:">${'<a>'.repeat(3000)}${'</a>'.repeat(3000)}</propfind>`), [400, 413]],
    ['a large PROPFIND', () => propfind(`<propfind xmlns="DAV:"><prop>${'<getetag/>'.repeat(10_000)}</prop></propfind>`), [413]],
    ['ranges without end', () => request('GET /public/feed', `Range: bytes=${'0-0,'.repeat(2000)}0-0\r\n`), [200]],
    ['a name and password of 8 KB', () => request('GET /private/', `Authorization: Basic ${'QQ'.repeat(4000)}\r\n`), [401]],
  ])('are bounded: %s', async (_, bytes, statuses) => {
    expect(statuses).toContain(statusOf(await raw(bytes())));
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
  });

  it('that come too slowly are cut off, and nothing is written', async () => {
    writeFileSync(tree.configEdit, '[]');
    const answer = await raw(request(`PUT ${CONFIG}`, `${basic}Content-Length: 100\r\n`, '['));
    expect(answer).not.toContain('[never ended]');
    expect(readFileSync(tree.configEdit, 'utf8')).toBe('[]');
  });

  it('that come all at once leave one whole configuration', async () => {
    const bodies = Array.from({ length: 40 }, (_, index) => JSON.stringify([{ key: 'k', title: 't', value: `${index} ${'x'.repeat(20_000)}` }]));
    const authorization = `Basic ${Buffer.from(USER).toString('base64')}`;
    const statuses = await Promise.all(
      bodies.map(
        async (body) => (await fetch(`${running.url}${CONFIG}`, { method: 'PUT', body, headers: { authorization, 'x-forwarded-for': address() } })).status,
      ),
    );
    expect(statuses.every((status) => [201, 204, 503].includes(status))).toBe(true);
    expect(statuses.filter((status) => status < 300).length).toBeGreaterThan(0);
    expect(bodies).toContain(readFileSync(tree.configEdit, 'utf8'));
  });

  function propfind(body: string): string {
    return request('PROPFIND /share/public/', `Depth: 1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`, body);
  }
});
