import { appendFileSync, mkdirSync, readFileSync, writeFileSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Header } from 'tar';
import { beforeEach, describe, expect, it } from 'vitest';
import { readArchive, type BackupEntry, type ReadBackup } from '../../../src/backup/read-archive.ts';
import { unpack } from '../../../src/backup/unpack.ts';
import { writeArchive } from '../../../src/backup/write-archive.ts';
import { sha256 } from '../../../src/base/digest.ts';
import { listTree } from '../../../src/base/files.ts';
import { ABOUT_FILE, SUMS_FILE, sumLine, type BackupAbout } from '../../../src/contract/backup.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const { signal } = new AbortController();
const QUIET = { signal, onBytes: (): void => undefined };
const ABOUT: BackupAbout = {
  schema: 1,
  name: 'dkm-backup',
  at: '2026-11-21T05:00:00.000Z',
  version: '1.0.0',
  bundle: 'a'.repeat(64),
  platform: 'linux-x64',
  hostname: 'host.example.org',
  root: '/srv/dkm',
  port: 15000,
  excludesData: false,
  databases: [],
  sparse: false,
};
const FILES: Record<string, Buffer> = {
  'conf/dkm.toml': Buffer.from('[install]\n'),
  'run/generated.json': Buffer.from('{}'),
  [`storage/whisper/${'long/'.repeat(60)}x.wsp`]: Buffer.alloc(3000, 7),
  'storage/whisper/größe.wsp': Buffer.alloc(512),
  'storage/odd\\name\n.txt': Buffer.from('odd'),
  'storage/empty': Buffer.alloc(0),
};

let folder: string;
let file: string;
beforeEach(async () => {
  folder = temporaryDirectory();
  file = join(folder, 'b.tar.gz');
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, 'in', path)), { recursive: true });
    writeFileSync(join(folder, 'in', path), content, { mode: 0o640 });
  }
  const files = Object.entries(FILES).map(([path, content]) => ({ path, absolute: join(folder, 'in', path), size: content.length }));
  await writeArchive(file, ABOUT, files, QUIET);
});

const read = (path = file): Promise<ReadBackup> => readArchive(path, QUIET);
const damaged = { code: 'backup-damaged', exitCode: 4 };

describe('a backup', () => {
  it('is read back as it was written', async () => {
    expect(await read()).toEqual({ about: ABOUT, files: 6, contentBytes: 3527 });
    await unpack(file, join(folder, 'out'), ABOUT, QUIET);
    expect(await listTree(join(folder, 'out'))).toEqual(Object.keys(FILES).sort());
    for (const [path, content] of Object.entries(FILES)) expect(readFileSync(join(folder, 'out', path))).toEqual(content);
    expect(statSync(join(folder, 'out/conf/dkm.toml')).mode & 0o777).toBe(0o640);
    expect(statSync(join(folder, 'out/conf/dkm.toml')).mtime.getTime()).toBe(Math.floor(statSync(join(folder, 'in/conf/dkm.toml')).mtimeMs / 1000) * 1000);
  });

  it('gets its holes back', async () => {
    const about = { ...ABOUT, sparse: true };
    const content = Buffer.concat([Buffer.from('x'), Buffer.alloc(1 << 20), Buffer.from('y'), Buffer.alloc(1 << 20)]);
    writeFileSync(join(folder, 'sparse'), content);
    await writeArchive(`${file}2`, about, [{ path: 'storage/sparse', absolute: join(folder, 'sparse'), size: content.length }], QUIET);
    await unpack(`${file}2`, join(folder, 'out'), about, QUIET);
    expect(readFileSync(join(folder, 'out/storage/sparse'))).toEqual(content);
    expect(statSync(join(folder, 'out/storage/sparse')).blocks * 512).toBeLessThan(1 << 16);
  });

  it('with any bit flipped is refused, or is the same where gzip has no use for the bit', async () => {
    const bytes = readFileSync(file);
    const [whole, path] = [gunzipSync(bytes), join(folder, 'flipped')];
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const flipped = Buffer.from(bytes);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        writeFileSync(path, flipped);
        const outcome = await read(path).catch((error: unknown) => error);
        // A flag, time, speed hint and system in its header, and the bits after the last block: https://www.rfc-editor.org/rfc/rfc1952#page-5
        if (outcome instanceof Error) expect(outcome).toMatchObject(damaged);
        else expect(gunzipSync(flipped)).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it('with any bit of its content flipped is refused, when gzip would not notice', async () => {
    const [tar, path, original] = [gunzipSync(readFileSync(file)), join(folder, 'flipped'), await read()];
    let noticed = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(tar.length * 8 - 1), async (bit) => {
        const flipped = Buffer.from(tar);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        writeFileSync(path, gzipSync(flipped, { level: 1 }));
        const outcome = await read(path).catch((error: unknown) => error);
        // Between files are bytes that mean nothing, and an extended header may repeat what the header says.
        if (!(outcome instanceof Error)) expect(outcome).toEqual(original);
        else {
          noticed += 1;
          expect(outcome).toMatchObject(damaged);
        }
      }),
      { numRuns: 500 },
    );
    expect(noticed).toBeGreaterThan(100);
  });

  it('cut off anywhere is refused', async () => {
    const bytes = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), async (length) => {
        writeFileSync(`${file}.cut`, bytes.subarray(0, length));
        await expect(read(`${file}.cut`)).rejects.toMatchObject(damaged);
      }),
      { numRuns: 100 },
    );
  });
});

interface Forged {
  path: string;
  content?: string;
  type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory' | 'FIFO' | 'CharacterDevice';
  linkpath?: string;
  /** True: not named in SHA256SUMS. */
  unlisted?: boolean;
}

/** A backup made by somebody else: right in everything but what is given. */
function forge(entries: readonly Forged[], { about = JSON.stringify(ABOUT), sums }: { about?: string; sums?: string } = {}): void {
  const all: Forged[] = [{ path: ABOUT_FILE, content: about }, ...entries];
  const listed = all.filter(({ unlisted, type }) => !unlisted && type !== 'Directory').map(({ path, content = '' }) => sumLine(sha256(content), path));
  const blocks = [...all, { path: SUMS_FILE, content: sums ?? listed.join('') }].flatMap(({ path, content = '', type = 'File', linkpath }: Forged) => {
    const header = Buffer.alloc(512);
    new Header({ path, size: Buffer.byteLength(content), type, mode: 0o600, mtime: new Date(0), ...(linkpath !== undefined && { linkpath }) }).encode(
      header,
      0,
    );
    return [header, Buffer.from(content), Buffer.alloc((512 - (Buffer.byteLength(content) % 512)) % 512)];
  });
  writeFileSync(file, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])));
}

describe('a forged backup', () => {
  it('is read when nothing is wrong with it', async () => {
    forge([{ path: 'conf/x', content: 'x' }]);
    expect(await read()).toMatchObject({ files: 1 });
  });

  it.each<[string, Forged[], string]>([
    ['a path that leads out', [{ path: 'conf/../../x' }], 'leads elsewhere'],
    ['an absolute path', [{ path: '/conf/x' }], 'leads elsewhere'],
    ['a dot in a path', [{ path: 'conf/./x' }], 'leads elsewhere'],
    ['a file that is not backed up', [{ path: 'bin/dkm' }], 'no backup holds'],
    ['the journal', [{ path: 'run/restore.journal' }], 'no backup holds'],
    ['a program', [{ path: 'versions/1.0.0/installer' }], 'no backup holds'],
    ['conf as a file', [{ path: 'conf' }], 'no backup holds'],
    ['a file twice', [{ path: 'conf/x' }, { path: 'conf/x' }], 'appears twice'],
    ['backup.json twice', [{ path: ABOUT_FILE }], 'appears twice'],
    ['a file below a file', [{ path: 'conf/x' }, { path: 'conf/x/y' }], 'lies below a file'],
    ['a file in place of a directory', [{ path: 'conf/x/y' }, { path: 'conf/x' }], 'a file and a directory'],
    ['a symbolic link', [{ path: 'conf/x', type: 'SymbolicLink', linkpath: '/etc' }], 'no regular file'],
    ['a hard link', [{ path: 'conf/x' }, { path: 'conf/y', type: 'Link', linkpath: 'conf/x' }], 'no regular file'],
    ['a directory', [{ path: 'conf/x/', type: 'Directory' }], 'no regular file'],
    ['a fifo', [{ path: 'conf/x', type: 'FIFO' }], 'no regular file'],
    ['a device', [{ path: 'conf/x', type: 'CharacterDevice' }], 'no regular file'],
    ['a file that is not listed', [{ path: 'conf/x', unlisted: true }], 'not as SHA256SUMS says'],
    ['a name that is too long', [{ path: `conf/${'x'.repeat(90)}`, content: '' }, { path: 'conf/y\0' }], 'backup'],
  ])('with %s is refused', async (_, entries, why) => {
    forge(entries);
    await expect(read()).rejects.toMatchObject({ ...damaged, message: expect.stringContaining(why) as string });
  });

  it.each<[string, () => void, string]>([
    ['a file missing', () => forge([], { sums: sumLine(sha256(JSON.stringify(ABOUT)), ABOUT_FILE) + sumLine(sha256(''), 'conf/x') }), 'conf/x is not as'],
    [
      'another digest',
      () => forge([{ path: 'conf/x', content: 'y' }], { sums: sumLine(sha256(JSON.stringify(ABOUT)), ABOUT_FILE) + sumLine(sha256('z'), 'conf/x') }),
      'conf/x is not as',
    ],
    ['an unknown key', () => forge([], { about: JSON.stringify({ ...ABOUT, more: 1 }) }), 'more: unknown key'],
    ['another schema', () => forge([], { about: JSON.stringify({ ...ABOUT, schema: 2 }) }), 'schema'],
    ['databases that lead out', () => forge([], { about: JSON.stringify({ ...ABOUT, databases: ['../x'] }) }), 'databases'],
    ['a list that does not end', () => forge([], { sums: 'x'.repeat(100_000) }), 'longer than it may be'],
    ['nothing in it', () => writeFileSync(file, ''), 'damaged'],
    ['something else in it', () => writeFileSync(file, 'no archive at all'), 'damaged'],
    ['its end cut off and filled up', () => (truncateSync(file, 300), appendFileSync(file, Buffer.alloc(300))), 'damaged'],
  ])('with %s is refused', async (_, make, why) => {
    make();
    await expect(read()).rejects.toMatchObject({ ...damaged, message: expect.stringContaining(why) as string });
  });

  it('is told entry by entry before anything is written', async () => {
    forge([{ path: 'conf/x', content: 'x' }, { path: 'conf/../y' }]);
    const begun: BackupEntry[] = [];
    const taker = { begin: (entry: BackupEntry) => void begun.push(entry), chunk: () => undefined, end: () => undefined };
    await expect(readArchive(file, { ...QUIET, taker })).rejects.toMatchObject(damaged);
    expect(begun.map(({ path }) => path)).toEqual(['conf/x']);
  });
});
