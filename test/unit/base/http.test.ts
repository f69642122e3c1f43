import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DkmError } from '../../../src/base/errors.ts';
import { download, fetchText, type DownloadOptions } from '../../../src/base/http.ts';
import { content, inTurn, redirect, startLoopback, status, type Handler, type LoopbackServer } from '../../helpers/loopback-server.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const BODY = Buffer.concat([Buffer.from('1f8b0800', 'hex'), randomBytes(300_000)]);
const QUICK: DownloadOptions = { backoffBaseMs: 1, timeouts: { connectMs: 5_000, stallMs: 300 } };

async function serve(handlers: Record<string, Handler>): Promise<LoopbackServer> {
  const server = await startLoopback(handlers);
  onTestFinished(() => server.close());
  return server;
}

async function get(server: LoopbackServer, path = '/file', options: DownloadOptions = {}): Promise<{ folder: string; outcome: Buffer | DkmError }> {
  const folder = temporaryDirectory();
  const target = join(folder, 'file');
  const outcome = await download(server.url + path, target, { ...QUICK, ...options }).then(
    () => readFile(target),
    (error: unknown) => error as DkmError,
  );
  return { folder, outcome };
}

it.each<[string, Record<string, Handler>]>([
  ['a plain file', { '/file': content(BODY) }],
  ['a file without a length', { '/file': content(BODY, { chunked: true }) }],
  ['500, then well', { '/file': inTurn(status(500), status(503), content(BODY)) }],
  ['429 with Retry-After, then well', { '/file': inTurn(status(429, { 'retry-after': '0' }), content(BODY)) }],
  ['a redirect elsewhere', { '/file': redirect('/elsewhere'), '/elsewhere': content(BODY) }],
  ['a connection that is cut, with ranges', { '/file': content(BODY, { etag: '"a"', cutAfter: 100_000, cutTimes: 2 }) }],
  ['a connection that is cut, without ranges', { '/file': content(BODY, { ranges: false, cutAfter: 100_000, cutTimes: 2 }) }],
  ['chunks that are cut', { '/file': content(BODY, { chunked: true, cutAfter: 100_000, cutTimes: 1 }) }],
  ['a stall', { '/file': content(BODY, { etag: '"a"', stallAfter: 50_000, stallTimes: 1 }) }],
  ['an archive that is called a web page', { '/file': content(BODY, { type: 'text/html' }) }],
])('fetches %s', async (_, handlers) => {
  const { folder, outcome } = await get(await serve(handlers));
  expect(outcome).toEqual(BODY);
  expect(await readdir(folder)).toEqual(['file']);
});

it('waits for a server that is slow to begin', async () => {
  const slow: Handler = (request, response, count) => void setTimeout(() => content(BODY)(request, response, count), 600);
  expect((await get(await serve({ '/file': slow }))).outcome).toEqual(BODY);
});

const html = Buffer.from('\n<!DOCTYPE html><html><body>Please log in</body></html>');

it.each<[string, Record<string, Handler>, RegExp, number]>([
  ['404', { '/file': status(404) }, /answered 404 Not Found\.$/, 1],
  ['500 for ever', { '/file': status(500) }, /answered 500 Internal Server Error \(tried 5 times\)/, 5],
  ['429 for a day', { '/file': status(429, { 'retry-after': '86400' }) }, /asks to wait for 86400 s/, 1],
  ['a circle of redirects', { '/file': redirect('/b'), '/b': redirect('/c'), '/c': redirect('/b') }, /in a circle: http\S+\/b -> http\S+\/c -> http\S+\/b/, 3],
  ['a redirect to itself', { '/file': redirect('/file') }, /in a circle/, 1],
  ['a redirect to a file', { '/file': redirect('file:///etc/passwd') }, /redirects to file:/, 1],
  ['a redirect to nowhere', { '/file': status(302) }, /no Location header/, 1],
  ['a web page', { '/file': content(html, { type: 'text/html' }) }, /a web page where a file was expected/, 1],
  ['a web page that is called an archive', { '/file': content(html) }, /a web page where a file was expected/, 1],
  ['words of a web server', { '/file': content(Buffer.from('Service is moving'), { type: 'text/html; charset=utf-8' }) }, /a web page where/, 1],
  ['nothing', { '/file': content(Buffer.alloc(0)) }, /an empty file/, 1],
  [
    'a file that is always cut at the same place',
    { '/file': content(BODY, { ranges: false, cutAfter: 1000 }) },
    /(connection broke|ended after \d+ of 300004 bytes).*\(tried \d+ times\)/,
    5,
  ],
  [
    'chunks that are always cut',
    { '/file': content(BODY, { chunked: true, cutAfter: 1000 }) },
    /(connection broke|ended after \d+ of 300004 bytes).*\(tried \d+ times\)/,
    5,
  ],
  ['a stall for ever', { '/file': content(BODY, { stallAfter: 1000, ranges: false }) }, /stalled: no data for 0\.3 s after 1000 of 300004 bytes/, 5],
])('refuses %s and leaves nothing', async (_, handlers, message, requests) => {
  const server = await serve(handlers);
  const { folder, outcome } = await get(server);
  expect(outcome).toBeInstanceOf(DkmError);
  expect((outcome as DkmError).message).toMatch(message);
  expect(outcome).toMatchObject({ code: 'download-failed', message: expect.stringMatching(message) as string });
  // A try that got further than the ones before does not count as one of the five.
  expect(server.requests.length).toBeGreaterThanOrEqual(requests);
  expect(server.requests.length).toBeLessThanOrEqual(requests === 5 ? 10 : requests);
  expect(await readdir(folder)).toEqual([]);
});

it('gives up soon where nothing answers', async () => {
  const folder = temporaryDirectory();
  const server = await startLoopback({});
  await server.close();
  const refused = download(`${server.url}/file`, join(folder, 'file'), QUICK);
  await expect(refused).rejects.toMatchObject({
    code: 'download-failed',
    message: expect.stringMatching(/connection was refused \(ECONNREFUSED\) \(tried 2 times\)/) as string,
  });
  const unknown = download('http://host.invalid/file', join(folder, 'file'), QUICK);
  await expect(unknown).rejects.toMatchObject({
    message: expect.stringMatching(/does not resolve/) as string,
    hint: expect.stringContaining('--offline') as string,
  });
});

it('gives up on a server that takes the connection and says nothing', async () => {
  const server = await serve({ '/file': () => undefined });
  const { outcome } = await get(server, '/file', { timeouts: { connectMs: 100 } });
  expect(outcome).toMatchObject({ message: expect.stringMatching(/gave no answer for 0\.1 s \(tried 2 times\)/) as string });
});

it('keeps passwords and signatures in addresses out of messages', async () => {
  const names: (string | undefined)[] = [];
  const server = await serve({ '/file': (request, response, count) => (names.push(request.headers.authorization), status(404)(request, response, count)) });
  const folder = temporaryDirectory();
  const address = `${server.url.replace('//', '//user:secret@')}/file?signature=secret`;
  const error = await download(address, join(folder, 'file'), QUICK).catch((thrown: unknown) => thrown as DkmError);
  expect((error as DkmError).message).toBe(`${server.url}/file: answered 404 Not Found.`);
  expect(names).toEqual([`Basic ${Buffer.from('user:secret').toString('base64')}`]);
});

/** What an interrupted run leaves. */
async function half(folder: string, url: string, validator: string): Promise<string> {
  const target = join(folder, 'file');
  await writeFile(target, BODY.subarray(0, 100_000));
  await writeFile(`${target}.resume`, JSON.stringify({ url, validator }));
  return target;
}

it('continues what an interrupted run left', async () => {
  const server = await serve({ '/file': content(BODY, { etag: '"a"' }) });
  const folder = temporaryDirectory();
  const target = await half(folder, `${server.url}/file`, '"a"');
  const seen: number[] = [];
  await download(`${server.url}/file`, target, { ...QUICK, onProgress: (done, total) => seen.push(done, total ?? -1) });
  expect(server.requests).toEqual([{ path: '/file', range: 'bytes=100000-', ifRange: '"a"' }]);
  expect(await readFile(target)).toEqual(BODY);
  expect(Math.min(...seen)).toBeGreaterThan(100_000);
  expect(seen.slice(-2)).toEqual([BODY.length, BODY.length]);
});

it.each<[string, Handler, string]>([
  ['the content changed meanwhile (another ETag)', content(BODY, { etag: '"new"' }), '"old"'],
  ['the server does not know ranges', content(BODY, { etag: '"a"', ranges: false }), '"a"'],
  ['there is no such range any more', inTurn(status(416), content(BODY, { etag: '"a"' })), '"a"'],
  [
    'the server sends another part',
    inTurn((_, response) => void response.writeHead(206, { 'content-range': 'bytes 5-9/300004' }).end('other'), content(BODY, { etag: '"a"' })),
    '"a"',
  ],
])('begins anew when %s', async (_, handler, validator) => {
  const server = await serve({ '/file': handler });
  const target = await half(temporaryDirectory(), `${server.url}/file`, validator);
  await download(`${server.url}/file`, target, QUICK);
  expect(await readFile(target)).toEqual(BODY);
});

it('does not continue the file of another address, nor one it cannot be sure of', async () => {
  const server = await serve({ '/file': content(BODY, { etag: 'W/"weak"', cutAfter: 1000, cutTimes: 1 }) });
  const target = await half(temporaryDirectory(), 'http://127.0.0.1/other', '"a"');
  await download(`${server.url}/file`, target, QUICK);
  expect(server.requests.map(({ range }) => range)).toEqual([undefined, undefined]);
  expect(await readFile(target)).toEqual(BODY);
});

it('stops when it is interrupted and leaves what came, to be continued', async () => {
  const server = await serve({ '/file': content(BODY, { etag: '"a"', stallAfter: 100_000, stallTimes: 1 }) });
  const folder = temporaryDirectory();
  const target = join(folder, 'file');
  const controller = new AbortController();
  const onProgress = (done: number): void => void (done >= 100_000 && controller.abort());
  const stopped = download(`${server.url}/file`, target, { timeouts: { stallMs: 20_000 }, onProgress, signal: controller.signal });
  await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  expect(await readFile(target)).toEqual(BODY.subarray(0, 100_000));
  await download(`${server.url}/file`, target, QUICK);
  expect(server.requests.at(-1)?.range).toBe('bytes=100000-');
  expect(await readFile(target)).toEqual(BODY);
  expect(await readdir(folder)).toEqual(['file']);
});

it('fetches a small text', async () => {
  const server = await serve({
    '/sum': inTurn(status(502), content(Buffer.from('abc  file\n'))),
    '/page': content(html),
    '/long': content(Buffer.alloc(2000, 'a')),
  });
  expect(await fetchText(`${server.url}/sum`, QUICK)).toBe('abc  file\n');
  await expect(fetchText(`${server.url}/page`, QUICK)).rejects.toThrow(/web page/);
  await expect(fetchText(`${server.url}/long`, { ...QUICK, maxBytes: 1000 })).rejects.toThrow(/longer than the 1000 bytes/);
});
