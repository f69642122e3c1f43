import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { existsAs, listTree, readIfPresent, resolveExisting, writeAtomic } from '../../../src/base/files.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

describe('writeAtomic', () => {
  it('replaces a file, sets its mode whatever the umask, and leaves nothing else', async () => {
    const path = join(temporaryDirectory(), 'x');
    const before = process.umask(0o077);
    try {
      await writeAtomic(path, 'one', 0o644);
      await writeAtomic(path, 'two', 0o640);
    } finally {
      process.umask(before);
    }
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(path, '..'))).toEqual(['x']);
  });

  it('leaves the old file, and nothing else, when it fails', async () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'taken'));
    await expect(writeAtomic(join(root, 'taken'), 'x')).rejects.toThrow();
    expect(readdirSync(root)).toEqual(['taken']);
  });
});

describe('listTree', () => {
  it('lists files and links below a folder, sorted by code units', async () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'b/c'), { recursive: true });
    writeFileSync(join(root, 'b/c/z'), '');
    writeFileSync(join(root, 'B'), '');
    symlinkSync('nowhere', join(root, 'a'));
    expect(await listTree(root)).toEqual(['B', 'a', 'b/c/z']);
  });
});

describe('resolveExisting', () => {
  it('resolves links in the part that exists', () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'real'));
    symlinkSync('real', join(root, 'link'));
    expect(resolveExisting(join(root, 'link', 'not', 'yet'))).toBe(join(root, 'real', 'not', 'yet'));
  });
});

describe('existsAs and readIfPresent', () => {
  it('tell what is there, links that lead nowhere too', async () => {
    const root = temporaryDirectory();
    symlinkSync('nowhere', join(root, 'link'));
    expect([existsAs(join(root, 'link')), existsAs(join(root, 'none'))]).toEqual([true, false]);
    expect(await readIfPresent(join(root, 'none'))).toBeUndefined();
  });
});
