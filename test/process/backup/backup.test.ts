import { existsSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runOrThrow } from '../../../src/base/exec.ts';
import type { MadeBackup } from '../../../src/backup/backup.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { addRows, backedUp, countRows, stateOf } from './backed-up.ts';

describe('dkm backup and dkm restore', () => {
  it('save everything while it runs, for the owner alone, and sha256sum can check it', async () => {
    const { layout, dkm, folder } = await backedUp();
    expect(await dkm('start')).toMatchObject({ code: 0 });
    const made = JSON.parse((await dkm('backup', '--json')).stdout) as MadeBackup;
    expect(made).toMatchObject({ about: { hostname: 'host.example.org', excludesData: false, databases: ['storage/page/page.db'] }, remarks: [] });
    expect(made.file.startsWith(`${folder}/dkm-backup-host.example.org-`)).toBe(true);
    expect(statSync(made.file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
    expect(existsSync(join(layout.run, 'backup-work'))).toBe(false);
    const unpacked = temporaryDirectory();
    await runOrThrow('tar', ['-xzf', made.file, '-C', unpacked]);
    await runOrThrow('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: unpacked });
    expect(readFileSync(join(unpacked, 'storage/store/a/one.wsp'))).toEqual(readFileSync(join(layout.storage, 'store/a/one.wsp')));
    expect(readFileSync(join(unpacked, 'conf/secrets/page-key'))).toEqual(readFileSync(join(layout.secrets, 'page-key')));
    expect(countRows(unpacked)).toBe(10);
    expect(await dkm('restore', made.file, '--check')).toMatchObject({ code: 0, stdout: expect.stringContaining('is whole') as string });
  });

  it('bring back in place what was there, and start what ran', async () => {
    const { layout, dkm, folder, write, read } = await backedUp();
    write('conf/own.d/mine.conf', 'mine\n');
    write('conf/store.toml', read('conf/store.toml').replace('yours:', 'yours: edited'));
    const before = stateOf(layout);
    const file = join(folder, 'b.tar.gz');
    expect(await dkm('start')).toMatchObject({ code: 0 });
    expect(await dkm('backup', '--to', file)).toMatchObject({ code: 0 });
    write('storage/store/a/one.wsp', 'spoilt');
    write('storage/store/new.wsp', 'new');
    write('conf/page.toml', 'spoilt');
    rmSync(join(layout.secrets, 'page-key'));
    addRows(layout, 5);
    const restored = await dkm('restore', file, '--json');
    expect(restored).toMatchObject({ code: 0 });
    const { kept, started } = JSON.parse(restored.stdout) as { kept: string; started: string[] };
    expect(started.toSorted()).toEqual(['page', 'store']);
    expect(countRows(layout.root)).toBe(10);
    expect(stateOf(layout)).toEqual({
      ...before,
      'storage/page/page.db': stateOf(layout)['storage/page/page.db'],
      [kept.slice(layout.root.length + 1)]: 'there',
    });
    expect(readFileSync(join(kept, 'storage/store/new.wsp'), 'utf8')).toBe('new');
    expect(await dkm('status')).toMatchObject({ code: 0 });
  });

  it('without data leave what the store keeps alone', async () => {
    const { layout, dkm, folder, write, read } = await backedUp();
    const file = join(folder, 'b.tar.gz');
    expect(await dkm('backup', '--exclude-data', '--to', file)).toMatchObject({ code: 0 });
    const conf = read('conf/page.toml');
    write('storage/store/a/one.wsp', 'later');
    write('storage/store/new.wsp', 'new');
    write('conf/page.toml', 'spoilt');
    addRows(layout, 5);
    expect(await dkm('restore', file, '--discard-old')).toMatchObject({ code: 0 });
    expect([read('storage/store/a/one.wsp'), read('storage/store/new.wsp'), read('conf/page.toml')]).toEqual(['later', 'new', conf]);
    expect(countRows(layout.root)).toBe(10);
    expect(readdirSync(layout.root).filter((name) => name.startsWith('restore-'))).toEqual([]);
  });

  it('make a copy beside the original, with its own port and the edits, and leave the original alone', async () => {
    const { layout, port, dkm, dkmIn, folder, write, read } = await backedUp();
    write('conf/store.toml', read('conf/store.toml').replace('yours:', 'yours: edited'));
    write('conf/page.toml', read('conf/page.toml').replace('data =', 'data = # mine'));
    write('conf/own.d/mine.conf', `path = ${layout.root}/x\n`);
    const file = join(folder, 'b.tar.gz');
    expect(await dkm('backup', '--to', file)).toMatchObject({ code: 0 });
    const before = stateOf(layout);
    const other = join(folder, 'deep', 'copy');
    const restored = await dkm('restore', file, '-d', other, '-p', String(port + 20));
    expect(restored).toMatchObject({ code: 0 });
    expect(restored.stderr).toContain('conf/page.toml: edited by you where it changes');
    expect(restored.stderr).toContain('conf/own.d/mine.conf still names the directory');
    expect(readFileSync(join(other, 'conf/store.toml'), 'utf8')).toBe(`port = ${port + 21}\n\n# yours: edited\n\n\ndata = "${other}/storage/store"\n`);
    expect(readFileSync(join(other, 'conf/secrets/page-key'), 'utf8')).toBe(read('conf/secrets/page-key'));
    const copy = dkmIn(other);
    expect(await copy('start')).toMatchObject({ code: 0 });
    expect((await fetch(`http://127.0.0.1:${port + 21}/`)).status).toBe(200);
    expect(countRows(other)).toBe(10);
    expect(stateOf(layout)).toEqual(before);
    expect(await dkm('status')).toMatchObject({ code: 3 });
    expect(await dkm('restore', file, '-d', other)).toMatchObject({ code: 4, stderr: expect.stringContaining('is not empty') as string });
  });

  it('are refused where they would do harm', async () => {
    const { layout, dkm, folder } = await backedUp();
    const file = join(folder, 'b.tar.gz');
    expect(await dkm('backup', '--to', file)).toMatchObject({ code: 0 });
    const before = stateOf(layout);
    for (const [args, code, message] of [
      [['backup', '--to', file], 4, 'is there already'],
      [['backup', '--to', join(layout.storage, 'x.tar.gz')], 4, 'belongs outside'],
      [['backup', '--to', join(folder, 'none', 'x.tar.gz')], 4, 'cannot be written'],
      [['restore', join(folder, 'none')], 2, 'no such file'],
      [['restore', file, '-p', '16000'], 2, '--port goes with'],
      [['restore', file, '-d', join(layout.root, 'x')], 4, 'lies in it'],
      [['restore', file, '-d', folder], 4, 'around it'],
      [['restore', join(layout.root, 'conf/dkm.toml')], 4, 'damaged or no backup'],
    ] as const) {
      expect(await dkm(...args), args.join(' ')).toMatchObject({ code, stderr: expect.stringContaining(message) as string });
    }
    expect(stateOf(layout)).toEqual(before);
  });

  it('refuse a backup of a newer version, and take one of an older', async () => {
    const [older, newer] = [await backedUp('1.0.0'), await backedUp('1.1.0')];
    const [old, recent] = [join(older.folder, 'b.tar.gz'), join(newer.folder, 'b.tar.gz')];
    expect(await older.dkm('backup', '--to', old)).toMatchObject({ code: 0 });
    expect(await newer.dkm('backup', '--to', recent)).toMatchObject({ code: 0 });
    const before = stateOf(older.layout);
    for (const args of [[], ['-d', join(older.folder, 'copy')]]) {
      expect(await older.dkm('restore', recent, ...args)).toMatchObject({ code: 4, stderr: expect.stringContaining('Update first') as string });
    }
    expect(stateOf(older.layout)).toEqual(before);
    expect(await newer.dkm('restore', old)).toMatchObject({ code: 0 });
    expect(newer.read('conf/store.toml')).toContain(`"${newer.layout.root}/storage/store"`);
  });

  it('tell what is not in a backup', async () => {
    const { layout, dkm, folder } = await backedUp();
    symlinkSync('/usr', join(layout.conf, 'elsewhere'));
    symlinkSync('nowhere', join(layout.conf, 'dangling'));
    writeFileSync(join(layout.storage, 'store', 'cut.wsp'), Buffer.alloc(20));
    const made = JSON.parse((await dkm('backup', '--to', folder, '--json')).stdout) as MadeBackup;
    expect(made.remarks.map(({ path, why }) => `${path}: ${why}`).toSorted()).toEqual([
      'conf/dangling: a link that leads nowhere',
      'conf/elsewhere: a link to a directory',
      expect.stringContaining('storage/store/cut.wsp: damaged') as string,
    ]);
  });
});
