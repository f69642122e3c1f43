import { mkdir, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { extract } from 'tar';
import { expect, it, onTestFinished, vi } from 'vitest';
import { canRun, run, runOrThrow } from '../../../src/base/exec.ts';
import type { Platform } from '../../../src/base/platform.ts';
import type { Artifact, FetchContext, SpecFor } from '../../../src/sources/api.ts';
import { goModuleSource } from '../../../src/sources/go-module/index.ts';
import { fetchContext, flipByte, gist, leftovers, storedDigests } from '../../helpers/fetch-context.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

// A small program with one dependency.
const spec: SpecFor<'go-module'> = { kind: 'go-module', platforms: ['linux-x64'], module: 'rsc.io/2fa', package: '.', output: 'bin/2fa', ldflags_x: {} };
const component = { name: '2fa', version: '1.2.0' };
const withoutGo = (await canRun('go', ['version'])) ? undefined : 'go is not installed (https://go.dev/doc/install)';
const probe =
  withoutGo ??
  ((await run('go', ['mod', 'download', '-json', 'rsc.io/2fa@v1.2.0'], { env: { ...process.env, GOTOOLCHAIN: 'local' } })).code === 0
    ? undefined
    : 'go cannot reach its module proxy here; with network access it builds rsc.io/2fa');

async function built(artifacts: Artifact[], context: FetchContext, platform: Platform): Promise<Buffer> {
  const destination = temporaryDirectory();
  await goModuleSource.build!(spec, { ...context, platform, artifacts, scratch: temporaryDirectory(), destination });
  expect(await readdir(destination)).toEqual(['bin']);
  return readFile(join(destination, 'bin', '2fa'));
}

it('fetches a program with all it needs, and builds it without network, the same each time, for two CPUs', async ({ skip }) => {
  skip(probe !== undefined, probe);
  for (const [platform, machine] of [
    ['linux-x64', 0x3e],
    ['linux-arm64', 0xb7],
  ] as const) {
    const context = await fetchContext({ component, platform });
    const artifacts = await goModuleSource.fetch(spec, context);
    expect(artifacts.map(gist)).toEqual([{ file: 'rsc.io-2fa-v1.2.0.tar', archive: 'tar', into: '', origin: 'go rsc.io/2fa@v1.2.0', verified: 'go-sumdb' }]);
    expect(await leftovers(context)).toEqual([]);
    const again = await goModuleSource.fetch(spec, { ...(await fetchContext({ component, platform })) });
    expect(again[0]!.sha256).toBe(artifacts[0]!.sha256);
    expect(await goModuleSource.fetch(spec, { ...context, offline: true })).toEqual(artifacts);
    vi.stubEnv('GOPROXY', 'off');
    onTestFinished(() => void vi.unstubAllEnvs());
    const program = await built(artifacts, context, platform);
    expect(program.readUInt16LE(18)).toBe(machine); // e_machine of the ELF header
    expect(await built(artifacts, context, platform)).toEqual(program);
    vi.unstubAllEnvs();
    await flipByte(artifacts[0]!.path);
    await expect(goModuleSource.fetch(spec, { ...context, offline: true })).rejects.toMatchObject({ code: 'verification-failed' });
  }
});

it('takes what this machine has fetched before, and has the checksum database check it', async ({ skip }) => {
  skip(probe !== undefined, probe);
  const folder = temporaryDirectory();
  const [artifact] = await goModuleSource.fetch(spec, await fetchContext({ component }));
  await extract({ file: artifact!.path, cwd: folder });
  await mkdir(join(folder, 'cache'));
  await rename(join(folder, 'proxy'), join(folder, 'cache', 'download'));
  await replaceInZip(join(folder, 'cache', 'download', 'rsc.io', '2fa', '@v', 'v1.2.0.zip'));
  vi.stubEnv('GOMODCACHE', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(goModuleSource.fetch(spec, await fetchContext({ component }))).rejects.toMatchObject({ code: 'verification-failed' });
});

it('refuses a module that is not the one that the checksum database knows', async ({ skip }) => {
  skip(probe !== undefined, probe);
  const [artifact] = await goModuleSource.fetch(spec, await fetchContext({ component }));
  const folder = temporaryDirectory();
  await extract({ file: artifact!.path, cwd: folder });
  // A proxy that serves the module with a file changed; the checksum database is the real one.
  const zip = join(folder, 'proxy', 'rsc.io', '2fa', '@v', 'v1.2.0.zip');
  await replaceInZip(zip);
  const machine = (await runOrThrow('go', ['env', 'GOPROXY'])).trim();
  vi.stubEnv('GOMODCACHE', temporaryDirectory()); // what this machine has fetched is asked first
  vi.stubEnv('GOPROXY', `${pathToFileURL(join(folder, 'proxy')).href},${machine}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const context = await fetchContext({ component });
  await expect(goModuleSource.fetch(spec, context)).rejects.toMatchObject({
    code: 'verification-failed',
    message: expect.stringContaining('rsc.io/2fa') as string,
  });
  expect([...(await leftovers(context)), ...(await storedDigests(context))]).toEqual([]);
});

/** Adds a line to a file in a module's zip. */
async function replaceInZip(path: string): Promise<void> {
  const code = [
    'import sys, zipfile',
    'old = zipfile.ZipFile(sys.argv[1]); entries = [(i, old.read(i)) for i in old.infolist()]; old.close()',
    'new = zipfile.ZipFile(sys.argv[1], "w")',
    'for info, data in entries: new.writestr(info, data + b"// one line more\\n" if info.filename.endswith("main.go") else data)',
    'new.close()',
  ].join('\n');
  await runOrThrow('python3', ['-c', code, path]);
}

it('says why it cannot be built', async ({ skip }) => {
  skip(withoutGo !== undefined, withoutGo);
  const context = await fetchContext({ component });
  await expect(goModuleSource.fetch({ ...spec, go: '1.99' }, context)).rejects.toMatchObject({
    code: 'source-unavailable',
    message: expect.stringMatching(/rsc\.io\/2fa needs Go 1\.99 or newer; this machine has go1\.\d+/) as string,
    hint: expect.stringContaining('--with') as string,
  });
  vi.stubEnv('GOSUMDB', 'off');
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(goModuleSource.fetch(spec, context)).rejects.toMatchObject({
    code: 'source-unavailable',
    message: expect.stringContaining('checksum database is switched off') as string,
  });
  vi.unstubAllEnvs();
  vi.stubEnv('GOMODCACHE', temporaryDirectory());
  vi.stubEnv('GOPROXY', 'off');
  await expect(goModuleSource.fetch(spec, context)).rejects.toMatchObject({
    code: 'source-unavailable',
    message: expect.stringContaining('could not be downloaded') as string,
  });
  vi.stubEnv('PATH', temporaryDirectory());
  await expect(goModuleSource.fetch(spec, context)).rejects.toMatchObject({
    code: 'source-unavailable',
    message: 'go was not found on this machine.',
    hint: expect.stringContaining('Install Go') as string,
  });
  expect(await leftovers(context)).toEqual([]);
});

it('says what does not compile', async ({ skip }) => {
  skip(probe !== undefined, probe);
  const context = await fetchContext({ component });
  const [artifact] = await goModuleSource.fetch(spec, context);
  const folder = temporaryDirectory();
  await mkdir(join(folder, 'destination'));
  const broken = { ...spec, package: 'cmd/nothing' };
  await expect(
    goModuleSource.build!(broken, { ...context, artifacts: [artifact!], scratch: folder, destination: join(folder, 'destination') }),
  ).rejects.toMatchObject({
    code: 'build-failed',
    message: expect.stringMatching(/2fa could not be compiled:[^]*rsc\.io\/2fa\/cmd\/nothing/) as string,
  });
});
