import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/base/exec.ts';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { parseStatus } from '../../../src/contract/status.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { beforeRemoval } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

/** No disk has as much as is wanted here. */
const ALWAYS_FULL = '[disk]\nwarn_free_mib = 1_000_000_000\nstop_free_mib = 900_000_000\n';
const NEVER_FULL = '[disk]\nwarn_free_mib = 0\nstop_free_mib = 0\n';

/** Two fake services, the first of which stores data. */
async function installationThatStores(): Promise<FakeInstallation & { limit: (toml: string) => void }> {
  const installation = await fakeInstallation();
  const { layout } = installation;
  mkdirSync(layout.storage);
  appendFileSync(join(layout.current, 'vendor-manifests', 'store.toml'), 'stores_in = ["storage"]\n');
  const settings = readFileSync(layout.settings, 'utf8');
  return { ...installation, limit: (toml) => writeFileSync(layout.settings, `${settings}\n${toml}`) };
}

const stateOf = ({ status }: FakeInstallation, name: string): string | undefined => status().services.find((service) => service.name === name)?.state;

describe('the disk guard', () => {
  it('refuses to start a store, says why, and starts it and what waits for it when there is space', async () => {
    const installation = await installationThatStores();
    const { dkm, limit } = installation;
    limit(ALWAYS_FULL);
    const start = await dkm('start');
    expect(start.code).toBe(1);
    expect(start.stdout).toMatch(/store\s+not started: the disk is nearly full: .* free under .*storage/);
    expect(start.stdout).toMatch(/web\s+not started yet: it waits for store/);
    expect(await dkm('status')).toMatchObject({ code: 1, stdout: expect.stringMatching(/Warning: the disk is nearly full: .*storage/) as string });
    expect(JSON.parse((await dkm('status', '--json')).stdout)).toMatchObject({
      warnings: [{ about: 'disk', directory: installation.layout.storage }],
      services: [
        { name: 'store', state: 'STOPPED', held: true },
        { name: 'web', state: 'STOPPED' },
      ],
    });
    limit(NEVER_FULL);
    expect(await dkm('reload')).toMatchObject({ code: 0 });
    await eventually('both run', () => stateOf(installation, 'store') === 'RUNNING' && stateOf(installation, 'web') === 'RUNNING');
    const after = await dkm('status');
    expect(after).toMatchObject({ code: 0 });
    expect(after.stdout).not.toContain('Warning');
  });

  it('stops a running store cleanly, leaves the rest alone, and logs it once', async () => {
    const installation = await installationThatStores();
    const { dkm, limit, layout, orders } = installation;
    limit(NEVER_FULL);
    await dkm('start');
    limit(ALWAYS_FULL);
    await dkm('reload');
    await eventually('the store is stopped', () => stateOf(installation, 'store') === 'STOPPED');
    expect(stateOf(installation, 'web')).toBe('RUNNING');
    expect(readFileSync(join(orders('store'), 'fake.events'), 'utf8')).toMatch(/^start \d+\n(?:reload\n)?stop \d+\n$/);
    await dkm('reload');
    expect(readFileSync(layout.supervisorLog, 'utf8').match(/ disk: the disk is nearly full/g)).toHaveLength(1);
    expect(await dkm('stop', 'store')).toMatchObject({ code: 0 });
    limit(NEVER_FULL);
    await dkm('reload');
    await eventually('there is no warning', () => installation.status().warnings?.length === 0);
    expect(stateOf(installation, 'store')).toBe('STOPPED'); // somebody stopped it meanwhile
  });

  it('knows what it held back, and at which limits, after the supervisor was killed', async () => {
    const installation = await installationThatStores();
    const { dkm, limit, status } = installation;
    limit(NEVER_FULL);
    await dkm('start');
    limit(ALWAYS_FULL);
    await dkm('reload');
    await eventually('the store is stopped', () => stateOf(installation, 'store') === 'STOPPED');
    const { pid, pidStartTime } = status();
    process.kill(pid, 'SIGKILL');
    await eventually('the supervisor is gone', () => !isSameProcess(pid, pidStartTime));
    expect(await dkm('start', 'web')).toMatchObject({ code: 0 });
    expect(status()).toMatchObject({ services: [{ name: 'store', state: 'STOPPED', held: true }, { name: 'web' }], warnings: [{ about: 'disk' }] });
    limit(NEVER_FULL);
    await dkm('reload');
    await eventually('the store runs again by itself', () => stateOf(installation, 'store') === 'RUNNING');
  });

  it('refuses thresholds that contradict each other', async () => {
    const { dkm, limit } = await installationThatStores();
    limit('[disk]\nwarn_free_mib = 10\nstop_free_mib = 20\n');
    expect(await dkm('start')).toMatchObject({ code: 1, stderr: expect.stringContaining('disk.warn_free_mib: expected more than stop_free_mib') as string });
  });
});

describe('the supervisor on a full disk', () => {
  it('goes on, keeps a whole status.json, and writes the present one when there is space', async ({ skip }) => {
    const installation = await installationThatStores();
    const { dkm, layout, status } = installation;
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', layout.run]);
    skip(mounted.code !== 0, `a tmpfs cannot be mounted here (${mounted.stderr.trim()}); run the tests as root, or below "unshare --map-root-user --mount"`);
    beforeRemoval(() => run('umount', [layout.run]));
    mkdirSync(layout.logs);
    expect(await dkm('start')).toMatchObject({ code: 0 });

    const ballast = join(layout.run, 'ballast');
    expect(() => writeFileSync(ballast, Buffer.alloc(8 * 2 ** 20, 1))).toThrow(/ENOSPC/);
    const before = status();
    const store = before.services[0]?.pid ?? 0;
    process.kill(store, 'SIGKILL');
    await eventually('the store was started again', async () => (await dkm('stop', 'store')).stdout.includes('stopped'));
    expect(isSameProcess(before.pid, before.pidStartTime)).toBe(true);
    expect(parseStatus(readFileSync(layout.status, 'utf8'))).toMatchObject({ pid: before.pid });

    rmSync(ballast);
    await eventually('status.json tells the truth again', () => stateOf(installation, 'store') === 'STOPPED');
    expect(await dkm('start', 'store')).toMatchObject({ code: 0 });
    expect(isSameProcess(before.pid, before.pidStartTime)).toBe(true);
    for (const line of readFileSync(layout.supervisorLog, 'utf8').trimEnd().split('\n')) expect(line).toMatch(/^\d{4}-\d\d-\d\dT/);
  });
});
