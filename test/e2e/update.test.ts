import { cpSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import { formatBundle, readBundle } from '../../src/contract/bundle.ts';
import { install, installer, startAll, type Installation } from '../helpers/installation.ts';
import { imageOf } from '../helpers/update-bundles.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

const bundle = inject('fallbackBundle');
const roots: string[] = [];
const running: Installation[] = [];

afterAll(async () => {
  for (const target of running) await target.stop();
  for (const root of roots) removeTree(root);
});

/** The bundle as another version; `change` gives files other contents. */
async function rebuilt(folder: string, version: string, change: Record<string, string> = {}): Promise<string> {
  const root = join(folder, version);
  cpSync(bundle, root, { recursive: true, verbatimSymlinks: true });
  const read = await readBundle(bundle);
  for (const [path, text] of Object.entries(change)) {
    rmSync(join(root, path));
    writeFileSync(join(root, path), text, { mode: 0o755 });
    read.files[path] = { sha256: sha256(text), size: Buffer.byteLength(text), executable: true };
  }
  writeFileSync(join(root, 'bundle.json'), formatBundle({ ...read, version }));
  return root;
}

const configurationOf = (root: string): unknown => Object.entries(imageOf(root)).filter(([path]) => /^(conf|bin|static|current)/.test(path));

describe.each<[string, string[]]>([
  ['server', []],
  ['agent', ['--carbon-server', '127.0.0.1:9']],
])('an installation of type %s', (type, more) => {
  it('is updated, goes back by itself from a version that does not work, and by hand from one that does', async () => {
    const root = workDirectory(`update-${type}`);
    roots.push(root);
    const local = ['--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1'];
    const target = await install(bundle, root, '-t', type, ...local, ...more);
    running.push(target);
    await startAll(target);
    const before = configurationOf(root);

    const provider = type === 'agent' ? 'collectd' : 'console';
    const files = Object.keys((await readBundle(bundle)).files).filter((path) => path.startsWith(`components/${provider}/`));
    const program = type === 'agent' ? files.find((path) => /\/collectd$/.test(path)) : 'installer';
    const broken = await rebuilt(dirname(root), '90.0.0', { [program ?? '']: '#!/bin/sh\necho broken >&2\nexit 3\n' });
    // Called through the good bundle's executable: the broken one's own may be the broken program.
    const failed = await installer(bundle, '-d', root, '-u', '--watch', '3', '--bundle', broken);
    expect(failed, failed.stdout + failed.stderr).toMatchObject({ code: 1 });
    expect(failed.stderr).toContain('is there as it was, and runs');
    expect(configurationOf(root)).toEqual(before);
    expect((await target.dkm('status')).code).toBe(0);

    const newer = await rebuilt(dirname(root), '91.0.0');
    const updated = await installer(newer, '-d', root, '-u', '--watch', '3');
    expect(updated, updated.stdout + updated.stderr).toMatchObject({ code: 0 });
    expect(readlinkSync(join(root, 'current'))).toBe('versions/91.0.0');
    expect((await target.dkm('status')).code).toBe(0);
    const back = await target.dkm('rollback', '--yes', '--watch', '3');
    expect(back, back.stdout + back.stderr).toMatchObject({ code: 0 });
    expect(configurationOf(root)).toEqual(before);
    expect((await target.dkm('status')).code).toBe(0);
  });
});
