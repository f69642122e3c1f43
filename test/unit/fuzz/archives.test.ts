import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { listTree } from '../../../src/base/files.ts';
import type { ArchiveKind } from '../../../src/manifest/schema.ts';
import { UNPACK_LIMITS } from '../../../src/package/entry-guard.ts';
import { unpack } from '../../../src/package/unpack.ts';
import { debOf, tarGzOf, tarOf, zipOf, type RawEntry } from '../package/archives.ts';
import { damagedBytes, FUZZ, FUZZ_TIMEOUT_MS, nastyText, readsOrRefuses, runsMade } from './hostile.ts';
import { temporaryFolder } from './temporary-folder.ts';

/*
 * Archives of every kind: damaged ones, and well-formed ones whose entries are hostile. Whatever they say, nothing
 * appears outside the place they are unpacked to, nothing stays of one that is refused, and no link leads out.
 */

const place = temporaryFolder();
let number = 0;
let total = 0;
afterAll(() => console.log(`hostile archives: ${total} unpacked or refused`));

const ORDINARY: RawEntry[] = [
  { path: 'top/', type: 'Directory' },
  { path: 'top/bin/run', content: '#!/bin/sh\n', mode: 0o755 },
  { path: 'top/text', content: 'text'.repeat(400) },
  { path: 'top/link', type: 'SymbolicLink', target: 'bin/run' },
];
const HARD: RawEntry[] = [...ORDINARY, { path: 'top/hard', type: 'Link', target: 'top/text' }];

const KINDS: [ArchiveKind, string, Buffer][] = [
  ['tar', 'a.tar', tarOf(HARD)],
  ['tar.gz', 'a.tar.gz', tarGzOf(HARD)],
  ['zip', 'a.zip', zipOf(ORDINARY)],
  ['wheel', 'a.whl', zipOf([...ORDINARY, { path: 'a-1.data/purelib/b.py', content: 'b' }])],
  ['deb', 'a.deb', debOf(tarGzOf(HARD))],
  ['deb', 'b.deb', debOf(zstdCompressSync(tarOf(HARD)), 'data.tar.zst')],
];

const LIMITS = { ...UNPACK_LIMITS, totalBytes: 1 << 20, entries: 100 };

/** Unpacks in a folder of its own and looks at what appeared. */
async function tryUnpack(archive: ArchiveKind, file: string, bytes: Buffer, foldsCase = false): Promise<void> {
  const home = join(place(), String((number += 1)));
  const root = join(home, 'deep', 'er', 'out');
  mkdirSync(join(home, 'deep', 'er'), { recursive: true });
  const path = join(home, file);
  writeFileSync(path, bytes);
  const packed = { file, path, size: bytes.length, archive };
  const unpacked = await readsOrRefuses(() => unpack(packed, root, { limits: LIMITS, foldsCase }).then(() => true), ['archive-refused'], file);
  expect(readdirSync(home).sort()).toEqual([file, 'deep'].sort());
  expect(readdirSync(join(home, 'deep'))).toEqual(['er']);
  expect(readdirSync(join(home, 'deep', 'er'))).toEqual(unpacked ? ['out'] : []);
  if (unpacked) for (const inside of await listTree(root)) expectInside(root, join(root, inside));
  rmSync(home, { recursive: true, force: true });
}

function expectInside(root: string, path: string): void {
  if (!existsSync(path)) return; // a link that leads nowhere
  const real = realpathSync(path);
  expect(real === root || real.startsWith(`${root}/`), `${path} is ${real}`).toBe(true);
}

describe('archives', { timeout: FUZZ_TIMEOUT_MS }, () => {
  it.each(KINDS)('a damaged %s (%s) is unpacked or refused', async (archive, file, valid) => {
    await fc.assert(
      fc.asyncProperty(damagedBytes(valid), (bytes) => tryUnpack(archive, file, bytes)),
      FUZZ,
    );
    total += runsMade();
  });

  // One that ended while the directory of a file was being made was waited for, for ever.
  it.each(KINDS)('a %s (%s) that is cut short anywhere is refused', async (archive, file, valid) => {
    const step = Math.ceil(valid.length / 60);
    for (let length = 0; length < valid.length; length += step) await tryUnpack(archive, file, valid.subarray(0, length));
    total += runsMade();
  });

  it('what is damaged inside of a whole compressed stream is refused, too', async () => {
    await fc.assert(
      fc.asyncProperty(damagedBytes(tarOf(HARD)), fc.constantFrom('tar.gz', 'deb'), (bytes, archive) =>
        tryUnpack(archive, `a.${archive}`, archive === 'deb' ? debOf(gzipSync(bytes)) : gzipSync(bytes)),
      ),
      FUZZ,
    );
    total += runsMade();
  });

  const nastyPath = fc.oneof(
    nastyText,
    fc.array(fc.constantFrom('..', '.', 'a', 'A', 'b', 'é', 'e\u0301', ''), { minLength: 1, maxLength: 6 }).map((names) => names.join('/')),
  );
  const nastyEntry: fc.Arbitrary<RawEntry> = fc.record({
    path: nastyPath.map((path) => path.slice(0, 90)),
    type: fc.constantFrom('File', 'Directory', 'SymbolicLink', 'Link', 'CharacterDevice', 'BlockDevice', 'FIFO'),
    target: nastyPath.map((path) => path.slice(0, 90)),
    content: fc.constantFrom('', 'x'),
    mode: fc.nat({ max: 0o7777 }),
  });

  it('hostile entries are refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(nastyEntry, { maxLength: 6 }),
        fc.constantFrom<ArchiveKind[]>('tar', 'tar.gz', 'zip', 'wheel', 'deb'),
        fc.boolean(),
        (entries, archive, foldsCase) => tryUnpack(archive, `a.${archive}`, archiveOf(archive, entries), foldsCase),
      ),
      FUZZ,
    );
    total += runsMade();
  });

  it.each<[string, ArchiveKind, Buffer]>([
    ['a header of a gigabyte', 'tar', paxOf('x', 2 ** 30)],
    ['an attribute that says a gigabyte', 'tar', Buffer.concat([paxOf('size=1073741824', 100), tarOf(HARD)])],
    ['a name that goes on for a megabyte', 'tar', Buffer.concat([longNameOf(1 << 20), tarOf(HARD)])],
    ['a path of attributes that leads out', 'tar', Buffer.concat([paxOf('path=../../escaped'), tarOf([{ path: 'a', content: 'x' }])])],
    ['a link of attributes that leads out', 'tar', Buffer.concat([paxOf('linkpath=../../escaped'), tarOf([{ path: 'a', type: 'SymbolicLink', target: 'b' }])])],
    ['attributes without end', 'tar', Buffer.concat(Array.from({ length: 5000 }, () => paxOf('a=b')))],
    ['an archive in an archive in an archive', 'tar.gz', gzipSync(gzipSync(gzipSync(Buffer.alloc(1 << 22))))],
    ['a zip that says it holds 65,535 files', 'zip', zipSaying(65_535)],
    [
      'a Debian package with a member as large as numbers go',
      'deb',
      Buffer.concat([Buffer.from('!<arch>\n'), Buffer.from(`${'data.tar'.padEnd(48)}9999999999\`\n`)]),
    ],
    [
      'a Debian package with members of nothing without end',
      'deb',
      Buffer.concat([Buffer.from('!<arch>\n'), ...Array.from({ length: 3000 }, () => Buffer.from(`${'a'.padEnd(48)}${'0'.padEnd(10)}\`\n`))]),
    ],
  ])('%s', async (_title, archive, bytes) => {
    await tryUnpack(archive, `a.${archive}`, bytes);
    total += runsMade();
  });
});

function archiveOf(archive: ArchiveKind, entries: readonly RawEntry[]): Buffer {
  const contents = entries.map((entry) => (entry.type === 'File' ? entry : { ...entry, content: '' }));
  if (archive === 'tar') return tarOf(contents);
  if (archive === 'deb') return debOf(tarGzOf(contents));
  if (archive === 'tar.gz') return tarGzOf(contents);
  return zipOf(contents.map(({ target, ...entry }) => (entry.type === 'SymbolicLink' ? { ...entry, target: target ?? '' } : entry)));
}

/** A header block of tar with the given type and size; https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
function block(type: string, size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write('PaxHeader', 0);
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  header.write(' '.repeat(8), 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function paxOf(attribute: string, size?: number): Buffer {
  const line = Buffer.from(`${attribute.length + 4} ${attribute}\n`);
  return Buffer.concat([block('x', size ?? line.length), line, Buffer.alloc(512 - line.length)]);
}

function longNameOf(bytes: number): Buffer {
  return Buffer.concat([block('L', bytes), Buffer.alloc(bytes, 'a')]);
}

function zipSaying(count: number): Buffer {
  const bytes = zipOf(ORDINARY);
  bytes.writeUInt16LE(count, bytes.length - 14);
  bytes.writeUInt16LE(count, bytes.length - 12);
  return bytes;
}
