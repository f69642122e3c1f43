import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listTree } from '../../../src/base/files.ts';
import type { ArchiveKind } from '../../../src/manifest/schema.ts';
import { UNPACK_LIMITS } from '../../../src/package/entry-guard.ts';
import { unpack, type UnpackOptions } from '../../../src/package/unpack.ts';
import { debOf, tarGzOf, tarOf, zipOf, type RawEntry } from './archives.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dkm-unpack-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Unpacks bytes into `folder/out`. */
async function unpackBytes(bytes: Buffer, archive: ArchiveKind, options: UnpackOptions = {}, file = `a.${archive}`): Promise<string> {
  const path = join(folder, file);
  writeFileSync(path, bytes);
  await unpack({ file, path, size: bytes.length, archive }, join(folder, 'out'), options);
  return join(folder, 'out');
}

const ORDINARY: RawEntry[] = [
  { path: 'top/', type: 'Directory' },
  { path: 'top/bin/', type: 'Directory' },
  { path: 'top/bin/run', content: '#!/bin/sh\n', mode: 0o755 },
  { path: 'top/read me.txt', content: 'text' },
  { path: 'top/link', type: 'SymbolicLink', target: 'bin/run' },
  { path: 'top/bin/up', type: 'SymbolicLink', target: '../read me.txt' },
];

/** Undefined for a link that leads nowhere or in a circle. */
function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function hasXz(): boolean {
  try {
    execFileSync('xz', ['--version']);
    return true;
  } catch {
    return false;
  }
}

describe('ordinary archives', () => {
  it.each<[ArchiveKind, (entries: RawEntry[]) => Buffer]>([
    ['tar', tarOf],
    ['tar.gz', tarGzOf],
    ['zip', zipOf],
    ['deb', (entries) => debOf(tarGzOf(entries))],
    ['deb', (entries) => debOf(zstdCompressSync(tarOf(entries)), 'data.tar.zst')],
    ['deb', (entries) => debOf(tarOf(entries), 'data.tar')],
  ])('%s', async (archive, make) => {
    const out = await unpackBytes(make(ORDINARY), archive);
    expect(await listTree(out)).toEqual(['top/bin/run', 'top/bin/up', 'top/link', 'top/read me.txt']);
    expect(readFileSync(join(out, 'top/bin/up'), 'utf8')).toBe('text');
    expect(statSync(join(out, 'top/bin/run')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(out, 'top/read me.txt')).mode & 0o7777).toBe(0o644);
  });

  it('tar.xz', async (context) => {
    if (!hasXz()) context.skip('xz is not installed: apt-get install xz-utils');
    const packed = execFileSync('xz', ['--stdout'], { input: tarOf(ORDINARY) });
    expect(await listTree(await unpackBytes(packed, 'tar.xz'))).toHaveLength(4);
  });

  it('a wheel puts the files of its data folder where they belong', async () => {
    const out = await unpackBytes(
      zipOf([
        { path: 'pkg/__init__.py' },
        { path: 'pkg-1.data/purelib/other.py' },
        { path: 'pkg-1.data/platlib/fast.so' },
        { path: 'pkg-1.data/scripts/tool' },
        { path: 'pkg-1.dist-info/METADATA' },
      ]),
      'wheel',
    );
    expect(await listTree(out)).toEqual(['bin/tool', 'fast.so', 'other.py', 'pkg-1.dist-info/METADATA', 'pkg/__init__.py']);
  });

  it('a single program is executable, under the name asked for', async () => {
    const out = await unpackBytes(Buffer.from('\x7fELF'), 'binary', { binaryPath: 'bin/program' });
    expect(statSync(join(out, 'bin/program')).mode & 0o7777).toBe(0o755);
  });

  it('a folder is copied, its links as links', async () => {
    const tree = join(folder, 'tree');
    mkdirSync(join(tree, 'sub'), { recursive: true });
    writeFileSync(join(tree, 'sub/file'), 'x');
    symlinkSync('sub/file', join(tree, 'link'));
    await unpack({ file: 'tree', path: tree, size: 1, archive: 'tree' }, join(folder, 'out'));
    expect(lstatSync(join(folder, 'out/link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'out/link'), 'utf8')).toBe('x');
  });

  it('gives the content of a single directory when told so', async () => {
    expect(await listTree(await unpackBytes(tarGzOf(ORDINARY), 'tar.gz', { stripSingleRoot: true }))).toContain('bin/run');
  });

  it('takes setuid and other special bits away', async () => {
    const out = await unpackBytes(
      tarGzOf([
        { path: 'su', content: 'x', mode: 0o6755 },
        { path: 'open', mode: 0o666 },
      ]),
      'tar.gz',
    );
    expect(statSync(join(out, 'su')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(out, 'open')).mode & 0o7777).toBe(0o644);
  });

  it('makes a hard link a file of its own', async () => {
    const out = await unpackBytes(
      tarGzOf([
        { path: 'a', content: 'x' },
        { path: 'b', type: 'Link', target: 'a' },
      ]),
      'tar.gz',
    );
    expect(readFileSync(join(out, 'b'), 'utf8')).toBe('x');
    expect(statSync(join(out, 'a')).nlink).toBe(1);
  });

  it('picks what a manifest names, and nothing else', async () => {
    const path = join(folder, 's.tar.gz');
    writeFileSync(path, tarGzOf([{ path: 'pkg-1/lib/mod/a.py' }, { path: 'pkg-1/setup.py' }, { path: 'pkg-1/bin/tool' }]));
    await unpack({ file: 's.tar.gz', path, size: 100, archive: 'tar.gz', pick: { lib: '.', 'bin/tool': 'bin/tool.py' } }, join(folder, 'out'), {
      stripSingleRoot: true,
    });
    expect(await listTree(join(folder, 'out'))).toEqual(['bin/tool.py', 'mod/a.py']);
  });

  it('several archives share a folder where their files are the same', async () => {
    await unpackBytes(tarGzOf([{ path: 'ns/__init__.py', content: '1' }, { path: 'ns/a.py' }]), 'tar.gz', {}, 'a.tar.gz');
    await unpackBytes(tarGzOf([{ path: 'ns/__init__.py', content: '1' }, { path: 'ns/b.py' }]), 'tar.gz', {}, 'b.tar.gz');
    expect(await listTree(join(folder, 'out'))).toEqual(['ns/__init__.py', 'ns/a.py', 'ns/b.py']);
    await expect(unpackBytes(tarGzOf([{ path: 'ns/a.py', content: 'other' }]), 'tar.gz', {}, 'c.tar.gz')).rejects.toThrow(
      /c\.tar\.gz: .*ns\/a\.py is there already/,
    );
  });
});

const HOSTILE: [title: string, entries: RawEntry[], message: RegExp][] = [
  ['an absolute path', [{ path: '/etc/passwd', content: 'x' }], /\/etc\/passwd: its path leads out/],
  ['..', [{ path: '../escaped', content: 'x' }], /\.\.\/escaped: its path leads out/],
  ['.. in the middle', [{ path: 'a/../../escaped', content: 'x' }], /leads out/],
  ['an absolute link', [{ path: 'l', type: 'SymbolicLink', target: '/etc' }], /l: its target \/etc leads/],
  ['a link out of the root', [{ path: 'd/l', type: 'SymbolicLink', target: '../../x' }], /d\/l: its target/],
  [
    'a file behind a link',
    [
      { path: 'l', type: 'SymbolicLink', target: 'd' },
      { path: 'l/file', content: 'x' },
    ],
    /l\/file: it lies behind the link l/,
  ],
  [
    'a chain of links that climbs out',
    [
      { path: 'd1/d2/a', type: 'SymbolicLink', target: '.' },
      { path: 'd1/d2/x', type: 'SymbolicLink', target: 'a/../../../escaped' },
    ],
    /d1\/d2\/x: its target/,
  ],
  [
    'a file in place of a link',
    [
      { path: 'l', type: 'SymbolicLink', target: 'd' },
      { path: 'l', content: 'x' },
    ],
    /l: it appears twice/,
  ],
  [
    'a file in place of a directory',
    [
      { path: 'd', content: 'x' },
      { path: 'd/file', content: 'x' },
    ],
    /d\/file: it lies below d, which is a file/,
  ],
  ['a character device', [{ path: 'null', type: 'CharacterDevice' }], /null: it is a device/],
  ['a fifo', [{ path: 'pipe', type: 'FIFO' }], /pipe: it is a fifo/],
  ['a name with a newline, shown on one line', [{ path: '../a\nb' }], /\.\.\/a\\nb/],
];
const HOSTILE_TAR_ONLY: typeof HOSTILE = [
  ['a hard link to the outside', [{ path: 'h', type: 'Link', target: '../../etc/passwd' }], /h: its target .* leads out/],
  ['a hard link to an absolute path', [{ path: 'h', type: 'Link', target: '/etc/passwd' }], /leads out/],
  ['a hard link to what is not there', [{ path: 'h', type: 'Link', target: 'later' }], /no file that comes before it/],
  [
    'a hard link through a link',
    [
      { path: 'l', type: 'SymbolicLink', target: 'd' },
      { path: 'h', type: 'Link', target: 'l/file' },
    ],
    /no file that comes before it/,
  ],
  ['a block device', [{ path: 'sda', type: 'BlockDevice' }], /sda: it is a device/],
];

const BEFORE: RawEntry = { path: 'innocent', content: 'x' };

describe('hostile archives are refused by name and leave nothing behind', () => {
  const expectRefused = async (bytes: Buffer, archive: ArchiveKind, message: RegExp): Promise<void> => {
    await expect(unpackBytes(bytes, archive)).rejects.toMatchObject({ code: 'archive-refused', message: expect.stringMatching(message) as string });
    expect(readdirSync(folder)).toEqual([`a.${archive}`]);
  };
  it.each([...HOSTILE, ...HOSTILE_TAR_ONLY])('tar.gz: %s', (_title, entries, message) => expectRefused(tarGzOf([BEFORE, ...entries]), 'tar.gz', message));
  it.each([...HOSTILE, ...HOSTILE_TAR_ONLY])('deb: %s', (_title, entries, message) => expectRefused(debOf(tarGzOf([BEFORE, ...entries])), 'deb', message));
  // The zip library refuses some paths in words of its own.
  it.each(HOSTILE)('zip: %s', (title, entries, message) =>
    expectRefused(zipOf([BEFORE, ...entries]), 'zip', /absolute path|^\.\.|newline/.test(title) ? /^a\.zip: .*(absolute path|invalid relative path)/ : message),
  );

  it('says which archive', async () => {
    await expect(unpackBytes(tarGzOf([{ path: '../x' }]), 'tar.gz')).rejects.toThrow('a.tar.gz: ../x: ');
  });

  it.each<[string, Buffer, ArchiveKind]>([
    ['a truncated tar.gz', tarGzOf([{ path: 'a', content: randomBytes(100_000) }]).subarray(0, 50_000), 'tar.gz'],
    ['a tar that ends within a file', tarOf([{ path: 'a', content: Buffer.alloc(100_000, 'x') }]).subarray(0, 5000), 'tar'],
    ['a web page', gzipSync('<html></html>'), 'tar.gz'],
    ['not even gzip', Buffer.from('<html></html>'), 'tar.gz'],
    ['not even zip', Buffer.from('<html></html>'), 'zip'],
    ['no Debian package', Buffer.from('<html></html>'), 'deb'],
    ['a Debian package without data', debOf(Buffer.alloc(0), 'other'), 'deb'],
    [
      'a damaged header',
      Buffer.concat([
        tarOf([{ path: 'a' }])
          .subarray(0, 512)
          .fill('9', 148, 154),
        Buffer.alloc(1024),
      ]),
      'tar',
    ],
  ])('%s', (_title, bytes, archive) => expectRefused(bytes, archive, new RegExp(`^a\\.${archive}: `)));

  it('a zip whose content is not what its check sum says', () => {
    const bytes = zipOf([{ path: 'a', content: 'original' }]);
    bytes.write('altered!', bytes.indexOf('original'));
    return expectRefused(bytes, 'zip', /check sum of a is wrong/);
  });
});

describe('bombs', () => {
  it.each<[string, RawEntry[], Partial<typeof UNPACK_LIMITS>, RegExp]>([
    ['too many bytes', [{ path: 'big', content: Buffer.alloc(2000) }], { totalBytes: 1000 }, /big: the archive unpacks to more than 1000 bytes/],
    ['too many entries', Array.from({ length: 11 }, (_, index) => ({ path: `f${index}` })), { entries: 10 }, /more than 10 entries/],
  ])('%s', async (_title, entries, limits, message) => {
    await expect(unpackBytes(tarGzOf(entries), 'tar.gz', { limits: { ...UNPACK_LIMITS, ...limits } })).rejects.toThrow(message);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('a small archive that unpacks to hundreds of times its size', async () => {
    await expect(unpackBytes(tarGzOf([{ path: 'zeros', content: Buffer.alloc(80 << 20) }]), 'tar.gz')).rejects.toThrow(
      /zeros: the archive unpacks to more than 200 times its size/,
    );
  });
});

describe('on macOS', () => {
  it.each([
    ['README', 'readme'],
    ['a/FILE', 'A/file'],
    ['caf\u00e9', 'cafe\u0301'],
  ])('%s and %s are one file', async (one, other) => {
    await expect(unpackBytes(tarGzOf([{ path: one }, { path: other }]), 'tar.gz', { foldsCase: true })).rejects.toThrow(
      /on macOS it would be the same file as/,
    );
    expect(await listTree(await unpackBytes(tarGzOf([{ path: one }, { path: other }]), 'tar.gz'))).toHaveLength(2);
  });
});

describe('whatever an archive says', () => {
  const name = fc.constantFrom('a', 'b', 'c', '..', '.', '', 'a/b', '../..');
  const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join('/'));
  const entry = fc.record({
    path,
    type: fc.constantFrom('File', 'Directory', 'SymbolicLink', 'Link'),
    target: path,
    content: fc.constant('x'),
  });

  it('no file appears outside the root, and no link leads there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 8 }), fc.boolean(), async (entries, asZip) => {
        const home = mkdtempSync(join(folder, 'p-'));
        const root = join(home, 'deep', 'er', 'out');
        mkdirSync(join(home, 'deep', 'er'), { recursive: true });
        const clean = entries.map((each) => ({ ...each, content: each.type === 'File' ? 'x' : '' }));
        const bytes = asZip ? zipOf(clean.map((each) => ({ ...each, ...(each.type !== 'SymbolicLink' && { target: undefined as never }) }))) : tarGzOf(clean);
        const archive = join(home, 'archive');
        writeFileSync(archive, bytes);
        await unpack({ file: 'archive', path: archive, size: bytes.length, archive: asZip ? 'zip' : 'tar.gz' }, root).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'archive-refused' });
        });
        const outside = (await listTree(home)).filter((file) => file !== 'archive' && !file.startsWith('deep/er/out/'));
        expect(outside).toEqual([]);
        if (existsSync(root)) for (const file of await listTree(root)) expectInside(root, join(root, file));
        rmSync(home, { recursive: true });
      }),
      { numRuns: 300 },
    );
  });

  function expectInside(root: string, file: string): void {
    const real = realPathOf(file);
    if (real !== undefined) expect(real === root || real.startsWith(`${root}/`), `${file} is ${real}`).toBe(true);
  }
});
