import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listTree } from '../../../src/base/files.ts';
import { prunedOf, pruneFiles, renameFiles, requireFiles } from '../../../src/package/prune.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const PATHS = ['bin/tool', 'lib/a.so', 'lib/deep/b.so', 'share/.hidden', 'share/doc/x.html', 'README'];

describe('prunedOf', () => {
  it.each<[keep: string[], prune: string[], left: string[]]>([
    [[], [], PATHS],
    [['bin/**'], [], ['bin/tool']],
    [['bin'], [], ['bin/tool']],
    [['**/*.so'], [], ['lib/a.so', 'lib/deep/b.so']],
    [[], ['share'], ['bin/tool', 'lib/a.so', 'lib/deep/b.so', 'README']],
    [[], ['**/.*'], ['bin/tool', 'lib/a.so', 'lib/deep/b.so', 'share/doc/x.html', 'README']],
    [
      ['lib/**', 'share/**'],
      ['lib/{a,c}.so', 'share/doc/**'],
      ['lib/deep/b.so', 'share/.hidden'],
    ],
  ])('keep %j, prune %j', (keep, prune, left) => {
    const pruned = prunedOf(PATHS, { keep, prune });
    expect(PATHS.filter((path) => !pruned.includes(path))).toEqual(left);
  });
});

function treeOf(paths: readonly string[]): string {
  const root = temporaryDirectory();
  for (const path of paths) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), path);
  }
  return root;
}

describe('on a disk', () => {
  it('takes directories that are empty then away, and links like files', async () => {
    const root = treeOf(['lib/deep/er/a', 'bin/tool']);
    symlinkSync('tool', join(root, 'bin/alias'));
    await pruneFiles(root, { keep: [], prune: ['lib/**'] });
    expect(await listTree(root)).toEqual(['bin/alias', 'bin/tool']);
  });

  it('renames files and directories; what another source lays out otherwise is passed over', async () => {
    const root = treeOf(['usr/bin/carbonapi', 'etc/conf']);
    await renameFiles(root, { 'usr/bin/carbonapi': 'bin/carbonapi', etc: 'share/etc', absent: 'x' });
    expect(await listTree(root)).toEqual(['bin/carbonapi', 'share/etc/conf']);
  });

  it('names what is required and missing, and what is there', async () => {
    const root = treeOf(['bin/tool']);
    await requireFiles('thing', root, ['bin/*']);
    await expect(requireFiles('thing', root, ['bin/tool', 'lib/*.so', 'share/x'])).rejects.toMatchObject({
      code: 'build-failed',
      message: 'thing: expected lib/*.so, share/x; found nothing of that name. At its top there are bin.',
    });
  });
});
