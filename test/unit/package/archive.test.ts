import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { archiveEpoch, writeArchive } from '../../../src/package/archive.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const PATHS = ['bundle.json', 'bin/run', 'bin/link', `deep/${'a long name '.repeat(15)}/file`, 'umlaut-ä'];

function makeTree(): string {
  const root = join(temporaryDirectory(), 'dkm-1');
  for (const folder of ['bin', `deep/${'a long name '.repeat(15)}`]) mkdirSync(join(root, folder), { recursive: true });
  for (const path of PATHS) if (path !== 'bin/link') writeFileSync(join(root, path), path);
  chmodSync(join(root, 'bin/run'), 0o755);
  symlinkSync('run', join(root, 'bin/link'));
  return root;
}

describe('writeArchive', () => {
  it('is unpacked by GNU tar to the same files, modes and links', async () => {
    const root = makeTree();
    const out = temporaryDirectory();
    const archive = await writeArchive(root, PATHS, join(out, 'dkm-1.tar.gz'));
    execFileSync('tar', ['-xzf', archive.path, '-C', out]);
    for (const path of PATHS) expect(readFileSync(join(out, 'dkm-1', path), 'utf8')).toBe(path === 'bin/link' ? 'bin/run' : path);
    expect(lstatSync(join(out, 'dkm-1/bin/run')).mode & 0o777).toBe(0o755);
    expect(lstatSync(join(out, 'dkm-1/bundle.json')).mode & 0o777).toBe(0o644);
    expect(readlinkSync(join(out, 'dkm-1/bin/link'))).toBe('run');
  });

  it('gives the same bytes for the same files, whenever and wherever they were written', async () => {
    const out = temporaryDirectory();
    const first = await writeArchive(makeTree(), PATHS, join(out, 'a.tar.gz'));
    const other = makeTree();
    utimesSync(join(other, 'bin/run'), 1, 1);
    const second = await writeArchive(other, PATHS, join(out, 'b.tar.gz'));
    expect(second.sha256).toBe(first.sha256);
    expect(readFileSync(first.path).readUInt32LE(4), 'time in the gzip header').toBe(0);
  });

  it('has owner 0, one time, and the order it was given', async () => {
    const out = temporaryDirectory();
    const { path } = await writeArchive(makeTree(), PATHS, join(out, 'a.tar.gz'));
    const listed = execFileSync('tar', ['-tvz', '--numeric-owner', '--full-time', '-f', path], {
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
    })
      .trim()
      .split('\n');
    expect(
      listed.every((line) => /^\S+ 0\/0 +\d+ 2023-11-14 22:13:20 /.test(line)),
      listed.join('\n'),
    ).toBe(true);
    const names = listed.map((line) => line.replace(/^.*22:13:20 /, ''));
    expect(names.slice(0, 3)).toEqual(['dkm-1/bundle.json', 'dkm-1/bin/run', 'dkm-1/bin/link -> run']);
  });

  it('writes what sha256sum checks', async () => {
    const out = temporaryDirectory();
    const { path, sha256: digest, size } = await writeArchive(makeTree(), PATHS, join(out, 'a.tar.gz'));
    expect(readFileSync(`${path}.sha256`, 'utf8')).toBe(`${digest}  a.tar.gz\n`);
    expect(sha256(readFileSync(path))).toBe(digest);
    expect(readFileSync(path)).toHaveLength(size);
    expect(gunzipSync(readFileSync(path)).length % 512).toBe(0);
  });

  it('leaves nothing behind when a file is missing', async () => {
    const out = temporaryDirectory();
    await expect(writeArchive(makeTree(), ['absent'], join(out, 'a.tar.gz'))).rejects.toThrow(/absent/);
    expect(existsSync(join(out, 'a.tar.gz'))).toBe(false);
    expect(existsSync(join(out, 'a.tar.gz.partial'))).toBe(false);
  });

  it.each([
    [{}, 1_700_000_000],
    [{ SOURCE_DATE_EPOCH: '1600000000' }, 1_600_000_000],
    [{ SOURCE_DATE_EPOCH: 'yesterday' }, 1_700_000_000],
  ])('takes its time from %j', (environment, expected) => {
    expect(archiveEpoch(environment)).toBe(expected);
  });
});
