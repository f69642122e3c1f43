import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { run } from '../../src/base/exec.ts';
import { currentPlatform } from '../../src/base/platform.ts';
import { VERSION } from '../../src/base/version.ts';
import { readBundle } from '../../src/contract/bundle.ts';
import { FALLBACK_PROVIDERS } from '../helpers/bundles.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';
import { alone, notAlone } from './without-network.ts';

const ROOT = join(import.meta.dirname, '..', '..');

if (notAlone !== '') console.log(`Skipped: offline: ${notAlone}.`);

describe.skipIf(notAlone !== '')('without a network', () => {
  it('a bundle is built from a vendor directory that was filled before, and installs, starts and stops', async () => {
    const root = workDirectory('offline');
    const vendor = join(root, '..', 'vendor');
    const out = join(root, '..', 'dist');
    try {
      const fetched = await run(process.execPath, ['make-package.ts', ...FALLBACK_PROVIDERS, '--download-only', '--vendor-dir', vendor], {
        cwd: ROOT,
        timeoutMs: 540_000,
      });
      expect(fetched, fetched.stderr).toMatchObject({ code: 0 });
      const built = await alone(process.execPath, [
        'make-package.ts',
        ...FALLBACK_PROVIDERS,
        '--offline',
        '--skip-archive',
        '--vendor-dir',
        vendor,
        '--out',
        out,
      ]);
      expect(built, built.stderr).toMatchObject({ code: 0 });

      const bundle = join(out, `dkm-${VERSION}-${currentPlatform()}`);
      expect((await readBundle(bundle)).components.map(({ name }) => name)).toEqual(
        (await readBundle(inject('fallbackBundle'))).components.map(({ name }) => name),
      );
      const script = `ip link set lo up 2>/dev/null; '${bundle}/installer' -d '${root}' -p 15900 --allow-root --hostname alone.example.org && '${root}/bin/dkm' start && '${root}/bin/dkm' status; code=$?; '${root}/bin/dkm' stop; exit $code`;
      const installed = await alone('/bin/sh', ['-c', script]);
      expect(installed, installed.stdout + installed.stderr).toMatchObject({ code: 0 });
      expect(installed.stdout).toMatch(/RUNNING\s+healthy/);
    } finally {
      removeTree(root);
    }
  });

  it('an empty vendor directory is refused, naming everything that is missing', async () => {
    const vendor = join(workDirectory('empty'), 'vendor');
    const built = await alone(process.execPath, [
      'make-package.ts',
      '--fallback',
      '--offline',
      '--skip-archive',
      '--vendor-dir',
      vendor,
      '--out',
      join(vendor, 'dist'),
    ]);
    expect(built.code).not.toBe(0);
    expect(built.stderr).toMatch(/collectd/);
    expect(existsSync(join(vendor, 'dist', `dkm-${VERSION}-${currentPlatform()}`))).toBe(false);
    rmSync(join(vendor, '..', '..'), { recursive: true, force: true });
  });
});
