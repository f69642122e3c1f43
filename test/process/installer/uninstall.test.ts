import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runInstaller } from '../../helpers/run-installer.ts';
import { imageOf, lines, statesOf, updatable, type Updatable } from '../../helpers/update-bundles.ts';

const uninstall = (target: Updatable, ...args: string[]): ReturnType<typeof runInstaller> =>
  runInstaller(target.v1, ['-d', target.layout.root, '--uninstall', '--yes', ...args]);

describe('--uninstall', () => {
  it('stops everything and leaves data and configuration, which a later installation takes up', async () => {
    const target = await updatable();
    target.write('conf/store/store.conf', lines({ 2: 'key2 = mine' }));
    const of = (image: Record<string, string>): unknown => Object.entries(image).filter(([path]) => /^(conf|storage)/.test(path));
    const before = imageOf(target.layout.root);
    const finished = await uninstall(target);
    expect(finished, finished.stdout + finished.stderr).toMatchObject({ code: 0 });
    expect(readdirSync(target.layout.root).sort()).toEqual(['conf', 'run', 'storage']);
    expect(of(imageOf(target.layout.root))).toEqual(of(before));

    const other = await runInstaller(target.v1, ['-d', target.layout.root, '-t', 'agent']);
    expect(other).toMatchObject({ code: 4, stderr: expect.stringContaining('type: backend there, agent asked for') as string });
    const again = await runInstaller(target.v2, ['-d', target.layout.root]);
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expect(target.read('conf/store/store.conf')).toBe(lines({ 2: 'key2 = mine', 10: 'key10 = from 2.0.0' }));
    expect(readFileSync(join(target.layout.secrets, 'page-key'), 'utf8')).toHaveLength(43);
    expect(target.read('storage/page/page.db')).toContain('rows');
    expect(await target.dkm('start')).toMatchObject({ code: 0 });
    expect(await statesOf(target)).toEqual({ store: 'RUNNING 2.0.0', page: 'RUNNING 2.0.0' });
  });

  it('and an installation over it that fails leave configuration, secrets and data alone', async () => {
    const target = await updatable({ start: false });
    expect(await uninstall(target)).toMatchObject({ code: 0 });
    const before = imageOf(target.layout.root);
    mkdirSync(join(target.layout.root, 'static', 'in-the-way'), { recursive: true });
    expect(await runInstaller(target.v1, ['-d', target.layout.root])).toMatchObject({ code: 1, stderr: expect.stringContaining('static') as string });
    rmSync(join(target.layout.root, 'static'), { recursive: true });
    expect(imageOf(target.layout.root)).toEqual(before);
    expect(await runInstaller(target.v1, ['-d', target.layout.root])).toMatchObject({ code: 0 });
  });

  it('works on a broken installation, and asks before', async () => {
    const target = await updatable();
    const asked = await runInstaller(target.v1, ['-d', target.layout.root, '--uninstall']);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    expect(await statesOf(target)).toEqual({ store: 'RUNNING 1.0.0', page: 'RUNNING 1.0.0' });
    target.write('conf/dkm.toml', 'not = [valid');
    target.write('run/install.journal', '{"record":');
    rmSync(join(target.layout.versions, '1.0.0/vendor-manifests'), { recursive: true });
    const finished = await uninstall(target);
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    expect(readdirSync(target.layout.root).sort()).toEqual(['conf', 'run', 'storage']);
  });
});

describe('--uninstall --purge', () => {
  it('removes all of dkm and nothing else', async () => {
    const target = await updatable();
    expect(await target.update(target.v2)).toMatchObject({ code: 0 });
    const elsewhere = join(target.folder, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'precious'), 'x');
    renameSync(join(target.layout.storage, 'store'), join(elsewhere, 'store'));
    symlinkSync(join(elsewhere, 'store'), join(target.layout.storage, 'store'));
    writeFileSync(join(target.layout.root, 'notes.txt'), 'mine');
    writeFileSync(join(target.layout.bin, 'tool'), 'mine');
    mkdirSync(join(target.layout.root, 'restore-kept-20260101T000000Z', 'conf', 'secrets'), { recursive: true });
    const finished = await uninstall(target, '--purge');
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    expect(readdirSync(target.layout.root).sort()).toEqual(['bin', 'notes.txt']);
    expect(finished.stdout).toContain('notes.txt');
    expect(existsSync(join(elsewhere, 'precious')) && existsSync(join(elsewhere, 'store'))).toBe(true);
    expect(await uninstall(target, '--purge')).toMatchObject({ code: 4, stderr: expect.stringContaining('not an installation') as string });
  });

  it('removes the directory itself when it is empty, and a directory that others made never', async () => {
    const target = await updatable({ start: false });
    expect(await uninstall(target, '--purge')).toMatchObject({ code: 0 });
    expect(existsSync(target.layout.root)).toBe(false);
    mkdirSync(join(target.layout.root, 'conf'), { recursive: true });
    writeFileSync(join(target.layout.root, 'conf/mine'), 'x');
    expect(await uninstall(target, '--purge')).toMatchObject({ code: 4 });
    expect(existsSync(join(target.layout.root, 'conf/mine'))).toBe(true);
  });
});
