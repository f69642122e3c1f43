import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { canRun, run, runOrThrow } from '../../../src/base/exec.ts';
import type { SpecFor } from '../../../src/sources/api.ts';
import { debSource } from '../../../src/sources/deb/index.ts';
import { fetchContext, flipByte, gist, leftovers, storedDigests } from '../../helpers/fetch-context.ts';
import { content, startLoopback, type Handler } from '../../helpers/loopback-server.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const PROGRAM = fileURLToPath(new URL('../../helpers/fetch-program.ts', import.meta.url));
const withoutApt = (await canRun('apt-get')) ? undefined : 'there is no apt-get here; this needs Debian or Ubuntu';
const withoutSigning =
  withoutApt ?? ((await canRun('gpg')) && (await canRun('dpkg-deb')) ? undefined : 'gpg or dpkg-deb is missing (apt-get install gnupg dpkg)');
const spec: SpecFor<'deb'> = { kind: 'deb', platforms: ['linux-arm64'], packages: ['dkm-test-thing'] };

/** A package that holds one file, made by Debian's own tool. */
async function debPackage(folder: string): Promise<{ file: string; bytes: Buffer; control: string }> {
  const tree = join(folder, 'tree');
  const control = 'Package: dkm-test-thing\nVersion: 1:2.0-1\nArchitecture: arm64\nMaintainer: Test <test@example.org>\nDescription: A test\n';
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  await writeFile(join(tree, 'DEBIAN', 'control'), control);
  await writeFile(join(tree, 'thing'), 'thing\n'.repeat(100));
  for (const path of [tree, join(tree, 'DEBIAN')]) await chmod(path, 0o755);
  await runOrThrow('dpkg-deb', ['--root-owner-group', '--build', tree, join(folder, 'thing.deb')]);
  return { file: 'dkm-test-thing_1%3a2.0-1_arm64.deb', bytes: await readFile(join(folder, 'thing.deb')), control };
}

interface Repository {
  bytes: Buffer;
  /** What is really sent for the package. */
  served?: Buffer;
  isSigned: boolean;
  /** Options in the list of sources, such as `trusted=yes`. */
  options?: string;
}

/** Makes apt on this machine, for this test, know one repository alone. */
async function repository(folder: string, control: string, { bytes, served, isSigned, options = '' }: Repository): Promise<void> {
  const packages = `${control}Filename: ./thing.deb\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`;
  const release = `Origin: test\nSuite: stable\nCodename: stable\nDate: ${new Date().toUTCString()}\nArchitectures: arm64\nSHA256:\n ${sha256(packages)} ${packages.length} Packages\n`;
  const files: Record<string, Handler> = {
    '/Packages': content(Buffer.from(packages)),
    '/Release': content(Buffer.from(release)),
    '/thing.deb': content(served ?? bytes),
  };
  const key = join(folder, 'key.gpg');
  if (isSigned) files['/InRelease'] = content(Buffer.from(await signed(folder, release, key)));
  const server = await startLoopback(files);
  onTestFinished(() => server.close());
  const signedBy = isSigned ? `signed-by=${key}` : '';
  await writeFile(join(folder, 'sources.list'), `deb [${[signedBy, options].filter((each) => each !== '').join(' ') || 'arch=arm64'}] ${server.url} ./\n`);
  await mkdir(join(folder, 'parts'));
  await writeFile(join(folder, 'apt.conf'), `Dir::Etc::sourcelist "${folder}/sources.list";\nDir::Etc::sourceparts "${folder}/parts";\n`);
  vi.stubEnv('APT_CONFIG', join(folder, 'apt.conf'));
  onTestFinished(() => void vi.unstubAllEnvs());
}

async function signed(folder: string, text: string, keyFile: string): Promise<string> {
  const home = join(folder, 'gpg');
  await mkdir(home, { mode: 0o700 });
  const gpg = ['--homedir', home, '--batch', '--yes', '--pinentry-mode', 'loopback', '--passphrase', ''];
  onTestFinished(() => run('gpgconf', ['--homedir', home, '--kill', 'all']).then(() => undefined));
  await runOrThrow('gpg', [...gpg, '--quick-generate-key', 'Test <test@example.org>', 'rsa2048', 'sign', 'never']);
  await runOrThrow('gpg', [...gpg, '--output', keyFile, '--export']);
  return runOrThrow('gpg', [...gpg, '--clearsign', '--output', '-'], { input: text });
}

it('takes a package of a signed repository, for another CPU, and then has it offline', async ({ skip }) => {
  skip(withoutSigning !== undefined, withoutSigning);
  const folder = temporaryDirectory();
  const { bytes, control, file } = await debPackage(folder);
  await repository(folder, control, { bytes, isSigned: true });
  const context = await fetchContext({ platform: 'linux-arm64' });
  const artifacts = await debSource.fetch(spec, context);
  expect(artifacts.map(gist)).toEqual([{ file, archive: 'deb', into: '', origin: 'deb dkm-test-thing_1:2.0-1_arm64', verified: 'apt-signature' }]);
  expect(await readFile(artifacts[0]!.path)).toEqual(bytes);
  expect(await debSource.fetch(spec, { ...context, offline: true })).toEqual(artifacts);
  await flipByte(artifacts[0]!.path);
  await expect(debSource.fetch(spec, { ...context, offline: true })).rejects.toMatchObject({ code: 'verification-failed' });
});

it('asks the repositories once for all that ask at the same time', async ({ skip }) => {
  skip(withoutSigning !== undefined, withoutSigning);
  const folder = temporaryDirectory();
  const { bytes, control } = await debPackage(folder);
  await repository(folder, control, { bytes, isSigned: true });
  const context = await fetchContext({ platform: 'linux-arm64' });
  await Promise.all([1, 2, 3].map(() => debSource.fetch(spec, context)));
  await debSource.fetch({ ...spec, packages: ['dkm-test-thing=1:2.0-1'] }, context);
  expect(context.printed().match(/^\$ apt-get .* update$/gm)).toHaveLength(1);
});

it('refuses a package with one byte changed', async ({ skip }) => {
  skip(withoutSigning !== undefined, withoutSigning);
  const folder = temporaryDirectory();
  const { bytes, control } = await debPackage(folder);
  const served = Buffer.from(bytes);
  served[Math.floor(served.length / 2)]! ^= 1;
  await repository(folder, control, { bytes, served, isSigned: true });
  const context = await fetchContext({ platform: 'linux-arm64' });
  await expect(debSource.fetch(spec, context)).rejects.toMatchObject({
    code: 'verification-failed',
    message: expect.stringContaining('Hash Sum mismatch') as string,
  });
  expect(await storedDigests(context)).toEqual([]);
});

it.for(['no option', 'trusted=yes', 'allow-insecure=yes'])(
  'refuses a repository without a signature, whatever the machine allows (%s)',
  async (options, { skip }) => {
    skip(withoutSigning !== undefined, withoutSigning);
    const folder = temporaryDirectory();
    const { bytes, control } = await debPackage(folder);
    await repository(folder, control, { bytes, isSigned: false, ...(options !== 'no option' && { options }) });
    const context = await fetchContext({ platform: 'linux-arm64' });
    await expect(debSource.fetch(spec, context)).rejects.toMatchObject({
      code: 'source-unavailable',
      message: expect.stringMatching(/not signed|does not have a Release file/) as string,
    });
    expect(await storedDigests(context)).toEqual([]);
  },
);

it('says that apt is missing', async () => {
  vi.stubEnv('PATH', temporaryDirectory());
  onTestFinished(() => void vi.unstubAllEnvs());
  const context = await fetchContext();
  await expect(debSource.fetch(spec, context)).rejects.toMatchObject({
    code: 'source-unavailable',
    message: 'apt-config was not found on this machine.',
    hint: expect.stringContaining('--with') as string,
  });
});

/** What would tell that apt had worked for ARM on the machine itself. (Others may use apt at the same time.) */
async function hostState(): Promise<unknown> {
  const entries = await Promise.all(['/var/lib/apt/lists', '/var/cache/apt/archives'].filter(existsSync).map((folder) => readdir(folder)));
  const foreign = await run('dpkg', ['--print-foreign-architectures']);
  return {
    architectures: foreign.stdout,
    ofArm: entries
      .flat()
      .filter((name) => name.includes('arm64'))
      .sort(),
  };
}

const publicSpec: SpecFor<'deb'> = { kind: 'deb', platforms: ['linux-arm64'], packages: ['libmnl0'] };
it('fetches from the machine’s repositories without changing anything of the machine, as root and as nobody', async ({ skip }) => {
  skip(withoutApt !== undefined, withoutApt);
  const before = await hostState();
  const context = await fetchContext({ platform: 'linux-arm64' });
  const outcome = await debSource.fetch(publicSpec, context).catch((error: unknown) => error as Error);
  if (outcome instanceof Error) {
    skip(
      /Unable to locate|Could not resolve|Failed to fetch|no package sources/.test(outcome.message),
      'apt-get cannot reach its repositories here; with network access it fetches libmnl0',
    );
    throw outcome;
  }
  expect(outcome).toMatchObject([{ file: expect.stringMatching(/^libmnl0_.*_arm64\.deb$/) as string, verified: 'apt-signature' }]);
  expect(await hostState()).toEqual(before);

  const asNobody = process.getuid?.() === 0 && (await canRun('setpriv'));
  if (!asNobody) return;
  const folder = temporaryDirectory();
  await chmod(folder, 0o777);
  const task = JSON.stringify({ spec: publicSpec, vendor: join(folder, 'vendor'), platform: 'linux-arm64' });
  const finished = await run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, PROGRAM, task], {
    env: { ...process.env, HOME: folder },
  });
  expect(JSON.parse(finished.stdout)).toMatchObject([{ sha256: outcome[0]!.sha256, verified: 'apt-signature' }]);
  expect(await leftovers({ vendor: { ...context.vendor, root: join(folder, 'vendor') } })).toEqual([]);
});
