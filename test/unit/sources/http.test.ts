import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import type { FetchContext, SpecFor } from '../../../src/sources/api.ts';
import { checksumFor } from '../../../src/sources/http/checksum.ts';
import { httpSource } from '../../../src/sources/http/index.ts';
import { fetchContext, flipByte, gist, leftovers, storedDigests } from '../../helpers/fetch-context.ts';
import { content, startLoopback, status, type Handler, type LoopbackServer } from '../../helpers/loopback-server.ts';

const BODY = Buffer.concat([Buffer.from('1f8b0800', 'hex'), randomBytes(50_000)]);
const DIGEST = sha256(BODY);

async function serve(handlers: Record<string, Handler>): Promise<LoopbackServer> {
  const server = await startLoopback(handlers);
  onTestFinished(() => server.close());
  return server;
}

function spec(url: string, changes: Partial<SpecFor<'http'>> = {}): SpecFor<'http'> {
  return { kind: 'http', platforms: ['linux-x64', 'linux-arm64'], url, archive: 'tar.gz', sha256: {}, values: {}, ...changes };
}

const good = { '/1.2.3/thing-amd64.tar.gz': content(BODY), '/1.2.3/thing-amd64.tar.gz.sha256': content(Buffer.from(`${DIGEST}\n`)) };
const patterns = (server: LoopbackServer): SpecFor<'http'> =>
  spec(`${server.url}/{version}/thing-{arch}.tar.gz`, {
    values: { 'linux-x64': { arch: 'amd64' } },
    checksum_url: `${server.url}/{version}/thing-{arch}.tar.gz.sha256`,
  });

it('takes a pinned file, and afterwards the one in the vendor directory', async () => {
  const server = await serve(good);
  const context = await fetchContext();
  const pinned = { ...patterns(server), sha256: { 'linux-x64': DIGEST } };
  const [artifact] = await httpSource.fetch(pinned, context);
  expect(gist(artifact!)).toEqual({
    file: 'thing-amd64.tar.gz',
    archive: 'tar.gz',
    into: '',
    origin: `${server.url}/1.2.3/thing-amd64.tar.gz`,
    verified: 'pinned',
  });
  expect(artifact).toMatchObject({ sha256: DIGEST, size: BODY.length });
  expect(await readFile(artifact!.path)).toEqual(BODY);
  await server.close();
  expect(await httpSource.fetch(pinned, { ...context, offline: true })).toEqual([artifact]);
  expect(await leftovers(context)).toEqual([]);
});

it('takes a file with its publisher’s checksum, and offline what that was answered with', async () => {
  const server = await serve(good);
  const context = await fetchContext();
  const [artifact] = await httpSource.fetch(patterns(server), context);
  expect(artifact).toMatchObject({ sha256: DIGEST, verified: 'publisher-checksum' });
  await server.close();
  expect(await httpSource.fetch(patterns(server), { ...context, offline: true })).toMatchObject([{ sha256: DIGEST, verified: 'publisher-checksum' }]);
});

it('does not take what a checksum proved for what a pin asks', async () => {
  const server = await serve(good);
  const context = await fetchContext();
  await httpSource.fetch(patterns(server), context);
  const pinned = { ...patterns(server), sha256: { 'linux-x64': 'a'.repeat(64) } };
  await expect(httpSource.fetch(pinned, context)).rejects.toMatchObject({ code: 'verification-failed' });
});

const flipped = Buffer.from(BODY);
flipped[30_000]! ^= 1;

it.each<[string, Handler, Partial<SpecFor<'http'>>, string, RegExp]>([
  [
    'one byte differs from the pin',
    content(flipped),
    { sha256: { 'linux-x64': DIGEST } },
    'verification-failed',
    /expected SHA-256 \w{64} \(from the manifest\), found \w{64}/,
  ],
  ['one byte differs from the checksum', content(flipped), {}, 'verification-failed', /expected SHA-256 \w{64} \(from http\S+sha256\), found/],
  ['it is cut short and has no length', content(BODY.subarray(0, 999), { chunked: true }), {}, 'verification-failed', /expected SHA-256/],
  ['it is cut off', content(BODY, { cutAfter: 100, ranges: false }), {}, 'download-failed', /tried \d+ times/],
  ['it is not there', status(404), {}, 'download-failed', /answered 404/],
  ['it is a web page', content(Buffer.from('<html></html>')), { sha256: { 'linux-x64': DIGEST } }, 'download-failed', /web page/],
])('refuses a file when %s, and leaves nothing', async (_, handler, changes, code, message) => {
  const server = await serve({ '/f': handler, '/f.sha256': content(Buffer.from(`${DIGEST}  f\n`)) });
  const context = await fetchContext();
  const failing = httpSource.fetch(spec(`${server.url}/f`, { checksum_url: `${server.url}/f.sha256`, ...changes }), context);
  await expect(failing).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  expect(await leftovers(context)).toEqual([]);
  expect(await storedDigests(context)).toEqual([]);
});

it('refuses a file of the vendor directory that was altered', async () => {
  const server = await serve(good);
  const context = await fetchContext();
  const [artifact] = await httpSource.fetch(patterns(server), context);
  await flipByte(artifact!.path);
  await expect(httpSource.fetch(patterns(server), { ...context, offline: true })).rejects.toMatchObject({
    code: 'verification-failed',
    hint: expect.stringContaining('Remove this file') as string,
  });
});

it.each<[string, Partial<SpecFor<'http'>>, Partial<FetchContext>, RegExp]>([
  ['says how to pin what cannot be verified', {}, {}, /has neither sha256\.linux-x64 nor checksum_url/],
  ['says what a vendor directory lacks', { sha256: { 'linux-x64': DIGEST } }, { offline: true }, /is not in the vendor directory .* --offline forbids/],
])('%s', async (_, changes, contextChanges, message) => {
  const failing = httpSource.fetch(spec('http://127.0.0.1:1/f', changes), await fetchContext(contextChanges));
  await expect(failing).rejects.toMatchObject({
    code: 'source-unavailable',
    message: expect.stringMatching(message) as string,
    hint: expect.any(String) as string,
  });
});

it('names a value that an address lacks', async () => {
  expect(() => httpSource.describe(spec('http://127.0.0.1:1/{build}'), { name: 'thing', version: '1' }, 'linux-x64')).toThrow(
    /\{build\} in .* has no value for linux-x64; it has version/,
  );
  await expect(httpSource.fetch(spec('http://127.0.0.1:1/{build}'), await fetchContext())).rejects.toMatchObject({ code: 'manifest-invalid' });
});

const other = 'b'.repeat(64);

it.each<[string, string, string | undefined]>([
  ['bare digits', DIGEST, DIGEST],
  ['bare digits in capitals', `${DIGEST.toUpperCase()}\r\n`, DIGEST],
  ['lines', `${other}  x.deb\n${DIGEST}  f.tar.gz\n`, DIGEST],
  ['a binary-mode line', `${DIGEST} *f.tar.gz\n`, DIGEST],
  ['a path before the name', `${DIGEST}  ./dist/f.tar.gz\n`, DIGEST],
  ['BSD lines', `SHA256 (x) = ${other}\nSHA256 (f.tar.gz) = ${DIGEST}\n`, DIGEST],
  ['the same line twice', `${DIGEST}  f.tar.gz\n${DIGEST}  f.tar.gz\n`, DIGEST],
  ['lines for other files', `${other}  x.tar.gz\n`, undefined],
  ['lines that contradict each other', `${DIGEST}  f.tar.gz\n${other}  f.tar.gz\n`, undefined],
  ['a longer name', `${DIGEST}  f.tar.gz.asc\n`, undefined],
  ['an MD5', 'd41d8cd98f00b204e9800998ecf8427e  f.tar.gz', undefined],
  ['nothing', '', undefined],
])('reads a checksum file with %s', (_, text, expected) => {
  expect(checksumFor(text, 'f.tar.gz')).toBe(expected);
});
