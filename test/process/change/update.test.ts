import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, readdirSync, readlinkSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, runOrThrow } from '../../../src/base/exec.ts';
import { AS_WHO_I_AM } from '../../helpers/installation.ts';
import { imageOf, lines, statesOf, updatable, updateBundle, type Updatable } from '../../helpers/update-bundles.ts';
import { beforeRemoval, temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

const V1_RUNS = { store: 'RUNNING 1.0.0', page: 'RUNNING 1.0.0' };
const V2_RUNS = { store: 'RUNNING 2.0.0', page: 'RUNNING 2.0.0' };
const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts');

/** Edits of every kind, before an update. */
function edit(target: Updatable): void {
  target.write('conf/store/store.conf', lines({ 2: 'key2 = mine' }));
  target.write('conf/page/page.ini', `port = ${target.port + 2}\nversion = mine\n`);
  target.write('conf/page/of-mine.ini', 'mine\n');
  chmodSync(join(target.layout.root, 'conf/page/of-mine.ini'), 0o640);
}

describe('an update', () => {
  it('puts the new version in place, merges configuration, and keeps what is needed to go back', async () => {
    const target = await updatable();
    edit(target);
    const settings = target.read('conf/dkm.toml');
    const finished = await target.update(target.v2);
    expect(finished, finished.stdout + finished.stderr).toMatchObject({ code: 0 });
    expect(readlinkSync(target.layout.current)).toBe('versions/2.0.0');
    expect(target.read('conf/store/store.conf')).toBe(lines({ 2: 'key2 = mine', 10: 'key10 = from 2.0.0' }));
    expect(target.read('conf/page/page.ini')).toContain('version = mine');
    expect(target.read('conf/page/page.ini.new')).toContain('version = 2.0.0');
    expect(target.read('conf/page/new.ini')).toBe('new\n');
    expect(existsSync(join(target.layout.root, 'conf/page/gone.ini'))).toBe(false);
    expect(target.read('conf/dkm.toml')).toBe(settings);
    expect(await statesOf(target)).toEqual(V2_RUNS);
    expect(finished.stdout).toContain(`In ${target.layout.root} is dkm 1.0.0; all 2 services that run are well.`);
    expect(finished.stdout).toMatch(/Services were down for \d+\.\d s\./);
    expect(finished.stdout).toContain('conf/page/page.ini');
    expect(finished.stdout).toMatch(/Back to dkm 1\.0\.0: .*rollback/);
    expect(readdirSync(target.layout.versions).sort()).toEqual(['1.0.0', '1.0.0.snapshot', '2.0.0']);
    expect(existsSync(target.layout.changeJournal)).toBe(false);

    const again = await target.update(target.v2);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to update') as string });
    const third = await target.update(await updateBundle(target.folder, '3.0.0'), '--json');
    expect(third, third.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(third.stdout)).toMatchObject({ result: 'updated', from: '2.0.0', to: '3.0.0', pruned: ['1.0.0'] });
    expect(readdirSync(target.layout.versions).sort()).toEqual(['2.0.0', '2.0.0.snapshot', '3.0.0']);
  });

  it('is refused while a service runs whose configuration would not do any more', async () => {
    const target = await updatable();
    const before = target.read('conf/store/store.conf');
    target.write('conf/store/store.conf', `${before}faulty\n`);
    const running = await statesOf(target);
    const refused = await target.update(target.v2);
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringMatching(/store would not start again: .*\n?.*faulty/) as string });
    expect(refused.stderr).toContain('dkm stop store');
    expect(await statesOf(target)).toEqual(running);
    expect(readlinkSync(target.layout.current)).toBe('versions/1.0.0');
    target.write('conf/store/store.conf', before);
    expect(await target.update(target.v2)).toMatchObject({ code: 0 });
  });

  it('of a stopped installation starts nothing, and leaves a deleted file written anew', async () => {
    const target = await updatable({ start: false });
    rmSync(join(target.layout.root, 'conf/store/store.conf'));
    const finished = await target.update(target.v2);
    expect(finished, finished.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing was started') as string });
    expect(target.read('conf/store/store.conf')).toContain('from 2.0.0');
    expect((await target.dkm('status')).code).toBe(3);
    const older = await target.update(target.v1);
    expect(older).toMatchObject({ code: 4, stderr: expect.stringContaining('1.0.0, which is not newer') as string });
    expect(await target.update(target.v1, '--force')).toMatchObject({ code: 0 });
    expect(readlinkSync(target.layout.current)).toBe('versions/1.0.0');
  });

  it('keeps what was edited after it had looked, and files in the place of links', async () => {
    const target = await updatable();
    const child = spawn(process.execPath, [MAIN, 'installer', '--bundle', target.v2, '-d', target.layout.root, '-u', '--watch', '0', ...AS_WHO_I_AM], {
      stdio: 'ignore',
    });
    const closed = once(child, 'close');
    while (!existsSync(target.layout.changeJournal) && child.exitCode === null) await new Promise(setImmediate);
    target.write('conf/store/store.conf', lines({ 2: 'key2 = late' }));
    expect(await closed).toEqual([0, null]);
    expect(target.read('conf/store/store.conf')).toBe(lines({ 2: 'key2 = late', 10: 'key10 = from 2.0.0' }));
    rmSync(join(target.layout.root, 'more'));
    target.write('more', 'mine');
    expect(await target.update(target.v1, '--force')).toMatchObject({ code: 0 });
    expect(target.read('more')).toBe('mine');
  });

  it('to another build of the same version has a folder of its own', async () => {
    const target = await updatable({ start: false });
    const rebuilt = await updateBundle(target.folder, '1.0.0', {
      name: 'rebuilt',
      change: (bundle) => ({ ...bundle, missing: [{ name: 'x', role: 'extra', reasons: [] }] }),
    });
    expect(await target.update(rebuilt)).toMatchObject({ code: 0 });
    expect(readlinkSync(target.layout.current)).toMatch(/^versions\/1\.0\.0\+[0-9a-f]{8}$/);
    const again = await target.update(rebuilt, '--dry-run');
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to update') as string });
  });

  it('says what it would do with --dry-run, and does nothing', async () => {
    const target = await updatable();
    edit(target);
    const before = imageOf(target.layout.root);
    const finished = await target.update(target.v2, '--dry-run');
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    expect(finished.stdout).toContain('conf/store/store.conf: written anew, with your edits');
    expect(finished.stdout).toContain('the new text is in conf/page/page.ini.new');
    expect(finished.stdout).toContain('Would restart store, page and watch them');
    expect(imageOf(target.layout.root)).toEqual(before);
    expect(await statesOf(target)).toEqual(V1_RUNS);
  });

  it('is refused where there is nothing to update, with other answers, and for a role that would lose its provider', async () => {
    const target = await updatable({ start: false });
    const before = imageOf(target.layout.root);
    const elsewhere = await target.update(target.v2, '-d', join(target.folder, 'nowhere'));
    expect(elsewhere).toMatchObject({ code: 4, stderr: expect.stringContaining('nothing to update') as string });
    expect(await target.update(target.v2, '-t', 'server')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('type: backend there, server asked for') as string,
    });
    expect(await target.update(target.v2, '--provider', 'store=nothing')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('--provider store=store') as string,
    });
    expect(imageOf(target.layout.root)).toEqual(before);
  });
});

describe('an update that fails', () => {
  it.each<[string, (target: Updatable) => void, RegExp]>([
    ['a service that does not start', (target) => target.order('2.0.0', 'page', 'refuse', 'bad: config error'), /page did not start/],
    ['a service that dies while it is watched', (target) => target.order('2.0.0', 'store', 'die', 'SIGSEGV'), /store/],
  ])('because of %s goes back to exactly what was there', async (_, breakIt, why) => {
    const target = await updatable();
    edit(target);
    const [before, database] = [imageOf(target.layout.root), target.read('storage/page/page.db')];
    breakIt(target);
    const finished = await target.update(target.v2, '--watch', '20');
    expect(finished, finished.stdout + finished.stderr).toMatchObject({ code: 1 });
    expect(finished.stderr).toMatch(why);
    expect(finished.stderr).toContain('dkm 1.0.0 is there as it was, and runs');
    const after = imageOf(target.layout.root);
    // The old version opened its database again.
    expect(target.read('storage/page/page.db')).toBe(`${database}opened by 1.0.0\n`);
    expect({ ...after, 'storage/page/page.db': '' }).toEqual({ ...before, 'storage/page/page.db': '' });
    expect(await statesOf(target)).toEqual(V1_RUNS);
    const logs = /kept in (\S+)\./.exec(finished.stderr)?.[1] ?? '';
    expect(readdirSync(logs)).toEqual(expect.arrayContaining(['install.log', 'store.log', 'supervisor.log']));
    expect(readFileSync(join(logs, 'install.log'), 'utf8')).toContain('update to dkm 2.0.0 failed');
    const ofNew = readFileSync(join(logs, 'store.log'), 'utf8');
    expect(ofNew).toContain('starts');
    expect(target.read('run/logs/store.log').indexOf(ofNew)).toBeGreaterThan(0);
  });

  it('because a service becomes unhealthy while it is watched, or on Ctrl-C, goes back as well', async () => {
    const target = await updatable();
    const before = imageOf(target.layout.root);
    for (const [disturb, expected] of [
      [(): void => target.order('2.0.0', 'page', 'deaf'), /page (is|was) /],
      ['SIGINT', /interrupted/],
    ] as const) {
      const child = spawn(process.execPath, [MAIN, 'installer', '--bundle', target.v2, '-d', target.layout.root, '-u', '--watch', '60', ...AS_WHO_I_AM]);
      let said = '';
      child.stderr.on('data', (text: Buffer) => (said += text.toString()));
      const closed = once(child, 'close');
      await eventually(
        'it watches',
        () => existsSync(target.layout.changeJournal) && readFileSync(target.layout.changeJournal, 'utf8').includes('"watch"'),
        60_000,
      );
      if (typeof disturb === 'string') {
        child.kill(disturb);
        child.kill('SIGTERM');
      } else disturb();
      expect(await closed, said).toEqual([1, null]);
      expect(said).toMatch(expected);
      expect(await statesOf(target)).toEqual(V1_RUNS);
      expect({ ...imageOf(target.layout.root), 'storage/page/page.db': '' }).toEqual({ ...before, 'storage/page/page.db': '' });
      rmSync(join(target.folder, 'orders/2.0.0/page/deaf'), { force: true });
    }
  });
});

describe('an update on a disk that is full', () => {
  it('wherever that stops it, leaves everything as it was, and succeeds when there is room', { timeout: 300_000 }, async ({ skip }) => {
    const disk = temporaryDirectory();
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk]).catch(() => ({ code: 1 }));
    skip(mounted.code !== 0, 'a small tmpfs cannot be mounted here: run the tests as root where mounting is allowed');
    beforeRemoval(() => run('umount', ['-l', disk]));
    const target = await updatable({ start: false, root: join(disk, 'dkm') });
    const before = imageOf(target.layout.root);
    const failures: string[] = [];
    // Room for so many more files: bytes alone would be found by the checks before.
    for (let room = 4; failures.length < 20; room += 14) {
      const { files, ffree } = statfsSync(disk);
      await runOrThrow('mount', ['-o', `remount,nr_inodes=${files - ffree + room}`, disk]);
      const finished = await target.update(target.v2);
      if (finished.code === 0) break;
      expect(finished.stderr, `room for ${room} files`).toContain('dkm 1.0.0 is there as it was');
      expect(imageOf(target.layout.root), `room for ${room} files`).toEqual(before);
      failures.push(/ENOSPC.*/.exec(finished.stderr)?.[0] ?? 'another reason');
    }
    expect(failures.length).toBeGreaterThan(2);
    expect(failures.filter((failure) => !failure.startsWith('ENOSPC'))).toEqual([]);
    expect(readlinkSync(target.layout.current)).toBe('versions/2.0.0');
  });
});

describe('two updates at once', () => {
  it('are one update; the other says who is at work', async () => {
    const target = await updatable({ start: false });
    const all = await Promise.all([target.update(target.v2), target.update(target.v2)]);
    expect(all.map(({ code }) => code).includes(0)).toBe(true);
    for (const { code, stdout, stderr } of all)
      expect(code === 0 ? stdout : stderr).toMatch(/is installed in|nothing to update|Another process is at work here/);
    expect(readlinkSync(target.layout.current)).toBe('versions/2.0.0');
    expect(existsSync(target.layout.changeJournal)).toBe(false);
  });
});
