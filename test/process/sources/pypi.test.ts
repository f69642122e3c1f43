import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { canRun, run, runOrThrow } from '../../../src/base/exec.ts';
import type { SpecFor } from '../../../src/sources/api.ts';
import { pypiSource } from '../../../src/sources/pypi/index.ts';
import { pack } from '../../helpers/pack.ts';
import { fetchContext, flipByte, gist, leftovers, storedDigests } from '../../helpers/fetch-context.ts';
import { content, startLoopback } from '../../helpers/loopback-server.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const withoutPip = (await canRun('python3', ['-m', 'pip', '--version'])) ? undefined : 'python3 has no pip (apt-get install python3-pip)';
const METADATA_ONLY = fileURLToPath(new URL('../../../src/sources/pypi/metadata-only', import.meta.url));

/** A wheel of nothing, for one platform. */
async function wheel(name: string, version: string, tag: string): Promise<{ file: string; bytes: Buffer }> {
  const file = `${name}-${version}-${tag}.whl`;
  const path = join(temporaryDirectory(), file);
  const code = [
    'import sys, zipfile',
    'path, name, version, tag = sys.argv[1:]',
    'archive = zipfile.ZipFile(path, "w")',
    'info = f"{name}-{version}.dist-info/"',
    'archive.writestr(f"{name}.py", "x = 1\\n" * 500)',
    'archive.writestr(info + "METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")',
    'archive.writestr(info + "WHEEL", f"Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: {tag}\\n")',
    'archive.writestr(info + "RECORD", "")',
    'archive.close()',
  ].join('\n');
  await runOrThrow('python3', ['-c', code, path, name, version, tag]);
  return { file, bytes: await readFile(path) };
}

/** A source distribution whose setup.py leaves a mark when it is run. */
async function sourceDistribution(mark: string): Promise<{ file: string; bytes: Buffer }> {
  const bytes = await pack({
    'older-2.0/PKG-INFO': 'Metadata-Version: 1.1\nName: older\nVersion: 2.0\n',
    'older-2.0/setup.py': `open(${JSON.stringify(mark)}, "w").close()\nfrom setuptools import setup\nsetup(name="older", version="2.0")\n`,
    'older-2.0/older.py': 'x = 1\n',
  });
  return { file: 'older-2.0.tar.gz', bytes };
}

/** An index that holds these files; it sends `served` for them where given. */
async function index(files: { name: string; file: string; bytes: Buffer; served?: Buffer }[]): Promise<void> {
  const page = (name: string) =>
    files
      .filter((each) => each.name === name)
      .map(({ file, bytes }) => `<a href="/files/${file}#sha256=${sha256(bytes)}">${file}</a>`)
      .join('');
  const server = await startLoopback({
    ...Object.fromEntries(
      files.map(({ name }) => [`/simple/${name}/`, content(Buffer.from(`<!DOCTYPE html><html><body>${page(name)}</body></html>`), { type: 'text/html' })]),
    ),
    ...Object.fromEntries(files.map(({ file, bytes, served }) => [`/files/${file}`, content(served ?? bytes)])),
  });
  onTestFinished(() => server.close());
  vi.stubEnv('PIP_INDEX_URL', `${server.url}/simple/`);
  vi.stubEnv('PIP_NO_CACHE_DIR', '1');
  onTestFinished(() => void vi.unstubAllEnvs());
}

const spec = (packages: SpecFor<'pypi'>['packages']): SpecFor<'pypi'> => ({ kind: 'pypi', platforms: ['linux-arm64'], packages, into: 'site', python: '3.11' });
const native = { name: 'native', version: '1.0', sha256: [], licence: 'MIT' };
const older = { name: 'older', version: '2.0', sha256: [], licence: 'BSD-3-Clause', sdist: { 'older.py': 'older.py' } };

it('fetches wheels for another platform and source distributions, in one run, and runs nothing of them', async ({ skip }) => {
  skip(withoutPip !== undefined, withoutPip);
  const mark = join(temporaryDirectory(), 'setup.py-was-run');
  const arm = await wheel('native', '1.0', 'cp311-cp311-manylinux_2_17_aarch64');
  const intel = await wheel('native', '1.0', 'cp311-cp311-manylinux_2_17_x86_64');
  await index([
    { name: 'native', ...arm },
    { name: 'native', ...intel },
    { name: 'older', ...(await sourceDistribution(mark)) },
  ]);
  const context = await fetchContext({ platform: 'linux-arm64' });
  const artifacts = await pypiSource.fetch(spec([native, older]), context);
  expect(artifacts.map(gist)).toEqual([
    { file: arm.file, archive: 'wheel', into: 'site', origin: 'pypi native==1.0', verified: 'pypi-hash' },
    { file: 'older-2.0.tar.gz', archive: 'tar.gz', into: 'site', origin: 'pypi older==2.0', verified: 'pypi-hash' },
  ]);
  expect(artifacts.map(({ pick, licence }) => ({ pick, licence }))).toEqual([
    { pick: undefined, licence: 'MIT' },
    { pick: { 'older.py': 'older.py' }, licence: 'BSD-3-Clause' },
  ]);
  expect(context.printed().match(/pip download/g)).toHaveLength(1);
  expect(existsSync(mark)).toBe(false);
  expect(await readdir(join(METADATA_ONLY, 'setuptools'))).toEqual(['__init__.py', 'build_meta.py']);
  expect(await leftovers(context)).toEqual([]);
  expect(await pypiSource.fetch(spec([native, older]), { ...context, offline: true })).toEqual(artifacts);
  await flipByte(artifacts[0]!.path);
  await expect(pypiSource.fetch(spec([native]), { ...context, offline: true })).rejects.toMatchObject({ code: 'verification-failed' });
});

it('takes pinned packages, wheels and source distributions', async ({ skip }) => {
  skip(withoutPip !== undefined, withoutPip);
  const one = await wheel('native', '1.0', 'py3-none-any');
  const two = await sourceDistribution(join(temporaryDirectory(), 'mark'));
  await index([
    { name: 'native', ...one },
    { name: 'older', ...two },
  ]);
  const pinned = spec([
    { ...native, sha256: ['a'.repeat(64), sha256(one.bytes)] },
    { ...older, sha256: [sha256(two.bytes)] },
  ]);
  expect(pypiSource.level(pinned, 'linux-arm64')).toBe('pinned');
  expect(await pypiSource.fetch(pinned, await fetchContext())).toMatchObject([{ verified: 'pinned' }, { verified: 'pinned' }]);
});

it.for<[string, boolean, boolean]>([
  ['the index tells another digest than the file has', false, false],
  ['every package is pinned, one to another digest', true, true],
  ['some packages are pinned, one to another digest', true, false],
])('refuses an altered package when %s', async ([, isPinned, areAllPinned], { skip }) => {
  skip(withoutPip !== undefined, withoutPip);
  const one = await wheel('native', '1.0', 'py3-none-any');
  const two = await sourceDistribution(join(temporaryDirectory(), 'mark'));
  const altered = Buffer.from(one.bytes);
  altered[1000]! ^= 1;
  // Not pinned: the file differs from what the index says. Pinned: the index agrees with the altered file.
  await index([isPinned ? { name: 'native', file: one.file, bytes: altered } : { name: 'native', ...one, served: altered }, { name: 'older', ...two }]);
  const context = await fetchContext();
  const packages = [
    { ...native, sha256: isPinned ? [sha256(one.bytes)] : [] },
    { ...older, sha256: areAllPinned ? [sha256(two.bytes)] : [] },
  ];
  await expect(pypiSource.fetch(spec(packages), context)).rejects.toMatchObject({ code: 'verification-failed' });
  expect(await leftovers(context)).toEqual([]);
  expect(await storedDigests(context)).not.toContain(sha256(altered));
});

it('says what is not there', async ({ skip }) => {
  skip(withoutPip !== undefined, withoutPip);
  await index([{ name: 'native', ...(await wheel('native', '1.0', 'cp311-cp311-macosx_11_0_arm64')) }]);
  const failing = pypiSource.fetch(spec([native]), await fetchContext({ platform: 'linux-arm64' }));
  await expect(failing).rejects.toMatchObject({
    code: 'source-unavailable',
    message: expect.stringMatching(/native 1\.0 failed:[^]*No matching distribution/) as string,
  });
});

it('says that python3 or its pip is missing', async () => {
  const folder = temporaryDirectory();
  vi.stubEnv('PATH', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(pypiSource.fetch(spec([native]), await fetchContext())).rejects.toMatchObject({
    code: 'source-unavailable',
    message: 'python3 was not found on this machine.',
  });
  await writeFile(join(folder, 'python3'), '#!/bin/sh\necho "/usr/bin/python3: No module named pip" >&2\nexit 1\n', { mode: 0o755 });
  await expect(pypiSource.fetch(spec([native]), await fetchContext())).rejects.toMatchObject({
    code: 'source-unavailable',
    hint: 'apt-get install python3-pip',
  });
});

it('fetches from the public index', async ({ skip }) => {
  const folder = temporaryDirectory();
  const probe = ['-m', 'pip', 'download', '--no-deps', '--dest', folder, '--retries', '0', 'six==1.16.0'];
  const reachable = withoutPip === undefined && (await run('python3', probe, { env: { ...process.env, PIP_FIND_LINKS: '' } })).code === 0;
  skip(!reachable, 'pip cannot reach its index here; with network access it fetches whisper, six and zope.interface');
  const packages = [
    { name: 'six', version: '1.16.0', sha256: [], licence: 'MIT' },
    {
      name: 'whisper',
      version: '1.1.10',
      sha256: ['435b4fb843c4c752719bdf0511a652d5be710e9bb35ad9ebe3b133268ee31c44'],
      licence: 'Apache-2.0',
      sdist: { 'whisper.py': 'whisper.py' },
    },
    { name: 'zope.interface', version: '8.0.1', sha256: [], licence: 'ZPL-2.1' },
  ];
  const artifacts = await pypiSource.fetch(spec(packages), await fetchContext({ platform: 'darwin-arm64' }));
  expect(artifacts.map(({ file, verified }) => [file, verified])).toEqual([
    ['six-1.16.0-py2.py3-none-any.whl', 'pypi-hash'],
    ['whisper-1.1.10.tar.gz', 'pinned'],
    [expect.stringMatching(/^zope_interface-8\.0\.1-cp311-cp311-macosx_\d+_\d+_arm64\.whl$/), 'pypi-hash'],
  ]);
});
