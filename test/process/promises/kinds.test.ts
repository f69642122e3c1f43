import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTls } from 'node:https';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterEach, describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { fileBytesOf, layOut, writeHeader } from '../../../src/whisper/format.ts';
import { KIND_SETTINGS } from '../../../src/promises/definitions/settings.ts';
import { KINDS } from '../../../src/promises/kinds/all.ts';
import type { KindContext } from '../../../src/promises/kinds/kind.ts';
import type { PromiseOutcome } from '../../../src/contract/promise.ts';
import type { ServiceStatus } from '../../../src/contract/status.ts';
import { fakeGraphite, type GraphiteMode } from '../console/fake-graphite.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

/*
 * Every kind against the real thing: servers on loopback that redirect, stall, talk without end and have the wrong
 * certificate, files of every sort, programs that do not end.
 */

const endings: (() => void)[] = [];
afterEach(() => endings.splice(0).forEach((end) => end()));

/** Checks once, with the settings as a file would say them. */
async function check(kind: string, settings: Record<string, unknown>, change: Partial<KindContext> = {}): Promise<PromiseOutcome> {
  const context: KindContext = {
    layout: layoutOf('/nowhere'),
    signal: new AbortController().signal,
    timeoutMs: 2_000,
    now: Date.now,
    services: () => [],
    ...change,
  };
  const run = await KINDS[kind]!();
  return run(KIND_SETTINGS[kind]!.parse(settings) as Record<string, unknown>, context);
}

async function listening<Listener extends Server | ReturnType<typeof createTcp>>(server: Listener): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  endings.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const served = async (answer: RequestListener): Promise<string> => `http://127.0.0.1:${await listening(createServer(answer))}`;

/** A port of loopback on which nothing listens any more. */
async function deadPort(): Promise<number> {
  const server = createTcp();
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    server.close(() => resolve(port));
  });
  return promise;
}

async function certificateFor(days: number, name = 'localhost'): Promise<{ key: string; cert: string }> {
  const at = (day: number): Date => new Date(Date.now() + day * 86_400_000);
  const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    notBeforeDate: at(Math.min(0, days) - 30),
    notAfterDate: at(days),
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
    ],
  });
  return { key, cert };
}

const servedTls = async (tls: { key: string; cert: string }): Promise<number> => listening(createTls(tls, (_, response) => response.end('secret')));

describe('tcp', () => {
  it('connects, is refused, and gives up in time', async () => {
    const port = await listening(createTcp());
    expect(await check('tcp', { host: '127.0.0.1', port })).toMatchObject({ state: 'ok', message: `127.0.0.1:${port} takes connections.` });
    const dead = await deadPort();
    expect(await check('tcp', { host: '127.0.0.1', port: dead })).toEqual({ state: 'failed', message: `127.0.0.1:${dead} refuses connections.` });
  });
});

describe('http', () => {
  it('follows redirects, but not for ever, and nowhere else than http', async () => {
    const url = await served((request, response) => {
      const place = request.url === '/once' ? '/' : request.url === '/file' ? 'file:///etc/passwd' : request.url === '/loop' ? '/loop' : undefined;
      if (place === undefined) response.end('here');
      else response.writeHead(302, { location: place }).end();
    });
    expect((await check('http', { url: `${url}/once`, contains: 'here' })).state).toBe('ok');
    expect(await check('http', { url: `${url}/loop` })).toEqual({ state: 'failed', message: `${url}/loop redirects more than 5 times.` });
    expect((await check('http', { url: `${url}/file` })).message).toBe(`${url}/file leads to "file:///etc/passwd", which is no http address.`);
    expect((await check('http', { url: `${url}/loop`, follow_redirects: false, status: 302 })).state).toBe('ok');
  });

  it('sends a password to whom it belongs, and not on', async () => {
    const seen: (string | undefined)[] = [];
    const other = await served((request, response) => {
      seen.push(request.headers.authorization, request.headers['x-key'] as string | undefined);
      response.end();
    });
    const url = await served((request, response) => {
      if (request.headers.authorization === `Basic ${Buffer.from('admin:pass word').toString('base64')}`) response.writeHead(302, { location: other }).end();
      else response.writeHead(401).end('who?');
    });
    const password_file = join(temporaryDirectory(), 'password');
    writeFileSync(password_file, 'pass word\n');
    expect((await check('http', { url, user: 'admin', password_file, headers: { 'x-key': 'k' } })).state).toBe('ok');
    expect(seen).toEqual([undefined, undefined]);
    expect((await check('http', { url })).message).toBe(`${url} answers with status 401, expected 200: who?.`.replace('?.', '?.'));
    const missing = await check('http', { url, user: 'admin', password_file: `${password_file}.not` });
    expect(missing).toEqual({ state: 'failed', message: `${url} was not asked: ${password_file}.not cannot be read (ENOENT).` });
  });

  it.each<[string, RequestListener, RegExp]>([
    ['says nothing', () => undefined, /did not answer within 1 s/],
    ['begins and stalls', (_, response) => void response.write('a'), /did not answer within 1 s/],
    ['trickles', (_, response) => void setInterval(() => response.write('a'), 50).unref(), /did not answer within 1 s/],
    ['hangs up', (request) => void request.socket.destroy(), /closed the connection/],
    ['speaks something else', (request) => void request.socket.end('220 mail\r\n'), /does not speak http/],
  ])('gives up on a server that %s', async (_, answer, expected) => {
    const startedAt = performance.now();
    expect((await check('http', { url: await served(answer) }, { timeoutMs: 1_000 })).message).toMatch(expected);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('reads the beginning of a body without end', async () => {
    const url = await served((_, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536, 'x')));
        response.once('drain', more);
      };
      response.write('begin');
      more();
    });
    expect(await check('http', { url, contains: 'begin' })).toMatchObject({ state: 'ok', values: { body_bytes: 1_048_580 } });
    expect((await check('http', { url, contains: 'end' })).message).toMatch(/in its first 1048576 bytes/);
  });

  it('is ended when nobody wants its outcome', async () => {
    const aborter = new AbortController();
    const url = await served(() => aborter.abort());
    expect((await check('http', { url }, { signal: aborter.signal, timeoutMs: 60_000 })).state).toBe('failed');
  });

  it('looks at certificates', async () => {
    const good = await certificateFor(20);
    const url = `https://localhost:${await servedTls(good)}/`;
    const ca_file = join(temporaryDirectory(), 'ca.pem');
    writeFileSync(ca_file, good.cert);
    expect((await check('http', { url })).message).toBe(`${url} has a self-signed certificate, which is not trusted.`);
    expect((await check('http', { url, verify_tls: false })).state).toBe('ok');
    expect(await check('http', { url, ca_file, certificate_days: 14, contains: 'secret' })).toMatchObject({
      state: 'ok',
      values: { certificate_days: expect.closeTo(20, 0) as number },
    });
    expect((await check('http', { url, ca_file, certificate_days: 30 })).message).toMatch(/ends in (19|20) days, expected at least 30/);

    const old = await certificateFor(-1);
    writeFileSync(ca_file, old.cert);
    const expired = `https://localhost:${await servedTls(old)}/`;
    expect((await check('http', { url: expired, ca_file })).message).toBe(`${expired} has a certificate that has expired.`);
    const other = await certificateFor(20, 'elsewhere.example.org');
    writeFileSync(ca_file, other.cert);
    const wrong = `https://localhost:${await servedTls(other)}/`;
    expect((await check('http', { url: wrong, ca_file })).message).toBe(`${wrong} has a certificate for another name.`);
  });
});

describe('certificate', () => {
  it('is that of a port or of a file, and need not be there', async () => {
    const { key, cert } = await certificateFor(20);
    const port = await servedTls({ key, cert });
    expect((await check('certificate', { host: '127.0.0.1', port })).state).toBe('ok');
    expect((await check('certificate', { host: '127.0.0.1', port, days: 30 })).state).toBe('failed');
    const plain = await listening(createServer((_, response) => response.end()));
    expect((await check('certificate', { host: '127.0.0.1', port: plain })).message).toBe(`127.0.0.1 port ${plain} does not speak TLS.`);
    expect((await check('certificate', { host: '127.0.0.1', port: plain, required: false })).state).toBe('ok');
    const silent = await listening(createTcp());
    expect((await check('certificate', { host: '127.0.0.1', port: silent, required: false }, { timeoutMs: 500 })).message).toMatch(/did not answer/);
    const file = join(temporaryDirectory(), 'c.pem');
    expect((await check('certificate', { file })).message).toBe(`${file} is not there.`);
    writeFileSync(file, cert);
    expect((await check('certificate', { file })).state).toBe('ok');
    writeFileSync(file, 'no certificate');
    expect((await check('certificate', { file })).message).toMatch(/holds no certificate/);
  });
});

describe('file', () => {
  it('reads the end of a log, and nothing of a pipe', async () => {
    const folder = temporaryDirectory();
    const log = join(folder, 'x.log');
    writeFileSync(log, `ERROR long ago\n${'fine\n'.repeat(200_000)}last line \xff\n`);
    expect((await check('file', { path: log, contains_not: 'ERROR' })).state).toBe('ok');
    expect((await check('file', { path: log, matches: '^last', last_lines: 1 })).state).toBe('ok');
    expect((await check('file', { path: log, max_bytes: 1000 })).state).toBe('failed');
    utimesSync(log, 1, Date.now() / 1000 - 100);
    expect((await check('file', { path: log, max_age_s: 60 })).message).toBe(`${log} was not written for more than 1 m.`);
    const pipe = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    expect((await check('file', { path: pipe, contains: 'x' })).message).toBe(`${pipe} is not a file that can be read.`);
    expect((await check('file', { path: join(log, 'below') })).message).toBe(`${join(log, 'below')} is not there.`);
    // Sparse, and longer than any memory.
    const huge = join(folder, 'huge');
    closeSync(openSync(huge, 'w'));
    truncateSync(huge, 2 ** 40);
    expect((await check('file', { path: huge, contains: 'x' })).state).toBe('failed');
  });
});

describe('command', () => {
  const script = (text: string): string => {
    const path = join(temporaryDirectory(), 'a program');
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  it('is judged by its end and by what it prints', async () => {
    const program = script('echo "$1 $KEY"; pwd; echo aside >&2; exit $2');
    const settings = { command: [program, 'a b', '3'], exit_code: 3, environment: { KEY: 'k' }, directory: '/', contains: 'a b k\n/\n' };
    expect((await check('command', settings)).state).toBe('ok');
    expect(await check('command', { ...settings, exit_code: 0 })).toMatchObject({
      state: 'failed',
      message: `${program} ended with exit code 3, expected 0.`,
      error: 'aside',
    });
    expect((await check('command', { command: ['/nowhere/x'] })).message).toMatch(/^\/nowhere\/x could not be started/);
  });

  it('is killed with all it started when its time is over', async () => {
    const folder = temporaryDirectory();
    // One of them leaves its process group, and is found all the same where there is a /proc.
    const program = script(`sleep 300 & echo $! > '${folder}/child'; setsid sh -c 'echo $$ > ${folder}/far; exec sleep 300' & wait`);
    expect((await check('command', { command: [program] }, { timeoutMs: 1_000 })).message).toBe(`${program} did not end within 1 s and was ended.`);
    for (const name of process.platform === 'linux' ? ['child', 'far'] : ['child']) {
      const pid = Number(readFileSync(join(folder, name), 'utf8'));
      await eventually(`${name} ends`, () => !isAlive(pid));
    }
  });

  it('may print without end', async () => {
    const outcome = await check('command', { command: ['/bin/sh', '-c', 'yes | head -c 20000000; echo the end'], contains: 'the end' }, { timeoutMs: 20_000 });
    expect(outcome.state).toBe('ok');
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(spawnSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8' }).stdout);
  } catch {
    return false;
  }
}

describe.skipIf(process.platform !== 'linux')('process (skipped where there is no /proc)', () => {
  it('is found by its arguments and by its pid file', async () => {
    const pid_file = join(temporaryDirectory(), 'pid');
    writeFileSync(pid_file, `${process.ppid}\n`);
    expect(await check('process', { pid_file })).toMatchObject({ state: 'ok', values: { processes: 1 } });
    expect((await check('process', { pattern: 'nobody-is-called-like-this' })).state).toBe('failed');
    // One that has ended, and whose parent has not asked how, does not count.
    const parent = spawn('/bin/sh', ['-c', 'sh -c "echo \\$\\$" > "$1" & exec sleep 30', 'sh', pid_file], { stdio: 'ignore' });
    endings.push(() => void parent.kill('SIGKILL'));
    const ended = (): string => readFileSync(pid_file, 'utf8').trim();
    await eventually(
      'it is a zombie',
      () => ended() !== String(process.ppid) && ended() !== '' && /^State:\tZ/m.test(readFileSync(`/proc/${ended()}/status`, 'utf8')),
    );
    expect((await check('process', { pid_file })).state).toBe('failed');
    // What looks does not count.
    writeFileSync(pid_file, `${process.pid}\n`);
    expect((await check('process', { pid_file, min: 0, max: 0 })).state).toBe('ok');
  });
});

describe('metric, freshness, disk-forecast', () => {
  it.each<[GraphiteMode, string, RegExp]>([
    ['empty', 'no-data', /^There is no point of a\.b within 5 m\.$/],
    ['not-found', 'no-data', /^There is no point of a\.b/],
    ['refuses', 'failed', /refuses a\.b: bad function second line$/],
    ['fails', 'no-data', /answers with status 500: out of order\.$/],
    ['html', 'no-data', /is no Graphite query service\.$/],
    ['huge', 'failed', /answers with more than 8388608 bytes/],
    ['hangs', 'no-data', /did not answer within 1 s\.$/],
    ['redirects', 'no-data', /answers with status 302\.$/],
  ])('a query service that is %s', async (mode, state, message) => {
    const graphite = await fakeGraphite();
    endings.push(() => void graphite.close());
    graphite.mode = mode;
    expect(await check('metric', { url: graphite.url, target: 'a.b', operator: '<', threshold: 1 }, { timeoutMs: 1_000 })).toMatchObject({ state, message });
  });

  it('a query service that is down is another thing than no data', async () => {
    const url = `http://127.0.0.1:${await deadPort()}`;
    expect(await check('metric', { url, target: 'a', max_age_s: 60 })).toEqual({
      state: 'no-data',
      message: `The query service at ${url} refuses connections.`,
    });
    expect(await check('freshness', { url, pattern: 'a.{host}.b', no_data: 'ok' })).toMatchObject({ state: 'no-data' });
    const path = temporaryDirectory();
    const forecast = await check('disk-forecast', { url, path, target: 'df.{mount}.free', min_free_percent: 0 });
    expect(forecast).toMatchObject({
      state: 'ok',
      message: `There is room where ${path} is. Only what is free now was looked at: The query service at ${url} refuses connections.`,
    });
  });

  it('asks for what it should', async () => {
    const asked: URL[] = [];
    const now = Math.floor(Date.now() / 1000);
    const url = await served((request, response) => {
      const query = new URL(request.url ?? '', 'http://h');
      asked.push(query);
      const targets = query.searchParams.getAll('target');
      const series = targets.includes('collectd.*.*.load')
        ? [
            {
              target: 'collectd.org.a.load',
              datapoints: [
                [1, now - 7_200],
                [null, now],
              ],
            },
            { target: 'collectd.b.load', datapoints: [[1, now]] },
          ]
        : [{ target: 'x', datapoints: [[1, now - 5]] }];
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(series));
    });
    expect((await check('metric', { url: `${url}/`, target: ['x', 'y&z'], operator: '<', threshold: 2, window_s: 120 })).state).toBe('ok');
    expect(asked[0]?.pathname).toBe('/render');
    expect(Object.fromEntries(asked[0]!.searchParams)).toMatchObject({ format: 'json', from: '-180s', until: 'now' });
    expect(asked[0]?.searchParams.getAll('target')).toEqual(['x', 'y&z']);
    expect(await check('freshness', { url, pattern: 'collectd.{host}.load', most_parts: 2, max_age_s: 60 })).toMatchObject({
      state: 'failed',
      message: 'Silent for more than 1 m: a.org.',
    });
    expect(asked[2]?.searchParams.get('from')).toBe('-86400s');
  });
});

describe('disk and resource', () => {
  it('look at this machine', async () => {
    const path = temporaryDirectory();
    const enough = { path, min_free_percent: 0, min_free_inodes_percent: 0 };
    expect((await check('disk', enough)).state).toBe('ok');
    expect((await check('disk', { path, min_free_percent: 100, enough_free_mib: 1e9 })).state).toBe('failed');
    expect((await check('disk', { ...enough, apart_from: path })).message).toBe(`${path} is on the same disk as ${path}, which is looked at already.`);
    expect((await check('disk', { path: join(path, 'x') })).message).toBe(`${join(path, 'x')} is not there.`);
    for (const resource of ['memory', 'swap', 'load', 'file-handles', 'processes'])
      expect((await check('resource', { resource, min_free_percent: 0, max_load_per_core: 1e6 })).state, resource).toBe('ok');
  });
});

describe('clock', () => {
  it('compares with a server, whatever it answers', async () => {
    const ahead = async (seconds: number): Promise<PromiseOutcome> => {
      const url = await served((_, response) => response.writeHead(404, { date: new Date(Date.now() + seconds * 1000).toUTCString() }).end());
      return check('clock', { server: url, synchronised: false });
    };
    expect(await ahead(0)).toMatchObject({ state: 'ok', message: /agrees with/ });
    expect(await ahead(60)).toMatchObject({ state: 'failed', message: /it is behind/ });
    expect(await ahead(-60)).toMatchObject({ state: 'failed', message: /it is ahead/ });
    expect((await check('clock', { server: `http://127.0.0.1:${await deadPort()}`, synchronised: false })).state).toBe('no-data');
  });

  it('notices that it was moved, and forgets it after a while', async () => {
    const settings = { synchronised: false, max_jump_s: 5, told_h: 1 };
    expect((await check('clock', settings)).state).toBe('ok');
    expect((await check('clock', settings, { now: () => Date.now() + 3_600_000 })).message).toMatch(/^The clock was set forward by (1 h|59 m \d+ s)/);
    expect((await check('clock', settings)).message).toMatch(/set back by/);
    expect((await check('clock', { ...settings, told_h: 0 })).state).toBe('ok');
  });
});

describe('whisper', () => {
  const shape = { archives: [{ stepSeconds: 60, points: 10 }], method: 1, xFilesFactor: 0 };
  const whole = (): Buffer => {
    const bytes = Buffer.alloc(fileBytesOf(shape));
    writeHeader(bytes, layOut(shape));
    return bytes;
  };
  const write = (path: string, bytes: Buffer): void => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, bytes);
    utimesSync(path, 1, Date.now() / 1000 - 3600);
  };

  it('goes through the tree, some files at a time, and remembers what is damaged', async () => {
    const path = temporaryDirectory();
    const names = ['a/b/c.wsp', 'a/b.wsp', 'a/d/e.wsp', 'a-b.wsp', 'z.wsp', 'a/b/sub/x.wsp', 'ä/ö.wsp'];
    for (const name of names) write(join(path, name), whole());
    writeFileSync(join(path, 'a', 'notes.txt'), '');
    const looks: number[] = [];
    for (let look = 0; look < 4; look += 1) looks.push((await check('whisper', { path, files: 2 })).values!['looked_at']!);
    expect(looks).toEqual([2, 2, 2, 1]);

    write(join(path, 'a/d/e.wsp'), whole().subarray(0, 40));
    const seen: string[] = [];
    for (let look = 0; look < 8; look += 1) seen.push((await check('whisper', { path, files: 2 })).state);
    expect(seen.slice(0, 2)).toContain('ok');
    expect(seen.slice(-5)).toEqual(Array(5).fill('failed'));
    expect((await check('whisper', { path, files: 2 })).message).toBe(`Damaged in ${path}: a/d/e.wsp (it is cut off: 40 of 148 bytes).`);
    write(join(path, 'a/d/e.wsp'), whole());
    expect((await check('whisper', { path, files: 2 })).state).toBe('ok');
  });

  it('leaves alone what was just made, and knows nothing of a tree that is not there', async () => {
    const path = temporaryDirectory();
    writeFileSync(join(path, 'new.wsp'), '');
    expect((await check('whisper', { path })).state).toBe('ok');
    write(join(path, 'old.wsp'), Buffer.alloc(0));
    expect((await check('whisper', { path })).message).toBe(`Damaged in ${path}: old.wsp (it is empty).`);
    expect(await check('whisper', { path: join(path, 'not') })).toMatchObject({ state: 'no-data', message: `${join(path, 'not')} is not there.` });
  });
});

describe('a check about a service', () => {
  it('rests while that is stopped', async () => {
    const stopped = { name: 'x', role: 'store', state: 'STOPPED', restarts: 0, reason: '', ready: false } as ServiceStatus;
    const settings = { host: '127.0.0.1', port: await deadPort(), service: 'x' };
    expect((await check('tcp', settings, { services: () => [stopped] })).message).toBe('Not looked at: x is stopped, as somebody wanted.');
    expect((await check('tcp', settings, { services: () => [{ ...stopped, state: 'FATAL' }] })).state).toBe('failed');
  });
});
