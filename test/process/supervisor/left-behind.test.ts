import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { eventually } from '../../helpers/wait.ts';

/*
 * What a killed supervisor leaves behind is found again, also when the files that tell of it were damaged.
 */

const NO_PROC = 'processes are found through /proc: run it on Linux';

type Harm = (run: string) => void;

const HARMS: [string, Harm][] = [
  ['status.json gone', (run) => rmSync(join(run, 'status.json'))],
  ['status.json zeros', (run) => writeFileSync(join(run, 'status.json'), Buffer.alloc(500))],
  ['services.json gone', (run) => rmSync(join(run, 'services.json'))],
  ['services.json with services that are none', (run) => writeFileSync(join(run, 'services.json'), '{"specs":[null,{"name":"store"}],"disk":7}')],
  [
    'both gone, and the lock and the socket',
    (run) =>
      readdirSync(run)
        .filter((name) => /^(status|services|supervisor|dkm)\./.test(name))
        .forEach((name) => rmSync(join(run, name))),
  ],
];

async function left(harm: Harm): Promise<{ installation: FakeInstallation; pids: (number | null)[] }> {
  const installation = await fakeInstallation();
  expect(await installation.dkm('start')).toMatchObject({ code: 0 });
  const { pid, services } = installation.status();
  process.kill(pid, 'SIGKILL');
  await eventually('the supervisor is gone', () => !isSameProcess(pid, null));
  harm(installation.layout.run);
  return { installation, pids: services.map((service) => service.pid) };
}

describe('services of a killed supervisor', () => {
  it.for(HARMS)('%s: status shows them', async ([, harm], { skip }) => {
    skip(process.platform !== 'linux', NO_PROC);
    const { installation, pids } = await left(harm);
    const status = await installation.dkm('status', '--json');
    expect(status.code).toBe(1);
    const { services } = JSON.parse(status.stdout) as { services: { pid: number }[] };
    expect(services.map(({ pid }) => pid)).toEqual(pids);
    await installation.dkm('stop');
  });

  it.for(HARMS)('%s: start takes them over', async ([, harm], { skip }) => {
    skip(process.platform !== 'linux', NO_PROC);
    const { installation, pids } = await left(harm);
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    expect(installation.status().services.map(({ pid }) => pid)).toEqual(pids);
  });

  it.for(HARMS)('%s: stop stops them', async ([, harm], { skip }) => {
    skip(process.platform !== 'linux', NO_PROC);
    const { installation, pids } = await left(harm);
    expect(await installation.dkm('stop')).toMatchObject({ code: 0 });
    expect(pids.filter((pid) => pid !== null && isSameProcess(pid, null))).toEqual([]);
  });
});

describe('a supervisor whose files are damaged while it runs', () => {
  it.each(['status.json', 'services.json'])('writes %s anew', async (file) => {
    const installation = await fakeInstallation();
    await installation.dkm('start');
    const before = installation.status();
    writeFileSync(join(installation.layout.run, file), '{}');
    await eventually('status tells the truth again', async () => (await installation.dkm('status')).code === 0);
    expect(installation.status().pid).toBe(before.pid);
  });

  it('does not end in the middle of a restart because a stop came first', async () => {
    const installation = await fakeInstallation();
    for (let round = 0; round < 3; round += 1) {
      await installation.dkm('start');
      await Promise.all([['restart'], ['stop'], ['restart'], ['start']].map((command) => installation.dkm(...command)));
      expect(await installation.dkm('start')).toMatchObject({ code: 0 });
      const { pid, services } = installation.status();
      expect(isSameProcess(pid, null)).toBe(true);
      expect(services.map(({ state }) => state)).toEqual(['RUNNING', 'RUNNING']);
    }
  });
});
