import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { currentPlatform, PLATFORMS } from '../../../src/base/platform.ts';
import { readBundle } from '../../../src/contract/bundle.ts';
import { platformOfFile } from '../../../src/package/executable.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { PROJECT, Sandbox } from './run.ts';

/** Debian's emulator and the libraries that an arm64 Node needs. */
const QEMU = '/usr/bin/qemu-aarch64-static';
const ARM64_LIBRARIES = '/usr/aarch64-linux-gnu';

const others = PLATFORMS.filter((platform) => platform !== currentPlatform());

describe('bundles for other platforms', () => {
  it.for(others)('%s is assembled here, with an executable of its kind', { timeout: 600_000 }, async (platform, { skip }) => {
    const sandbox = new Sandbox(temporaryDirectory());
    sandbox.add('stand-in', { role: 'dashboards', sources: '[[sources]]\nkind = "built-in"' });
    // Node's packages are 40 MB each: they are kept where make-package keeps them too.
    const { code, stderr } = await sandbox.run('--platform', platform, '--vendor-dir', join(PROJECT, 'vendor'), '--skip-archive');
    if (stderr.includes('cannot be had'))
      skip(
        `npm's Node packages for ${platform} cannot be fetched here; with a network: npm run make-package -- --platform ${platform} --download-only --fallback`,
      );
    expect(code, stderr).toBe(0);
    const root = sandbox.path('dist', `dkm-0.1.0-${platform}`);
    expect((await readBundle(root)).components[0]).toMatchObject({ name: 'node', verified: 'pinned' });
    expect(await platformOfFile(join(root, 'installer'))).toBe(platform);
    if (platform !== 'linux-arm64') return;
    if (!existsSync(QEMU) || !existsSync(ARM64_LIBRARIES))
      skip('the arm64 executable was assembled, but not started: apt-get install qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross');
    expectToStart(join(root, 'installer'));
  });
});

function expectToStart(installer: string): void {
  const { stdout, stderr, status } = spawnSync(QEMU, ['-L', ARM64_LIBRARIES, installer, 'dkm', '--version'], { encoding: 'utf8', timeout: 120_000 });
  expect(status, stderr).toBe(0);
  expect(stdout.trim()).toBe('0.1.0');
}
