import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { run, type Finished } from '../../../src/base/exec.ts';
import type { ShownService } from '../../../src/supervisor/commands/status.ts';
import { eventually } from '../../helpers/wait.ts';
import { addRows, backedUp, MAIN, stateOf, whisperFile, type BackedUp } from './backed-up.ts';

const dieAt = (root: string, file: string, step: number): Promise<Finished> =>
  run(process.execPath, [join(import.meta.dirname, 'restore-and-die.ts'), root, file, String(step)], { timeoutMs: 60_000 });

/** An installation with a backup, and what was changed since. */
async function withBackup(): Promise<BackedUp & { file: string; before: Record<string, string> }> {
  const installation = await backedUp();
  const file = join(installation.folder, 'b.tar.gz');
  expect(await installation.dkm('backup', '--to', file)).toMatchObject({ code: 0 });
  installation.write('storage/store/a/one.wsp', 'later');
  installation.write('storage/store/new.wsp', 'new');
  installation.write('conf/own.conf', 'mine');
  addRows(installation.layout, 5);
  return { ...installation, file, before: stateOf(installation.layout) };
}

const runningOnes = async ({ dkm }: BackedUp): Promise<string[]> => {
  const { services } = JSON.parse((await dkm('status', '--json')).stdout) as { services: ShownService[] };
  return services.flatMap(({ state, name }) => (state === 'RUNNING' ? [name] : [])).toSorted();
};

describe('a restore in place that is interrupted', () => {
  it('by kill -9 at any step ends in what was there before, with the next command', async () => {
    const installation = await withBackup();
    const { layout, dkm, file, before } = installation;
    const steps: string[] = [];
    for (let step = 1; ; step += 1) {
      const died = await dieAt(layout.root, file, step);
      expect(died, died.stderr).toMatchObject({ signal: 'SIGKILL' });
      steps.push(died.stdout.trim());
      if (died.stdout.startsWith('done')) break;
      expect(await dkm('config', 'get', 'install.port'), died.stdout).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('It was taken back') as string,
      });
      expect(stateOf(layout), died.stdout).toEqual(before);
      expect(existsSync(layout.restoreJournal)).toBe(false);
    }
    expect(steps).toEqual([
      'unpack',
      'configure',
      'stop',
      'move',
      ...['conf', 'run/generated', 'run/generated.json', 'storage'].flatMap((path) => [`move ${path} aside`, `move ${path} in place`]),
      'start',
      'done',
    ]);
    // It is done from here on: only what is left of it goes.
    expect(await dkm('config', 'get', 'install.port')).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(join(layout.storage, 'store/new.wsp'))).toBe(false);
    expect(readdirSync(layout.root).filter((name) => name.startsWith('restore-'))).toEqual([expect.stringMatching(/^restore-kept-/)]);
  });

  it.each([4, 6, 13])('by kill -9 at step %d while services ran: they run again with what was there before', async (step) => {
    const installation = await withBackup();
    const { layout, dkm, file, before } = installation;
    expect(await dkm('start')).toMatchObject({ code: 0 });
    expect(await dieAt(layout.root, file, step)).toMatchObject({ signal: 'SIGKILL' });
    expect(await dkm('start')).toMatchObject({ code: 0 });
    expect(stateOf(layout)).toEqual(before);
    expect(await runningOnes(installation)).toEqual(['page', 'store']);
  });

  it('by another kill -9 while it is taken back is taken back all the same', async () => {
    const { layout, dkm, file, before } = await withBackup();
    expect(await dieAt(layout.root, file, 12)).toMatchObject({ signal: 'SIGKILL' });
    // What a second kill would have left: one of the moves undone.
    rmSync(join(layout.root, 'restore-staging'), { recursive: true });
    expect(await dkm('status')).toMatchObject({ code: 3 });
    expect(await dkm('config', 'get')).toMatchObject({ code: 0 });
    expect(stateOf(layout)).toEqual(before);
  });

  it('by services that do not start with it goes back, and they run as before', async () => {
    const installation = await backedUp();
    const { layout, dkm, folder, write, read } = installation;
    const file = join(folder, 'b.tar.gz');
    const good = read('conf/dkm.toml');
    write('conf/dkm.toml', `${good}\n[services.store]\nenvironment = { NODE_OPTIONS = "--no-such-option" }\n`);
    expect(await dkm('backup', '--to', file)).toMatchObject({ code: 0 });
    write('conf/dkm.toml', good);
    expect(await dkm('start')).toMatchObject({ code: 0 });
    const before = stateOf(layout);
    expect(await dkm('restore', file)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/store does not start with it[^]*Everything is as it was before/) as string,
    });
    expect(stateOf(layout)).toEqual(before);
    expect(await runningOnes(installation)).toEqual(['page', 'store']);
  });

  it.each([
    ['restore', (file: string) => [file]],
    ['restore', (file: string, folder: string) => [file, '-d', join(folder, 'copy')]],
    ['backup', (_: string, folder: string) => ['--to', join(folder, 'second.tar.gz')]],
  ])('%s: Ctrl-C leaves nothing', async (command, args) => {
    const installation = await withBackup();
    const { layout, folder, file, dkm } = installation;
    for (let metric = 0; metric < 3000; metric += 1) installation.write(`storage/store/many/${metric}.wsp`, whisperFile(metric));
    expect(await dkm('backup', '--to', `${file}.large`)).toMatchObject({ code: 0 });
    const before = stateOf(layout);
    const given = args(`${file}.large`, folder);
    const child = spawn(process.execPath, [MAIN, 'dkm', '-d', layout.root, command, ...given], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    const { promise, resolve } = Promise.withResolvers<number | null>();
    child.once('close', resolve);
    await eventually('it is at work', () =>
      [join(layout.root, 'restore-staging', 'storage'), join(folder, '.copy.dkm-restoring', 'storage'), join(folder, '.second.tar.gz.partial')].some(
        existsSync,
      ),
    );
    child.kill('SIGINT');
    expect(await promise, complaint).toBe(1);
    expect(stateOf(layout)).toEqual(before);
    expect(readdirSync(folder).toSorted()).toEqual(['b.tar.gz', 'b.tar.gz.large', 'bundle', 'dkm']);
  });
});
