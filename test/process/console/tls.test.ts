import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectSecurely, type ConnectionOptions } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from '../../../src/console/tls/self-signed.ts';
import { eventually } from '../../helpers/wait.ts';
import { PASSWORD, startConsole, type ConsoleProcess } from './console-process.ts';

let running: ConsoleProcess;
let certificate: string;
const file = (name: string): string => join(running.directory, name);
const port = (): number => Number(new URL(running.url).port);

beforeAll(async () => {
  const made = await makeCertificate(['localhost', '127.0.0.1']);
  ({ certificate } = made);
  running = await startConsole('http://127.0.0.1:1', {
    more: (directory) => {
      writeFileSync(join(directory, 'certificate.pem'), made.certificate);
      writeFileSync(join(directory, 'key.pem'), made.key, { mode: 0o600 });
      return `\n[tls]\ncertificate_file = "${directory}/certificate.pem"\nkey_file = "${directory}/key.pem"\nhsts_s = 60\n`;
    },
  });
}, 60_000);
afterAll(() => running.stop());

interface Answer {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  text: string;
}

function ask(
  path: string,
  { method = 'GET', headers = {}, body = '' }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asking = request({ host: '127.0.0.1', port: port(), path, method, headers, ca: certificate, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
  });
  asking.on('error', reject).end(body);
  return promise;
}

/** What a handshake comes to: the protocol, or why there is none. */
function handshake(options: ConnectionOptions): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connectSecurely({ host: '127.0.0.1', port: port(), ca: certificate, ...options }, () => {
    resolve(socket.getProtocol() ?? 'none');
    socket.destroy();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  return promise;
}

function plain(text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = '';
  const socket = connect(port(), '127.0.0.1', () => socket.write(text));
  socket
    .setEncoding('latin1')
    .on('data', (part: string) => (answer += part))
    .on('error', () => undefined)
    .on('close', () => resolve(answer));
  return promise;
}

/** Sends a header now and then over TLS, and never the last; gives back what came until it was cut off. */
function sendSlowly(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = '';
  const socket = connectSecurely({ host: '127.0.0.1', port: port(), ca: certificate }, () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n'));
  const slowly = setInterval(() => socket.write('X-A: b\r\n'), 500);
  socket.setEncoding('latin1').on('data', (part: string) => (answer += part));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(slowly);
    resolve(answer);
  });
  return promise;
}

describe('with a certificate', () => {
  it('speaks https, and its cookies go nowhere else', async () => {
    const page = await ask('/login');
    expect([page.status, page.headers['strict-transport-security']]).toEqual([200, 'max-age=60']);
    const form = page.headers['set-cookie']?.[0] ?? '';
    expect(form).toMatch(/^__Host-dkm_login_\d+=[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    const token = /name="token" value="([^"]*)"/.exec(page.text)?.[1] ?? '';
    const cookie = form.split(';')[0]!;
    const body = new URLSearchParams({ token, username: 'admin', password: PASSWORD }).toString();
    const headers = { cookie, origin: `https://127.0.0.1:${port()}`, 'content-type': 'application/x-www-form-urlencoded' };
    const login = await ask('/login', { method: 'POST', headers, body });
    expect(login.status).toBe(303);
    const session = login.headers['set-cookie']?.[0] ?? '';
    expect(session).toMatch(/^__Host-dkm_session_\d+=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect((await ask('/api/status', { headers: { cookie: session.split(';')[0]! } })).status).toBe(200);
    // A page of the same address in plain http is another origin.
    expect((await ask('/login', { method: 'POST', headers: { ...headers, origin: `http://127.0.0.1:1` }, body })).status).toBe(403);
  });

  it.each<[string, ConnectionOptions, RegExp]>([
    ['TLS 1.3', {}, /^TLSv1\.3$/],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }, /^TLSv1\.2$/],
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, /PROTOCOL|ALERT|ECONNRESET/],
    ['a cipher without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }, /HANDSHAKE|ALERT|ECONNRESET/],
    ['a cipher of the old kind', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' }, /HANDSHAKE|ALERT|ECONNRESET/],
  ])('%s: %o', async (_, options, expected) => {
    expect(await handshake(options)).toMatch(expected);
  });

  it('tells the fingerprint in its log', () => {
    expect(running.log()).toContain(`SHA-256 ${new X509Certificate(certificate).fingerprint256}`);
  });
});

describe('plain http on the same port', () => {
  it('is answered with the health that the supervisor asks for, and with the way to https', async () => {
    expect(await (await fetch(`${running.url}/healthz`)).text()).toBe('ok');
    const response = await fetch(`${running.url}/services?a=b`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([307, `https://127.0.0.1:${port()}/services?a=b`]);
  });

  it.each([
    ['a password', 'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabcde', /^HTTP\/1\.1 400 /],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: evil"><b>\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['another address as target', 'GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['two slashes', 'GET //evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['something else', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', /^HTTP\/1\.1 400 /],
  ])('takes nothing else: %s', async (_, text, expected) => {
    expect(await plain(text)).toMatch(expected);
  });
});

it('survives handshakes that are none, and connections that say nothing, end at once or send headers slowly', async () => {
  const slow = sendSlowly();
  await plain('\x16\x03\x01\x00\x05hello').catch(() => undefined);
  const silent = connect(port(), '127.0.0.1').on('error', () => undefined);
  for (let index = 0; index < 50; index += 1)
    connect(port(), '127.0.0.1')
      .on('error', () => undefined)
      .end();
  expect((await ask('/healthz')).status).toBe(200);
  await eventually('the silent one was cut off', () => silent.closed, 15_000);
  expect(await slow).toMatch(/^HTTP\/1\.1 408 /);
}, 20_000);

it('uses a renewed certificate without a restart, and keeps the old one while the new one does not fit', async () => {
  const { child } = running;
  const fingerprintOf = (): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const socket = connectSecurely({ host: '127.0.0.1', port: port(), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
    return promise;
  };
  const [before, next] = [new X509Certificate(certificate).fingerprint256, await makeCertificate(['localhost', '127.0.0.1'])];
  writeFileSync(file('certificate.pem'), next.certificate);
  await eventually('it says that the key does not fit', () => running.log().includes('is not the key of the certificate'), 10_000);
  expect(await fingerprintOf()).toBe(before);
  writeFileSync(file('key.pem'), next.key);
  await eventually('the new one is in use', async () => (await fingerprintOf()) === new X509Certificate(next.certificate).fingerprint256, 10_000);
  rmSync(file('key.pem'));
  await eventually('it says that it is gone', () => /TLS key cannot be read/.test(running.log()), 10_000);
  expect(await fingerprintOf()).toBe(new X509Certificate(next.certificate).fingerprint256);
  expect([running.child === child, child.exitCode]).toEqual([true, null]);
  expect(running.log()).not.toContain(readFileSync(file('certificate.pem'), 'utf8').slice(30, 60));
}, 30_000);
