import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/base/exec.ts';
import { CONTROL_SOCKET } from '../../../src/base/layout.ts';
import { acquireLock } from '../../../src/base/lock.ts';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { beforeRemoval } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts');

interface Front {
  child: ChildProcess;
  ended: Promise<number | null>;
  printed: () => string;
}

function startInForeground({ layout }: FakeInstallation, ...more: string[]): Front {
  const child = spawn(process.execPath, [MAIN, 'dkm', '--directory', layout.root, 'start', '--foreground', ...more]);
  let printed = '';
  for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const { promise: ended, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  beforeRemoval(() => {
    child.kill('SIGTERM');
    return ended;
  });
  return { child, ended, printed: () => printed };
}

const allRun = (installation: FakeInstallation): boolean =>
  installation.status().services.length === 2 && installation.status().services.every(({ state }) => state === 'RUNNING');

describe('dkm start --foreground', () => {
  it('is the supervisor itself, takes commands, and ends with success when it is told to', async () => {
    const installation = await fakeInstallation();
    const front = startInForeground(installation);
    await eventually('everything runs', () => allRun(installation));
    expect(installation.status().pid).toBe(front.child.pid);
    expect((await installation.dkm('status')).code).toBe(0);
    expect((await installation.dkm('logs', 'supervisor')).stdout).toContain('is ready, process');
    await eventually('it tells on its output', () => front.printed().includes('web: RUNNING'));
    front.child.kill('SIGTERM');
    expect(await front.ended).toBe(0);
    expect(installation.status().services.map(({ state }) => state)).toEqual(['STOPPED', 'STOPPED']);
  });

  it('takes the place of one that was started by hand, and ends at "dkm stop"', async () => {
    const installation = await fakeInstallation();
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const { pid, pidStartTime } = installation.status();
    const front = startInForeground(installation);
    await eventually('everything runs in the new one', () => installation.status().pid === front.child.pid && allRun(installation));
    expect(isSameProcess(pid, pidStartTime)).toBe(false);
    expect(await installation.dkm('stop')).toMatchObject({ code: 0 });
    expect(await front.ended).toBe(0);
  });

  it('leaves the start to an update that is under way, which had systemd start it', async () => {
    const installation = await fakeInstallation();
    const { layout } = installation;
    const update = await acquireLock(layout.installLock, 'an update');
    writeFileSync(layout.changeJournal, '');
    const front = startInForeground(installation);
    await eventually('it listens', () => existsSync(join(layout.run, CONTROL_SOCKET)));
    const env = { ...process.env, DKM_WITHIN_CHANGE: '1' };
    expect(await run(process.execPath, [MAIN, 'dkm', '--directory', layout.root, 'start'], { env })).toMatchObject({ code: 0 });
    await eventually('everything runs', () => allRun(installation));
    expect(installation.status().pid).toBe(front.child.pid);
    rmSync(layout.changeJournal);
    update.release();
    expect(front.printed()).not.toMatch(/at work|could not/);
    expect(await installation.dkm('stop')).toMatchObject({ code: 0 });
    expect(await front.ended).toBe(0);
  });

  it('takes over what a killed one left', async () => {
    const installation = await fakeInstallation();
    const first = startInForeground(installation);
    await eventually('everything runs', () => allRun(installation));
    const pids = installation.status().services.map(({ pid }) => pid);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = startInForeground(installation);
    await eventually('everything runs in the new one', () => installation.status().pid === second.child.pid && allRun(installation));
    expect(installation.status().services.map(({ pid }) => pid)).toEqual(pids);
  });

  it('stops its services also when it is told a second time meanwhile', async () => {
    const installation = await fakeInstallation();
    const front = startInForeground(installation);
    await eventually('everything runs', () => allRun(installation));
    const store = installation.status().services.find(({ name }) => name === 'store')?.pid ?? 0;
    process.kill(store, 'SIGSTOP'); // it takes its time
    front.child.kill('SIGTERM');
    await eventually('it is being stopped', () => installation.status().services.some(({ name, state }) => name === 'store' && state === 'STOPPING'));
    front.child.kill('SIGTERM');
    front.child.kill('SIGINT');
    await eventually('it heard the last of them', () => front.printed().includes('SIGINT'));
    process.kill(store, 'SIGCONT');
    expect(await front.ended).toBe(0);
    expect(installation.status().services.map(({ state }) => state)).toEqual(['STOPPED', 'STOPPED']);
  });

  it('stops its services when its directory is removed, though it cannot write its log any more', async () => {
    const installation = await fakeInstallation();
    const front = startInForeground(installation);
    await eventually('everything runs', () => allRun(installation));
    const { services } = installation.status();
    renameSync(installation.layout.run, `${installation.layout.run}-away`);
    await front.ended;
    expect(services.map(({ pid, pidStartTime }) => isSameProcess(pid ?? 0, pidStartTime))).toEqual([false, false]);
    renameSync(`${installation.layout.run}-away`, installation.layout.run);
  });

  it('takes no names', async () => {
    const front = startInForeground(await fakeInstallation(), 'web');
    expect(await front.ended).toBe(2);
    expect(front.printed()).toContain('takes no names');
  });
});
