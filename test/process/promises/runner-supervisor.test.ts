import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CheckedPromise, PromiseStatus } from '../../../src/contract/promise.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { scriptPromise } from '../../helpers/promise-specs.ts';
import { eventually } from '../../helpers/wait.ts';
import { processesWith, statuses } from './scene.ts';

/** A fake installation with scripts in conf/promises.d. */
async function withPromises(scripts: Record<string, string>): Promise<FakeInstallation & { write: (id: string, script: string) => void }> {
  const installation = await fakeInstallation();
  mkdirSync(installation.layout.promises, { recursive: true });
  const write = (id: string, script: string): void => void scriptPromise(installation.layout.promises, id, script);
  for (const [id, script] of Object.entries(scripts)) write(id, script);
  return { ...installation, write };
}

const checkedIn = (stdout: string): CheckedPromise[] => (JSON.parse(stdout) as { promises: CheckedPromise[] }).promises;
const known = (installation: FakeInstallation, id: string): PromiseStatus | undefined => statuses(installation.layout).find((status) => status.id === id);

describe('dkm check', () => {
  it('checks by itself while nothing runs, and leaves nothing behind', async () => {
    const { dkm, layout } = await withPromises({ good: 'echo fine', bad: 'echo no; exit 1' });
    const checked = await dkm('check');
    expect(checked.code).toBe(1);
    expect(checked.stdout).toMatch(/^STATE +PROMISE +TIME +MESSAGE\nfailed +bad +\d+ ms +no\nok +good +\d+ ms +fine\n\n1 kept, 1 not kept\.\n$/);
    expect((await dkm('check', 'good')).code).toBe(0);
    expect(existsSync(layout.promisesStatus)).toBe(false);
  });

  it.each([
    ['ok', [], 0],
    ['failed', [], 1],
    ['no-data', [], 1],
    ['no-data', ['--allow-no-data'], 0],
    ['failed', ['--allow-no-data'], 1],
  ])('of one that is %s with %j ends with %i', async (status, flags, code) => {
    const said = JSON.stringify({ message: 'm', status: status === 'ok' ? 'OK' : status });
    const { dkm } = await withPromises({ p: `echo '${said}'` });
    const checked = await dkm('check', '--json', ...flags);
    expect(checked.code).toBe(code);
    expect(JSON.parse(checked.stdout)).toMatchObject({ schema: 1, ok: code === 0, promises: [{ id: 'p', state: status, message: 'm' }] });
  });

  it('refuses names that are no promises, and says what to type', async () => {
    const { dkm } = await withPromises({ p: 'exit 0' });
    for (const words of [
      ['check', 'q'],
      ['promise', 'run', 'p', 'q'],
      ['promise', 'show', 'q'],
      ['promise', 'history', 'q'],
      ['promise', 'acknowledge', 'q'],
    ]) {
      const refused = await dkm(...words);
      expect(refused).toMatchObject({ code: 2, stderr: 'Error: There is no promise "q" here.\nHint: See what there is: dkm promise list\n' });
    }
  });

  it('twice at a time checks each once', async () => {
    const installation = await withPromises({});
    const inside = join(installation.layout.root, 'inside');
    installation.write('p', `mkdir ${inside} || exit 9; sleep 1; rmdir ${inside}`);
    const alone = await Promise.all([installation.dkm('check'), installation.dkm('check')]);
    expect(alone.map(({ code }) => code)).toEqual([0, 0]);
    await installation.dkm('start');
    const together = await Promise.all([installation.dkm('check', '--json'), installation.dkm('check', 'p', '--json')]);
    expect(together.map(({ code }) => code)).toEqual([0, 0]);
    const times = together.map(({ stdout }) => checkedIn(stdout)[0]!.startedAtMs);
    expect(Math.max(...times) - Math.min(...times)).not.toBeGreaterThan(0); // one run told both
  });
});

describe('the supervisor', () => {
  it('takes up edited promises, and what is wrong keeps nothing else from being done', async () => {
    const installation = await withPromises({ a: 'echo first' });
    const { dkm, layout, write } = installation;
    writeFileSync(join(layout.promises, 'broken.toml'), 'kind = "nothing"\n');
    writeFileSync(layout.promiseSettings, 'this is no TOML');
    const started = await dkm('start');
    expect(started.code).toBe(0);
    expect(started.stderr).toContain('conf/promises.d/broken.toml');
    expect(started.stderr).toContain('conf/promises.toml');
    expect(installation.status().services.map(({ state }) => state)).toEqual(['RUNNING', 'RUNNING']);
    expect((await dkm('reload')).code).toBe(1);
    await eventually('the right one is known', () => known(installation, 'a'));
    rmSync(join(layout.promises, 'broken.toml'));
    rmSync(layout.promiseSettings);
    rmSync(join(layout.promises, 'a'));
    write('b', 'echo second');
    const reloaded = await dkm('reload');
    expect(reloaded).toMatchObject({ code: 0, stderr: '' });
    await eventually('the others are taken up', () => known(installation, 'b') && !known(installation, 'a'));
  });

  it('says in its status what is not kept', async () => {
    const { dkm } = await withPromises({ bad: 'exit 1', good: 'exit 0' });
    await dkm('start');
    await dkm('check');
    const status = await dkm('status');
    expect(status).toMatchObject({ code: 0 });
    expect(status.stdout).toContain('Warning: a promise is not kept: bad; see "dkm promise list".');
    expect(JSON.parse((await dkm('status', '--json')).stdout)).toMatchObject({ brokenPromises: ['bad'] });
    expect((await dkm('promise', 'acknowledge', 'good')).code).toBe(1);
    expect((await dkm('promise', 'acknowledge', 'bad', '--for', '2h', '--comment', 'I know')).code).toBe(0);
    await eventually('it is not said any more', async () => !(await dkm('status')).stdout.includes('Warning'));
    expect((await dkm('promise', 'list')).stdout).toMatch(/failed\* +bad/);
    expect((await dkm('promise', 'show', 'bad')).stdout).toContain('I know');
    expect((await dkm('promise', 'acknowledge', 'bad', '--withdraw')).code).toBe(0);
    await eventually('it is said again', async () => (await dkm('status')).stdout.includes('Warning'));
    expect((await dkm('promise', 'acknowledge', 'bad', '--for', '4 hours')).code).toBe(2);
  });

  it('that was killed leaves a whole file, and the next one goes on from it and ends what was left', async () => {
    const installation = await withPromises({ bad: 'exit 1' });
    const { dkm, layout, write } = installation;
    const mark = join(layout.root, 'mark');
    write('slow', `setsid sh -c 'while :; do sleep 0.2; done' ${mark} & echo {}; while :; do sleep 0.2; done`);
    await dkm('start');
    await dkm('check', 'bad');
    const { sinceMs } = known(installation, 'bad')!;
    const checking = dkm('check', 'slow');
    await eventually('it is being checked', () => processesWith(mark).length > 0);
    process.kill(installation.status().pid, 'SIGKILL');
    expect((await checking).code).toBe(1);
    expect(known(installation, 'bad')).toMatchObject({ state: 'failed', sinceMs });
    rmSync(join(layout.promises, 'slow'));
    expect((await dkm('start')).code).toBe(0);
    await eventually('what it left behind is gone', () => processesWith(mark).length === 0);
    await eventually('the next one wrote the file', () => !known(installation, 'slow'));
    expect(known(installation, 'bad')).toMatchObject({ state: 'failed', sinceMs });
  });

  it('is killed in the middle of writing again and again, and its file is whole each time', async () => {
    const installation = await withPromises(Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`p${index}`, `echo ${'x'.repeat(3000)} $$`])));
    for (let round = 0; round < 2; round += 1) {
      await installation.dkm('start');
      const checking = installation.dkm('check');
      await eventually('it writes', () => statuses(installation.layout).some(({ isRunning, state }) => isRunning || state === 'ok'));
      process.kill(installation.status().pid, 'SIGKILL');
      await checking;
      expect(statuses(installation.layout)).toHaveLength(30);
    }
  });

  it('leaves behind that nothing is checked any more, and what it knew', async () => {
    const installation = await withPromises({ p: 'exit 0' });
    await installation.dkm('start');
    expect((await installation.dkm('check')).code).toBe(0);
    await installation.dkm('stop');
    await eventually('the supervisor ended', () => known(installation, 'p')?.nextAtMs === null);
    expect(known(installation, 'p')).toMatchObject({ state: 'ok', isRunning: false });
    expect((await installation.dkm('promise', 'list')).stdout).toContain('Nothing is running, so nothing is checked');
    expect(readFileSync(installation.layout.supervisorLog, 'utf8')).not.toMatch(/could not|failed|did not end/);
  });
});
