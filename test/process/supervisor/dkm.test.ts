import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

interface Shown {
  supervisor: { pid: number } | null;
  services: { name: string; state: string; pid: number; restarts: number; health: string; reason: string; memoryBytes: number; uptimeSeconds: number }[];
}

const shown = async (installation: FakeInstallation): Promise<Shown> => JSON.parse((await installation.dkm('status', '--json')).stdout) as Shown;
const events = (installation: FakeInstallation, service: string): string[] => {
  const file = join(installation.orders(service), 'fake.events');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};
const stateOf = async (installation: FakeInstallation, service: string): Promise<string> =>
  (await shown(installation)).services.find(({ name }) => name === service)?.state ?? '';

describe('dkm', () => {
  it('starts in order, shows the state, stops in reverse order and leaves nothing behind', async () => {
    const installation = await fakeInstallation();
    const before = await installation.dkm('status');
    expect(before.code).toBe(3);
    expect(before.stdout).toContain('STOPPED');

    const start = await installation.dkm('start');
    expect(start).toMatchObject({ code: 0 });
    expect(start.stdout).toMatch(/store\s+ready\nweb\s+ready/);
    const status = await installation.dkm('status');
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(/store\s+store\s+RUNNING\s+healthy\s+\d+/);

    const { supervisor, services } = await shown(installation);
    expect(services.map(({ name, state, health, restarts }) => ({ name, state, health, restarts }))).toEqual([
      { name: 'store', state: 'RUNNING', health: 'healthy', restarts: 0 },
      { name: 'web', state: 'RUNNING', health: 'healthy', restarts: 0 },
    ]);
    for (const service of services) expect(service.memoryBytes).toBeGreaterThan(10_000_000);
    const ready = installation.status().services;
    expect(ready[1]!.startedAtMs!).toBeGreaterThanOrEqual(ready[0]!.startedAtMs!);

    expect(await installation.dkm('stop')).toMatchObject({ code: 0 });
    for (const { pid } of services) expect(isSameProcess(pid, null)).toBe(false);
    await eventually('the supervisor has ended', () => !isSameProcess(supervisor!.pid, null));
    expect(events(installation, 'web').at(-1)).toContain('stop');
    expect((await installation.dkm('status')).code).toBe(3);
  });

  it('runs one supervisor and one process per service, however many commands come at once', async () => {
    const installation = await fakeInstallation();
    const results = await Promise.all(['start', 'start', 'restart', 'start', 'status', 'start'].map((command) => installation.dkm(command)));
    expect(results.filter((result) => result.code === 70)).toEqual([]);
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const starts = events(installation, 'store')
      .filter((line) => line.startsWith('start'))
      .map((line) => Number(line.split(' ')[1]));
    expect(starts.filter((pid) => isSameProcess(pid, null))).toHaveLength(1);
    const supervisors = readFileSync(installation.layout.supervisorLog, 'utf8').match(/is ready/g);
    expect(supervisors).toHaveLength(1);
  });

  it('says which service failed, why, and what it printed last', async () => {
    const installation = await fakeInstallation();
    writeFileSync(join(installation.orders('store'), 'refuse'), 'listen tcp 127.0.0.1:1: bind: address already in use');
    const start = await installation.dkm('start');
    expect(start.code).toBe(1);
    expect(start.stdout).toMatch(/store\s+it ended \(exit code 3\): a port it needs is taken/);
    expect(start.stdout).toMatch(/web\s+not started yet: it waits for store, which failed/);
    expect(start.stderr).toContain('address already in use');
    expect((await installation.dkm('status')).code).toBe(1);

    rmSync(join(installation.orders('store'), 'refuse'));
    await eventually('the store is tried again and runs', async () => (await stateOf(installation, 'store')) === 'RUNNING');
    await eventually('what waited for it, too', async () => (await stateOf(installation, 'web')) === 'RUNNING');
    expect((await installation.dkm('status')).code).toBe(0);
  });

  it('stops a service at once that has just crashed, and does not start it again', async () => {
    const installation = await fakeInstallation();
    await installation.dkm('start');
    for (let round = 0; round < 3; round += 1) {
      process.kill((await shown(installation)).services[0]!.pid, 'SIGKILL');
      expect(await installation.dkm('stop', 'store')).toMatchObject({ code: 0 });
      expect(await stateOf(installation, 'store')).toBe('STOPPED');
      expect(await installation.dkm('start', 'store')).toMatchObject({ code: 0 });
    }
  });

  it('survives stop and start at the same time: one supervisor, and what was said last', async () => {
    const installation = await fakeInstallation();
    for (let round = 0; round < 4; round += 1) {
      const results = await Promise.all(['start', 'stop', 'start', 'stop'].map((command) => installation.dkm(command)));
      expect(results.filter(({ code }) => code === 70)).toEqual([]);
    }
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const starts = events(installation, 'store').filter((line) => line.startsWith('start'));
    expect(starts.filter((line) => isSameProcess(Number(line.split(' ')[1]), null))).toHaveLength(1);
    const started = [...readFileSync(installation.layout.supervisorLog, 'utf8').matchAll(/is ready, process (\d+)/g)].map((match) => Number(match[1]));
    expect(started.filter((pid) => isSameProcess(pid, null))).toHaveLength(1);
    expect(await installation.dkm('stop')).toMatchObject({ code: 0 });
    await eventually('nothing is left', () => started.every((pid) => !isSameProcess(pid, null)));
  });

  it('stops what a killed supervisor left behind, and shows it until then', async () => {
    const installation = await fakeInstallation();
    await installation.dkm('start');
    const { supervisor, services } = await shown(installation);
    process.kill(supervisor!.pid, 'SIGKILL');
    await eventually('the supervisor is gone', () => !isSameProcess(supervisor!.pid, null));
    const status = await installation.dkm('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toContain('The supervisor is gone');
    expect(await installation.dkm('stop')).toMatchObject({ code: 0 });
    for (const { pid } of services) expect(isSameProcess(pid, null)).toBe(false);
    expect((await installation.dkm('status')).code).toBe(3);
  });

  it('stops also when conf/dkm.toml has a mistake meanwhile, and names unknown services', async () => {
    const installation = await fakeInstallation();
    await installation.dkm('start');
    writeFileSync(installation.layout.settings, 'nonsense');
    expect((await installation.dkm('stop', 'stoer')).stderr).toContain('The services of this installation are store, web');
    expect(await installation.dkm('stop')).toMatchObject({ code: 0 });
  });

  it('starts nothing on reload that is not running', async () => {
    const installation = await fakeInstallation();
    await installation.dkm('start', 'store');
    expect((await installation.dkm('reload', 'web')).stdout).toContain('is not running');
    expect(await stateOf(installation, 'web')).toBe('STOPPED');
  });

  it('parks a service that fails again and again as FATAL, and starts it when asked', async () => {
    const installation = await fakeInstallation();
    writeFileSync(join(installation.orders('store'), 'refuse'), 'no good');
    expect((await installation.dkm('start', 'store')).code).toBe(1);
    await eventually('FATAL', async () => (await stateOf(installation, 'store')) === 'FATAL');
    rmSync(join(installation.orders('store'), 'refuse'));
    expect(await installation.dkm('start', 'store')).toMatchObject({ code: 0 });
  });

  it('starts a killed service again and counts it', async () => {
    const installation = await fakeInstallation();
    await installation.dkm('start');
    const [{ pid } = { pid: 0 }] = (await shown(installation)).services;
    process.kill(pid, 'SIGKILL');
    const service = await eventually('it runs again', async () =>
      (await shown(installation)).services.find(
        (candidate) => candidate.pid !== null && candidate.pid !== pid && candidate.name === 'store' && candidate.state === 'RUNNING',
      ),
    );
    expect(service.restarts).toBe(1);
  });

  it('starts a service again that lives but does not answer', async () => {
    const installation = await fakeInstallation();
    await installation.dkm('start');
    const [{ pid } = { pid: 0 }] = (await shown(installation)).services;
    writeFileSync(join(installation.orders('store'), 'deaf'), '');
    await eventually('it is ended', () => !isSameProcess(pid, null));
    rmSync(join(installation.orders('store'), 'deaf'));
    await eventually('it runs again', async () => (await stateOf(installation, 'store')) === 'RUNNING');
    expect(readFileSync(installation.layout.supervisorLog, 'utf8')).toContain('failed its health check 3 times in a row');
  });

  it('takes services over that outlived a killed supervisor', async () => {
    const installation = await fakeInstallation();
    await installation.dkm('start');
    const before = await shown(installation);
    process.kill(before.supervisor!.pid, 'SIGKILL');
    await eventually('the supervisor is gone', () => !isSameProcess(before.supervisor!.pid, null));
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const after = await shown(installation);
    expect(after.services.map((service) => service.pid)).toEqual(before.services.map((service) => service.pid));
    expect(after.supervisor!.pid).not.toBe(before.supervisor!.pid);
    process.kill(after.services[0]!.pid, 'SIGKILL');
    await eventually('an adopted service is started again', async () => {
      const store = (await shown(installation)).services[0]!;
      return store.state === 'RUNNING' && store.pid !== after.services[0]!.pid;
    });
  });

  it('reloads and reopens logs by signal where a service can, and restarts it where it cannot', async () => {
    const installation = await fakeInstallation();
    await installation.dkm('start');
    const before = (await shown(installation)).services;
    expect(await installation.dkm('reload')).toMatchObject({ code: 0 });
    expect(await installation.dkm('reopenlogs')).toMatchObject({ code: 0 });
    await eventually('both signals arrived', () => events(installation, 'store').includes('reload') && events(installation, 'store').includes('reopen'));
    const after = (await shown(installation)).services;
    expect(after[0]!.pid).toBe(before[0]!.pid);
    expect(after[1]!.pid).not.toBe(before[1]!.pid);
  });

  it('gives services a clean environment, its own settings, and no descriptor of the supervisor', async () => {
    const installation = await fakeInstallation();
    writeFileSync(
      installation.layout.settings,
      `${readFileSync(installation.layout.settings, 'utf8')}\n[services.store]\nenvironment = { DKM_GREETING = "hello" }\n`,
    );
    await installation.dkm('start', 'store');
    const answer = (await (await fetch(`http://127.0.0.1:${installation.port + 1}/`)).json()) as { pid: number; env: Record<string, string> };
    expect(answer.env['DKM_GREETING']).toBe('hello');
    expect(Object.keys(answer.env).filter((name) => /pm_|^name$|unique_id|NODE_CHANNEL/.test(name))).toEqual([]);
    expect(statSync(installation.layout.status).mode & 0o777).toBe(0o600);
  });

  it('leaves out services with autostart = false, unless they are named', async () => {
    const installation = await fakeInstallation();
    writeFileSync(installation.layout.settings, `${readFileSync(installation.layout.settings, 'utf8')}\n[services.web]\nautostart = false\n`);
    await installation.dkm('start');
    expect(await stateOf(installation, 'web')).toBe('STOPPED');
    expect(await installation.dkm('start', 'web')).toMatchObject({ code: 0 });
    expect(await stateOf(installation, 'web')).toBe('RUNNING');
  });

  it('works in a directory whose name is longer than a socket path may be', async () => {
    const installation = await fakeInstallation({ root: join(temporaryDirectory(), 'x'.repeat(120), 'ÿ é'.repeat(20)) });
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    expect((await installation.dkm('status')).code).toBe(0);
  });

  it('shows logs, and follows them across a rotation', async () => {
    const installation = await fakeInstallation();
    await installation.dkm('start');
    const logs = await installation.dkm('logs', '-n', '1', 'store');
    expect(logs.stdout).toMatch(/^fake service listens on \d+\n$/);
    expect((await installation.dkm('logs')).stdout).toMatch(/supervisor\s+.*is ready/);

    const log = join(installation.layout.logs, 'store.log');
    const following = installation.follow('store');
    await eventually('the end of the log', () => following.printed().includes('listens on'));
    appendFileSync(log, 'before the rotation\n');
    renameSync(log, `${log}.1`);
    writeFileSync(log, 'after the rotation\n');
    await eventually('both lines', () => /before the rotation\nafter the rotation\n$/.test(following.printed()));
    expect(await following.end()).toBe(0);
  });

  it.each([
    [['start', 'nonsense'], 2, 'The services of this installation are store, web'],
    [['frobnicate'], 2, 'unknown command'],
    [['logs', '-n', 'many'], 2, 'expected a number'],
    [['run', 'store'], 0, ''],
  ])('%j ends with %i', async (args, code, words) => {
    const installation = await fakeInstallation();
    writeFileSync(join(installation.orders('store'), 'refuse'), '');
    const result = await installation.dkm(...args);
    expect(result.stderr).toContain(words);
    expect(result.code).toBe(args[0] === 'run' ? 3 : code);
  });

  it('does not outlive its directory', async () => {
    const installation = await fakeInstallation();
    await installation.dkm('start');
    const { supervisor, services } = await shown(installation);
    rmSync(installation.layout.root, { recursive: true });
    await eventually('everything ended', () => [supervisor!, ...services].every(({ pid }) => !isSameProcess(pid, null)));
  });

  it('says so when a directory is no installation', async () => {
    const installation = await fakeInstallation();
    rmSync(installation.layout.settings);
    const result = await installation.dkm('status');
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('is not an installed directory');
  });

  it('names file and key of a mistake in conf/dkm.toml', async () => {
    const installation = await fakeInstallation();
    writeFileSync(installation.layout.settings, `${readFileSync(installation.layout.settings, 'utf8')}\n[services.store]\nautostart = "no"\n`);
    const result = await installation.dkm('start');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('dkm.toml: services.store.autostart');
    writeFileSync(installation.layout.settings, readFileSync(installation.layout.settings, 'utf8').replace('autostart = "no"', ''));
  });
});
