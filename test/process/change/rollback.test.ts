import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageOf, lines, statesOf, updatable, updateBundle, type Updatable } from '../../helpers/update-bundles.ts';

const V1_RUNS = { store: 'RUNNING 1.0.0', page: 'RUNNING 1.0.0' };
const V2_RUNS = { store: 'RUNNING 2.0.0', page: 'RUNNING 2.0.0' };

const back = (target: Updatable, ...args: string[]): ReturnType<Updatable['dkm']> => target.dkm('rollback', '--yes', '--watch', '1', ...args);

/** conf/ and the links: what a rollback brings back whole. */
function configurationOf(target: Updatable): Record<string, string> {
  const entries = Object.entries(imageOf(target.layout.root)).filter(([path]) => !/^(versions|storage)|secrets/.test(path));
  return Object.fromEntries(entries);
}

describe('dkm rollback', () => {
  it('brings the earlier version back with its configuration and database, keeps the newer one beside, and goes forward again', async () => {
    const target = await updatable();
    target.write('conf/store/store.conf', lines({ 2: 'key2 = mine', 10: 'key10 = mine' }));
    const [before, database] = [configurationOf(target), target.read('storage/page/page.db')];
    expect(await target.update(target.v2)).toMatchObject({ code: 0 });
    const after = configurationOf(target);
    expect(after).not.toEqual(before);

    const finished = await back(target);
    expect(finished, finished.stdout + finished.stderr).toMatchObject({ code: 0 });
    expect(finished.stdout).toContain('Stored metrics stay');
    expect(configurationOf(target)).toEqual(before);
    expect(await statesOf(target)).toEqual(V1_RUNS);
    expect(target.read('storage/page/page.db')).toBe(`${database}opened by 1.0.0\n`);
    const beside = /under dkm 2\.0\.0: (\S+)/.exec(finished.stdout)?.[1] ?? '';
    expect(readFileSync(beside, 'utf8')).toBe(`${database}opened by 2.0.0\n`);

    const again = await back(target);
    expect(again).toMatchObject({ code: 4, stderr: expect.stringContaining('since a rollback from 2.0.0') as string });
    const forward = await back(target, '--to', '2.0.0', '--json');
    expect(forward, forward.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(forward.stdout)).toMatchObject({ result: 'rolled-back', from: '1.0.0', to: '2.0.0' });
    expect(configurationOf(target)).toEqual(after);
    expect(await statesOf(target)).toEqual(V2_RUNS);
    expect(target.read('storage/page/page.db')).toBe(`${database}opened by 2.0.0\nopened by 2.0.0\n`);
  });

  it('keeps what was edited since, beside it where both changed the same lines, over several versions', async () => {
    const target = await updatable({ start: false });
    expect(await target.update(target.v2)).toMatchObject({ code: 0 });
    target.write('conf/store/store.conf', target.read('conf/store/store.conf').replace('key2 = 2', 'key2 = later'));
    expect(await target.update(await updateBundle(target.folder, '3.0.0'), '--keep', '3')).toMatchObject({ code: 0 });
    expect(target.read('conf/store/store.conf')).toBe(lines({ 2: 'key2 = later', 10: 'key10 = from 3.0.0' }));
    target.write('conf/page/page.ini', target.read('conf/page/page.ini').replace('version = 3.0.0', 'version = mine'));
    expect((await target.dkm('rollback', '--list')).stdout).toMatch(/^2\.0\.0 .*\n1\.0\.0 /);
    const finished = await back(target, '--to', '1.0.0');
    expect(finished, finished.stdout + finished.stderr).toMatchObject({ code: 0 });
    expect(target.read('conf/store/store.conf')).toBe(lines({ 2: 'key2 = later' }));
    expect(target.read('conf/page/page.ini')).toContain('version = mine');
    expect(target.read('conf/page/page.ini.new')).toContain('version = 1.0.0');
    expect(target.read('conf/page/gone.ini')).toBe('gone\n');
    expect(existsSync(join(target.layout.root, 'conf/page/new.ini'))).toBe(false);
    expect(readlinkSync(target.layout.current)).toBe('versions/1.0.0');
  });

  it('that fails leaves the present version as it was', async () => {
    const target = await updatable();
    expect(await target.update(target.v2)).toMatchObject({ code: 0 });
    const before = imageOf(target.layout.root);
    target.order('1.0.0', 'store', 'refuse', 'cannot');
    const finished = await back(target);
    expect(finished, finished.stdout).toMatchObject({ code: 1, stderr: expect.stringContaining('dkm 2.0.0 is there as it was') as string });
    expect({ ...imageOf(target.layout.root), 'storage/page/page.db': '' }).toEqual({ ...before, 'storage/page/page.db': '' });
    expect(await statesOf(target)).toEqual(V2_RUNS);
    expect(readdirSync(target.layout.logs).some((name) => name.startsWith('failed-rollback-1.0.0-'))).toBe(true);
  });

  it('that fails before anything was started leaves the database as it was', async () => {
    const target = await updatable({ start: false });
    expect(await target.update(target.v2)).toMatchObject({ code: 0 });
    target.write('storage/page/page.db', 'rows of 2.0.0\n');
    const before = imageOf(target.layout.root);
    mkdirSync(join(target.layout.root, 'current.new', 'in-the-way'), { recursive: true });
    const finished = await back(target);
    expect(finished, finished.stdout).toMatchObject({ code: 1, stderr: expect.stringContaining('current.new') as string });
    rmSync(join(target.layout.root, 'current.new'), { recursive: true });
    expect(await target.dkm('stop')).toMatchObject({ code: 0 });
    expect(target.read('storage/page/page.db')).toBe('rows of 2.0.0\n');
    expect(imageOf(target.layout.root)).toEqual(before);
  });

  it('removes no version, and keeps the one that it leaves where others are kept, too', async () => {
    const target = await updatable({ start: false });
    expect(await target.update(target.v2)).toMatchObject({ code: 0 });
    expect(await target.update(await updateBundle(target.folder, '3.0.0'), '--keep', '3')).toMatchObject({ code: 0 });
    target.write('storage/page/page.db', 'rows of 3.0.0\n');
    const finished = await back(target, '--json');
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const [database] = (JSON.parse(finished.stdout) as { databases: { keptBeside: string }[] }).databases;
    expect(readFileSync(database?.keptBeside ?? '', 'utf8')).toBe('rows of 3.0.0\n');
    const { versions } = JSON.parse((await target.dkm('rollback', '--list', '--json')).stdout) as { versions: { version: string }[] };
    expect(versions.map(({ version }) => version)).toEqual(['3.0.0', '1.0.0']);
    expect(await back(target, '--to', '3.0.0')).toMatchObject({ code: 0 });
    expect(target.read('storage/page/page.db')).toBe('rows of 3.0.0\n');
    expect((await target.dkm('rollback', '--list')).stdout).toMatch(/^2\.0\.0 .*\n1\.0\.0 /);
  });

  it('is refused without a version to go back to, an unknown one, or anybody to ask', async () => {
    const target = await updatable({ start: false });
    expect(await back(target)).toMatchObject({ code: 4, stderr: expect.stringContaining('no version before dkm 1.0.0') as string });
    expect(await back(target, '--to', '0.9')).toMatchObject({ code: 4, stderr: expect.stringContaining('0.9 is not kept') as string });
    expect(await target.update(target.v2)).toMatchObject({ code: 0 });
    expect(await target.dkm('rollback')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    expect(readlinkSync(target.layout.current)).toBe('versions/2.0.0');
  });
});
