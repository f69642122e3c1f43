import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { run } from '../../../src/base/exec.ts';
import type { SpecFor } from '../../../src/sources/api.ts';
import { content, startLoopback } from '../../helpers/loopback-server.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const PROGRAM = fileURLToPath(new URL('../../helpers/fetch-program.ts', import.meta.url));
const BODY = Buffer.concat([Buffer.from('1f8b0800', 'hex'), randomBytes(500_000)]);

it('continues after kill -9 where the killed process was', async () => {
  const server = await startLoopback({ '/thing': content(BODY, { etag: '"1"', stallAfter: 200_000, stallTimes: 1 }) });
  onTestFinished(() => server.close());
  const spec: SpecFor<'http'> = {
    kind: 'http',
    platforms: ['linux-x64'],
    url: `${server.url}/thing`,
    archive: 'tar.gz',
    sha256: { 'linux-x64': sha256(BODY) },
    values: {},
  };
  const vendor = join(temporaryDirectory(), 'vendor');
  const task = JSON.stringify({ spec, vendor, platform: 'linux-x64' });

  const child = spawn(process.execPath, [PROGRAM, task], { stdio: ['ignore', 'ignore', 'pipe'] });
  const killed = Promise.withResolvers<NodeJS.Signals | null>();
  child.once('exit', (_, signal) => killed.resolve(signal));
  let seen = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    seen += text;
    if (seen.includes('progress thing 200000')) child.kill('SIGKILL');
  });
  expect(await killed.promise).toBe('SIGKILL');
  expect(await readdir(join(vendor, 'partial'))).toHaveLength(1);

  const again = await run(process.execPath, [PROGRAM, task]);
  expect(JSON.parse(again.stdout)).toMatchObject([{ sha256: sha256(BODY), verified: 'pinned' }]);
  expect(server.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=200000-']);
  expect(await readdir(join(vendor, 'partial'))).toEqual([]);

  await server.close();
  const offline = await run(process.execPath, [PROGRAM, JSON.stringify({ spec, vendor, platform: 'linux-x64', offline: true })]);
  expect(JSON.parse(offline.stdout)).toMatchObject([{ sha256: sha256(BODY) }]);
});

it('goes through the proxy that the environment names, but not for what it excepts', async () => {
  const proxy = await startLoopback({ '/thing': content(BODY) });
  onTestFinished(() => proxy.close());
  const spec: SpecFor<'http'> = {
    kind: 'http',
    platforms: ['linux-x64'],
    url: 'http://files.invalid/thing',
    archive: 'tar.gz',
    sha256: { 'linux-x64': sha256(BODY) },
    values: {},
  };
  const fetchWith = (changes: NodeJS.ProcessEnv) =>
    run(process.execPath, [PROGRAM, JSON.stringify({ spec, vendor: join(temporaryDirectory(), 'vendor'), platform: 'linux-x64' })], {
      env: { ...process.env, ...changes },
    });
  expect(JSON.parse((await fetchWith({ HTTP_PROXY: proxy.url, NO_PROXY: '' })).stdout)).toMatchObject([{ sha256: sha256(BODY) }]);
  expect(JSON.parse((await fetchWith({ HTTP_PROXY: proxy.url, NO_PROXY: 'files.invalid' })).stdout)).toMatchObject({
    code: 'download-failed',
    message: expect.stringContaining('does not resolve') as string,
  });
});
