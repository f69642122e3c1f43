import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { canRun, run } from '../../../src/base/exec.ts';
import type { SpecFor } from '../../../src/sources/api.ts';
import { npmSource } from '../../../src/sources/npm/index.ts';
import { pack } from '../../helpers/pack.ts';
import { fetchContext, flipByte, gist, leftovers, storedDigests } from '../../helpers/fetch-context.ts';
import { content, startLoopback } from '../../helpers/loopback-server.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const withoutNpm = (await canRun('npm')) ? undefined : 'npm is not installed (apt-get install npm)';
const PUBLIC = 'is-odd@3.0.1';
const PUBLIC_INTEGRITY = 'sha512-CQpnWPrDwmP1+SMHXZhtLtJv90yiyVfluGsX5iNCVkrhQtU3TQHsUWPG9wkdk9Lgd5yNpAg9jQEo90CBaXgWMA==';

function spec(integrity?: string): SpecFor<'npm'> {
  return {
    kind: 'npm',
    platforms: ['linux-x64', 'linux-arm64'],
    package: { 'linux-x64': 'is-odd' },
    version: { 'linux-x64': '3.0.1' },
    integrity: integrity === undefined ? {} : { 'linux-x64': integrity },
  };
}

/** A registry that holds one package for macOS on ARM; `served` is what it really sends for it. */
async function registry(tarball: Buffer, served = tarball): Promise<string> {
  const integrity = integrityOf(tarball);
  const server = await startLoopback({
    '/foreign': (_, response) => {
      const version = { name: 'foreign', version: '1.2.3', os: ['darwin'], cpu: ['arm64'], dist: { integrity, tarball: `${server.url}/foreign-1.2.3.tgz` } };
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ name: 'foreign', 'dist-tags': { latest: '1.2.3' }, versions: { '1.2.3': version } }));
    },
    '/foreign-1.2.3.tgz': content(served),
  });
  onTestFinished(() => server.close());
  vi.stubEnv('npm_config_registry', `${server.url}/`);
  vi.stubEnv('npm_config_fetch_retries', '0');
  vi.stubEnv('npm_config_cache', join(temporaryDirectory(), 'cache'));
  onTestFinished(() => void vi.unstubAllEnvs());
  return integrity;
}

function integrityOf(tarball: Buffer): string {
  return `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
}

const foreign: SpecFor<'npm'> = { kind: 'npm', platforms: ['darwin-arm64'], package: { 'darwin-arm64': 'foreign' }, version: {}, integrity: {} };
const tarball = await pack({
  'package/package.json': '{"name":"foreign","version":"1.2.3","os":["darwin"],"cpu":["arm64"],"scripts":{"prepare":"touch /tmp/never"}}',
  'package/bin/thing': 'program',
});

it('takes a package for another system, and then has it offline', async ({ skip }) => {
  skip(withoutNpm !== undefined, withoutNpm);
  await registry(tarball);
  const context = await fetchContext({ platform: 'darwin-arm64' });
  const artifacts = await npmSource.fetch(foreign, context);
  expect(artifacts.map(gist)).toEqual([{ file: 'foreign-1.2.3.tgz', archive: 'tar.gz', into: '', origin: 'npm foreign@1.2.3', verified: 'npm-integrity' }]);
  expect(await leftovers(context)).toEqual([]);
  expect(await npmSource.fetch(foreign, { ...context, offline: true })).toEqual(artifacts);
  await flipByte(artifacts[0]!.path);
  await expect(npmSource.fetch(foreign, { ...context, offline: true })).rejects.toMatchObject({ code: 'verification-failed' });
});

it('refuses a package with one byte changed', async ({ skip }) => {
  skip(withoutNpm !== undefined, withoutNpm);
  const altered = Buffer.from(tarball);
  altered[Math.floor(altered.length / 2)]! ^= 1;
  await registry(tarball, altered);
  const context = await fetchContext({ platform: 'darwin-arm64' });
  await expect(npmSource.fetch(foreign, context)).rejects.toMatchObject({ code: 'verification-failed' });
  expect([...(await leftovers(context)), ...(await storedDigests(context))]).toEqual([]);
});

it('refuses a package that is not the pinned one, though the registry says it is right', async ({ skip }) => {
  skip(withoutNpm !== undefined, withoutNpm);
  await registry(await pack({ 'package/package.json': '{"name":"foreign","version":"1.2.3"}' }));
  const context = await fetchContext({ platform: 'darwin-arm64' });
  const pinned = { ...foreign, integrity: { 'darwin-arm64': integrityOf(tarball) } };
  await expect(npmSource.fetch(pinned, context)).rejects.toMatchObject({
    code: 'verification-failed',
    message: expect.stringContaining('(from the manifest)') as string,
  });
  expect([...(await leftovers(context)), ...(await storedDigests(context))]).toEqual([]);
});

it('says what is not there', async ({ skip }) => {
  skip(withoutNpm !== undefined, withoutNpm);
  await registry(tarball);
  const unknown = npmSource.fetch({ ...foreign, version: { 'darwin-arm64': '9.9.9' } }, await fetchContext({ platform: 'darwin-arm64' }));
  await expect(unknown).rejects.toMatchObject({ code: 'source-unavailable', message: expect.stringContaining('foreign@9.9.9') as string });
  const platform = npmSource.fetch(foreign, await fetchContext({ platform: 'linux-x64' }));
  await expect(platform).rejects.toMatchObject({ code: 'source-unavailable', message: 'thing.toml names no npm package for linux-x64.' });
});

it('says that npm is missing', async () => {
  vi.stubEnv('PATH', temporaryDirectory());
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(npmSource.fetch(spec(), await fetchContext())).rejects.toMatchObject({
    code: 'source-unavailable',
    message: 'npm was not found on this machine.',
    hint: expect.stringContaining('apt-get install') as string,
  });
});

it('fetches from the public registry, pinned and not', async ({ skip }) => {
  const reachable = withoutNpm === undefined && (await run('npm', ['view', PUBLIC, 'version', '--fetch-retries=0'])).code === 0;
  skip(!reachable, `npm cannot reach its registry here; with network access it fetches ${PUBLIC}`);
  const context = await fetchContext();
  expect(await npmSource.fetch(spec(), context)).toMatchObject([{ file: 'is-odd-3.0.1.tgz', verified: 'npm-integrity' }]);
  expect(await npmSource.fetch(spec(PUBLIC_INTEGRITY), context)).toMatchObject([{ verified: 'pinned' }]);
});
