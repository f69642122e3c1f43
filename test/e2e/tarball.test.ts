import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, runOrThrow, type Finished } from '../../src/base/exec.ts';
import { currentPlatform } from '../../src/base/platform.ts';
import { VERSION } from '../../src/base/version.ts';
import { FALLBACK_PROVIDERS } from '../helpers/bundles.ts';
import { freePorts } from '../helpers/ports.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';
import { alone, notAlone } from './without-network.ts';

/*
 * What somebody does who downloaded the tarball: check it, unpack it with the system's tar, install.
 */

const ROOT = join(import.meta.dirname, '..', '..');
const NAME = `dkm-${VERSION}-${currentPlatform()}`;

describe('the tarball', () => {
  const root = workDirectory('tarball');
  const dist = join(dirname(root), 'dist');
  const unpacked = join(dirname(root), 'unpacked');
  const here = (command: string, args: string[]): Promise<Finished> => run(command, args, { timeoutMs: 180_000 });

  beforeAll(async () => {
    await runOrThrow(process.execPath, ['make-package.ts', '--out', dist, ...FALLBACK_PROVIDERS], { cwd: ROOT, timeoutMs: 540_000 });
  });
  afterAll(() => removeTree(root));

  it('comes with its checksum and SBOM and nothing else, and sha256sum finds it right', async () => {
    expect(
      readdirSync(dist)
        .filter((name) => !name.startsWith('.'))
        .sort(),
    ).toEqual([`${NAME}.cdx.json`, `${NAME}.tar.gz`, `${NAME}.tar.gz.sha256`]);
    const checked = await run('sha256sum', ['-c', `${NAME}.tar.gz.sha256`], { cwd: dist, timeoutMs: 60_000 });
    expect(checked, checked.stderr).toMatchObject({ code: 0, stdout: `${NAME}.tar.gz: OK\n` });
  });

  it('is unpacked by tar without a word, into one folder', async () => {
    mkdirSync(unpacked);
    const finished = await here('tar', ['-xzf', join(dist, `${NAME}.tar.gz`), '-C', unpacked]);
    expect(finished, finished.stderr).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(readdirSync(unpacked)).toEqual([NAME]);
  });

  it.for([
    ['here', here, ''],
    ['where there is no network', alone, notAlone],
  ] as const)('installs %s, and dkm tells its version', async ([where, through, reason], { skip }) => {
    if (reason !== '') skip(reason);
    const target = `${root}-${where.replaceAll(' ', '-')}`;
    const options = ['-d', target, '-p', String(await freePorts()), '--hostname', 'tar.example.org', '--allow-root'];
    const installed = await through(join(unpacked, NAME, 'installer'), options);
    expect(installed, installed.stdout + installed.stderr).toMatchObject({ code: 0 });
    const version = await through(join(target, 'bin', 'dkm'), ['version']);
    expect(version, version.stderr).toMatchObject({ code: 0 });
    expect(version.stdout).toContain(`dkm ${VERSION} (${currentPlatform()})`);
    for (const name of ['carbon-cache', 'graphite-web', 'console', 'collectd']) expect(version.stdout).toContain(name);
  });
});
