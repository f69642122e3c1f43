import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { parseManifest } from '../../../src/manifest/load.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import { fetchComponent } from '../../../src/sources/fetch-component.ts';
import { pinManifest } from '../../../src/sources/pin.ts';
import { fetchContext, leftovers, storedDigests } from '../../helpers/fetch-context.ts';
import { content, startLoopback, status, type LoopbackServer } from '../../helpers/loopback-server.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const BODY = Buffer.concat([Buffer.from('1f8b0800', 'hex'), randomBytes(2000)]);
const DIGEST = sha256(BODY);

async function serve(): Promise<LoopbackServer> {
  const sum = (digest: string) => content(Buffer.from(`${digest}  thing\n`));
  const server = await startLoopback({
    '/good/thing': content(BODY),
    '/good/thing.sha256': sum(DIGEST),
    '/altered/thing': content(BODY),
    '/altered/thing.sha256': sum('a'.repeat(64)),
    '/gone/thing.sha256': sum(DIGEST),
    '/gone/thing': status(410),
  });
  onTestFinished(() => server.close());
  return server;
}

const HEAD = `name = "thing"
title = "Thing"
description = "A thing."
homepage = "https://example.org"
version = "1.0"
licence = "MIT"
role = "extra"
preference = 1
`;

const source = (url: string, more = ''): string => `
[[sources]]
kind = "http"
platforms = ["linux-x64", "linux-arm64"]
archive = "tar.gz"
url = "${url}/thing"
checksum_url = "${url}/thing.sha256"
${more}`;

function manifest(...sources: string[]): Manifest {
  return parseManifest(HEAD + sources.join(''), 'thing.toml');
}

it('takes the first source that has it and says why not the ones before', async () => {
  const { url } = await serve();
  const outcome = await fetchComponent(manifest(source(`${url}/gone`), source(`${url}/nowhere`), source(`${url}/good`)), await fetchContext());
  expect(outcome).toMatchObject({
    ok: true,
    component: 'thing',
    source: `${url}/good/thing`,
    verified: 'publisher-checksum',
    artifacts: [{ sha256: DIGEST }],
    reasons: [
      { kind: 'http', source: `${url}/gone/thing`, code: 'download-failed', message: `${url}/gone/thing: answered 410 Gone.` },
      { message: `${url}/nowhere/thing.sha256: answered 404 Not Found.` },
    ],
  });
});

it('reports all sources when none has it', async () => {
  const { url } = await serve();
  const outcome = await fetchComponent(manifest(source(`${url}/gone`), source(`${url}/nowhere`)), await fetchContext());
  expect(outcome).toMatchObject({ ok: false, component: 'thing', code: 'components-missing', reasons: [{}, {}] });
});

it('stops at a file that is not what it should be', async () => {
  const { url } = await serve();
  const context = await fetchContext();
  const outcome = await fetchComponent(manifest(source(`${url}/altered`), source(`${url}/good`)), context);
  expect(outcome).toMatchObject({
    ok: false,
    code: 'verification-failed',
    reasons: [{ code: 'verification-failed', message: expect.stringContaining('expected SHA-256 aaaa') as string }],
  });
  expect(await leftovers(context)).toEqual([]);
  expect(await storedDigests(context)).toEqual([]);
});

it('passes over what is verified too weakly, before it fetches anything', async () => {
  const server = await serve();
  const weak = source(`${server.url}/good`);
  const refused = await fetchComponent(manifest(weak), await fetchContext(), { require: 'pinned' });
  expect(refused).toMatchObject({ ok: false, code: 'verification-too-weak' });
  expect(refused.reasons[0]?.message).toBe(
    `thing from ${server.url}/good/thing is verified by publisher-checksum only; --require asks for pinned or stronger.`,
  );
  expect(refused.reasons[0]?.hint).toContain('pin thing');
  expect(server.requests).toEqual([]);
  const strong = source(`${server.url}/good`, `sha256.linux-x64 = "${DIGEST}"\n`);
  expect(await fetchComponent(manifest(weak, strong), await fetchContext(), { require: 'pinned' })).toMatchObject({ ok: true, verified: 'pinned' });
  expect(await fetchComponent(manifest(weak), await fetchContext(), { require: 'publisher-checksum' })).toMatchObject({ ok: true });
});

it('takes what the user gives in place of the manifest’s sources', async () => {
  const path = join(temporaryDirectory(), 'thing');
  await writeFile(path, '#!/bin/sh\n');
  const outcome = await fetchComponent(manifest(source('http://127.0.0.1:1')), await fetchContext({ offline: true }), {
    sourceOverride: { kind: 'local', path },
  });
  expect(outcome).toMatchObject({ ok: true, verified: 'local', source: path, spec: { kind: 'local' } });
  const refused = await fetchComponent(manifest(source('http://127.0.0.1:1')), await fetchContext(), {
    sourceOverride: { kind: 'local', path },
    require: 'publisher-checksum',
  });
  expect(refused).toMatchObject({ ok: false, code: 'verification-too-weak' });
  const missing = await fetchComponent(manifest(source('http://127.0.0.1:1')), await fetchContext(), { sourceOverride: { kind: 'local', path: `${path}x` } });
  expect(missing).toMatchObject({ ok: false, code: 'components-missing', reasons: [{ code: 'file-missing' }] });
});

it('says which platforms it has when it has not this one', async () => {
  const outcome = await fetchComponent(manifest(source('http://127.0.0.1:1')), await fetchContext({ platform: 'darwin-x64' }));
  expect(outcome).toMatchObject({
    ok: false,
    reasons: [{ kind: 'none', message: 'thing.toml has no source for darwin-x64, only for linux-x64, linux-arm64.' }],
  });
});

it('is interrupted, not failed, when it is told to stop', async () => {
  const { url } = await serve();
  const failing = fetchComponent(manifest(source(`${url}/good`)), await fetchContext({ signal: AbortSignal.abort() }));
  await expect(failing).rejects.toMatchObject({ code: 'interrupted' });
});

it('pins a manifest after checking the files themselves, and reports what it could not', async () => {
  const { url } = await serve();
  const path = join(temporaryDirectory(), 'thing.toml');
  const more = (values: string) => source(`${url}/{where}`, values);
  await writeFile(path, HEAD + more(`values = { linux-x64 = { where = "good" }, linux-arm64 = { where = "altered" } } # where it lies\n`));
  const context = await fetchContext();
  const reports = await pinManifest(path, context);
  expect(reports).toMatchObject([
    { platform: 'linux-x64', file: 'thing', digest: DIGEST, was: undefined },
    { platform: 'linux-arm64', file: 'thing', failure: { code: 'verification-failed' } },
  ]);
  expect(await readFile(path, 'utf8')).toBe(
    HEAD + more(`values = { linux-x64 = { where = "good" }, linux-arm64 = { where = "altered" } } # where it lies\nsha256.linux-x64 = "${DIGEST}"\n`),
  );
  expect(await fetchComponent(parseManifest(await readFile(path, 'utf8'), 'thing.toml'), { ...context, offline: true })).toMatchObject({
    ok: true,
    verified: 'pinned',
  });
});

it('says when there is nothing to pin', async () => {
  const path = join(temporaryDirectory(), 'thing.toml');
  await writeFile(path, `${HEAD}\n[[sources]]\nkind = "built-in"\n`);
  await expect(pinManifest(path, await fetchContext())).rejects.toThrow(/nothing to pin/);
});
