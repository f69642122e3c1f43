import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyTree, removeTemporaries, restoreTree } from '../../../src/change/tree.ts';
import { imageOf } from '../../helpers/update-bundles.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

function tree(): string {
  const root = join(temporaryDirectory(), 'tree');
  mkdirSync(join(root, 'deep/er'), { recursive: true });
  writeFileSync(join(root, 'a'), 'a\n');
  writeFileSync(join(root, 'deep/er/b'), 'b\n');
  chmodSync(join(root, 'a'), 0o640);
  chmodSync(join(root, 'deep'), 0o750);
  symlinkSync('/etc', join(root, 'etc'));
  utimesSync(join(root, 'a'), 1, 2);
  return root;
}

describe('a copied tree', () => {
  it('has the same bytes, modes, times and links, and follows none', async () => {
    const root = tree();
    await copyTree(root, `${root}.copy`);
    expect(imageOf(`${root}.copy`)).toEqual(imageOf(root));
    expect(statSync(`${root}.copy/a`).mtimeMs).toBe(2000);
    expect(readlinkSync(`${root}.copy/etc`)).toBe('/etc');
  });

  it('brings back what was changed, removed or replaced, and leaves what came', async () => {
    const root = tree();
    await copyTree(root, `${root}.copy`);
    const [before, untouched] = [imageOf(root), lstatSync(join(root, 'deep/er/b')).ino];
    writeFileSync(join(root, 'a'), 'other');
    chmodSync(join(root, 'deep'), 0o700);
    writeFileSync(join(root, 'came'), 'c');
    await restoreTree(`${root}.copy`, root);
    expect(imageOf(root)).toEqual({ ...before, came: imageOf(root)['came'] });
    expect(lstatSync(join(root, 'deep/er/b')).ino).toBe(untouched);
    await restoreTree(`${root}.copy`, root, { exact: true });
    expect(imageOf(root)).toEqual(before);
  });

  it('is not written through a link that took the place of a file', async () => {
    const root = tree();
    await copyTree(root, `${root}.copy`);
    const precious = join(root, '..', 'precious');
    writeFileSync(precious, 'precious');
    await restoreTree(`${root}.copy`, root);
    symlinkSync(precious, join(root, 'deep/c'));
    writeFileSync(`${root}.copy/deep/c`, 'c');
    await restoreTree(`${root}.copy`, root);
    expect(readFileSync(precious, 'utf8')).toBe('precious');
    expect(lstatSync(join(root, 'deep/c')).isFile()).toBe(true);
  });

  it('loses only half-written files to a cleaning', () => {
    const root = tree();
    writeFileSync(join(root, 'deep/x.0badcafe.tmp'), '');
    writeFileSync(join(root, 'deep/x.mine.tmp'), '');
    removeTemporaries(root);
    expect(existsSync(join(root, 'deep/x.0badcafe.tmp'))).toBe(false);
    expect(existsSync(join(root, 'deep/x.mine.tmp'))).toBe(true);
  });
});
