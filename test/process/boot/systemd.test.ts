import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finished } from '../../../src/base/exec.ts';
import { bootInstallation, serverDirectory } from '../../helpers/boot-installation.ts';
import type { FakeInstallation } from '../../helpers/fake-installation.ts';
import { BOOT_USER, startSystemd, whyNoSystemd, type TestSystemd } from '../../helpers/systemd.ts';
import { eventually } from '../../helpers/wait.ts';

const missing = await whyNoSystemd();

interface Booted {
  systemd: TestSystemd;
  installation: FakeInstallation;
  dkm: (...args: string[]) => Promise<string>;
  property: (name: string) => Promise<string>;
  /** Process ids, as its systemd sees them, by service. */
  pids: () => Record<string, number | null>;
}

/** A systemd with an installation whose boot unit is there and was started. */
async function booted(directory = 'monitor'): Promise<Booted> {
  const systemd = await startSystemd();
  const installation = await bootInstallation(join(serverDirectory(), directory), BOOT_USER);
  const { layout } = installation;
  const installed = await systemd.inside(join(layout.bin, 'dkmadmin'), ['install-boot', '--name', 'monitor', '--start']);
  if (installed.code !== 0) throw new Error(`install-boot: ${installed.stdout}${installed.stderr}${systemd.printed()}`);
  return {
    systemd,
    installation,
    dkm: async (...args) => {
      const { code, stdout, stderr } = await systemd.asUser(join(layout.bin, 'dkm'), ...args);
      return `${code}: ${stdout}${stderr}`;
    },
    property: async (name) => (await systemd.inside('systemctl', ['show', 'dkm-monitor', '--value', '-p', name])).stdout.trim(),
    pids: () => Object.fromEntries(installation.status().services.map(({ name, pid }) => [name, pid])),
  };
}

describe('below a real systemd', () => {
  it('it starts, says so, takes its commands, stops in order and starts again', async ({ skip }) => {
    skip(missing !== undefined, missing);
    const { systemd, installation, dkm, property, pids } = await booted();
    expect(await property('ActiveState')).toBe('active');
    expect(await property('StatusText')).toBe('2 of 2 services were ready after the start');
    expect(await property('MainPID')).toBe(String(installation.status().pid));
    expect(await property('WatchdogTimestampMonotonic')).not.toBe('0');
    const cgroup = (pid: number | null): string => readFileSync(`${systemd.root}/proc/${pid}/cgroup`, 'utf8');
    for (const pid of Object.values(pids())) expect(cgroup(pid)).toContain('dkm-monitor.service');
    expect(readFileSync(`${systemd.root}/proc/${pids()['store']}/status`, 'utf8')).toMatch(new RegExp(`Uid:\\s+${BOOT_USER.id}`));
    // As the services see it: everything is read-only but the installation, /tmp is another one.
    const optionsOf = (place: string): string | undefined =>
      readFileSync(`${systemd.root}/proc/${pids()['store']}/mounts`, 'utf8')
        .split('\n')
        .find((line) => line.split(' ')[1] === place)
        ?.split(' ')[3];
    expect(optionsOf('/')).toMatch(/^ro,/);
    expect(optionsOf(installation.layout.root)).toMatch(/^rw,/);
    expect(readFileSync(`${systemd.root}/proc/${pids()['store']}/status`, 'utf8')).toMatch(/CapBnd:\s0+\nCapAmb:\s0+\nNoNewPrivs:\s1\nSeccomp:\s2/);
    const before = pids();
    expect((await systemd.inside('systemctl', ['stop', 'dkm-monitor'])).code).toBe(0);
    expect(installation.status().services.map(({ state, lastExit }) => [state, lastExit])).toEqual([
      ['STOPPED', 'exit code 0'],
      ['STOPPED', 'exit code 0'],
    ]);
    expect(await property('Result')).toBe('success');
    expect(await dkm('status')).toMatch(/^3: /);
    expect((await systemd.inside('systemctl', ['start', 'dkm-monitor'])).code).toBe(0);
    expect(pids()).not.toEqual(before);
    expect(await dkm('status')).toMatch(/^0: /);
  });

  it('when the supervisor is killed, another one takes the services over as they are', async ({ skip }) => {
    skip(missing !== undefined, missing);
    const { systemd, installation, property, pids } = await booted();
    const before = pids();
    const supervisor = installation.status().pid;
    expect((await systemd.inside('kill', ['-KILL', String(supervisor)])).code).toBe(0);
    await eventually(
      'systemd started a supervisor again',
      async () => (await property('ActiveState')) === 'active' && ![0, supervisor].includes(Number(await property('MainPID'))),
    );
    expect(await property('NRestarts')).toBe('1');
    expect(pids()).toEqual(before);
  });

  it('a supervisor that hangs is replaced by the watchdog, and one that does not stop leaves nothing running', async ({ skip }) => {
    skip(missing !== undefined, missing);
    const { systemd, installation, property, pids } = await booted();
    await systemd.inside('mkdir', ['-p', '/etc/systemd/system/dkm-monitor.service.d']);
    writeFileSync(`${systemd.root}/etc/systemd/system/dkm-monitor.service.d/quick.conf`, '[Service]\nWatchdogSec=2\nRestartSec=100ms\nTimeoutStopSec=8\n');
    await systemd.inside('systemctl', ['daemon-reload']);
    await systemd.inside('systemctl', ['restart', 'dkm-monitor']);
    const before = pids();
    const hung = installation.status().pid;
    await systemd.inside('kill', ['-STOP', String(hung)]);
    await eventually(
      'another supervisor runs',
      async () => (await property('ActiveState')) === 'active' && ![0, hung].includes(Number(await property('MainPID'))),
    );
    expect(pids()).toEqual(before);
    await systemd.inside('sed', ['-i', 's/WatchdogSec=2/WatchdogSec=0/', '/etc/systemd/system/dkm-monitor.service.d/quick.conf']);
    await systemd.inside('systemctl', ['daemon-reload']);
    await systemd.inside('systemctl', ['restart', 'dkm-monitor']);
    const last = pids();
    // systemd has a stopped process go on, so that it can end: this one is stopped again and again.
    const stopping = systemd.inside('sh', ['-c', `while kill -STOP ${await property('MainPID')} 2>/dev/null; do :; done`]);
    await systemd.inside('systemctl', ['stop', 'dkm-monitor']);
    await stopping;
    expect(await property('Result')).toBe('timeout');
    for (const pid of Object.values(last)) expect((await systemd.inside('test', ['-e', `/proc/${pid}`])).code).toBe(1);
  });

  it('"dkm stop" and "dkm start" by its user bring it back below systemd, and a start by hand is taken over', async ({ skip }) => {
    skip(missing !== undefined, missing);
    const { systemd, installation, dkm, property } = await booted();
    expect(await dkm('stop')).toMatch(/^0: /);
    const isDown = async (): Promise<boolean> => (await property('ActiveState')) === 'inactive' && (await property('Result')) === 'success';
    await eventually('the unit is down, with success', isDown);
    expect(await dkm('start')).toMatch(/^0: /);
    expect(await property('MainPID')).toBe(String(installation.status().pid));
    expect(await dkm('stop')).toMatch(/^0: /);
    await eventually('the unit is down again', isDown);
    await systemd.inside('systemctl', ['stop', 'dkm-monitor.path']);
    expect(await dkm('start')).toMatch(/^0: /);
    const byHand = installation.status().pid;
    expect(await property('MainPID')).toBe('0');
    expect((await systemd.inside('systemctl', ['start', 'dkm-monitor'])).code).toBe(0);
    expect(await property('MainPID')).toBe(String(installation.status().pid));
    expect((await systemd.inside('test', ['-e', `/proc/${byHand}`])).code).toBe(1);
  });

  it('a faulty conf/dkm.toml fails the unit, and a service that fails does not', async ({ skip }) => {
    skip(missing !== undefined, missing);
    const { systemd, installation, property } = await booted();
    const settings = readFileSync(installation.layout.settings, 'utf8');
    writeFileSync(installation.layout.settings, `${settings}\n[nonsense]\n`);
    await systemd.inside('systemctl', ['restart', 'dkm-monitor']);
    expect(await property('Result')).toBe('exit-code');
    writeFileSync(installation.layout.settings, settings);
    writeFileSync(join(installation.orders('web'), 'refuse'), 'it refuses');
    expect((await systemd.inside('systemctl', ['restart', 'dkm-monitor'])).code).toBe(0);
    expect(await property('ActiveState')).toBe('active');
  });

  it('it runs in a directory whose name has spaces, quotes, dollars, percents and backslashes, and is removed without a trace', async ({ skip }) => {
    skip(missing !== undefined, missing);
    const { systemd, installation, property } = await booted(`l'été "100%" $HOME \\n; {x}#`);
    expect(await property('ActiveState')).toBe('active');
    expect((await systemd.inside('systemctl', ['reload', 'dkm-monitor'])).code).toBe(0);
    const removed = await systemd.inside(join(installation.layout.bin, 'dkmadmin'), ['remove-boot']);
    expect(removed).toMatchObject({ code: 0, stderr: '' });
    expect((await systemd.inside('find', ['/etc/systemd/system', '-name', 'dkm*', '!', '-name', 'dkm-.service.d'])).stdout).toBe('');
    expect(installation.status().services.every(({ state }) => state === 'RUNNING')).toBe(true);
  });
});

/** Starts a systemd of the test's user below the test's systemd, as a login or lingering would; there is no logind here. */
async function startUserSystemd(systemd: TestSystemd): Promise<(...args: string[]) => Promise<Finished>> {
  const runtime = `/run/user/${BOOT_USER.id}`;
  const configuration = '/run/user-configuration';
  const unit = `[Service]
User=${BOOT_USER.name}
Type=notify
Delegate=yes
KillMode=mixed
RuntimeDirectory=user/${BOOT_USER.id}
Environment=XDG_RUNTIME_DIR=${runtime} XDG_CONFIG_HOME=${configuration}
ExecStart=/lib/systemd/systemd --user
`;
  writeFileSync(`${systemd.root}/etc/systemd/system/user-test.service`, unit);
  await systemd.inside('install', ['-d', '-o', String(BOOT_USER.id), configuration]);
  await systemd.inside('mkdir', ['-p', '/var/lib/systemd/linger']);
  await systemd.inside('touch', [`/var/lib/systemd/linger/${BOOT_USER.name}`]);
  await systemd.inside('systemctl', ['daemon-reload']);
  const started = await systemd.inside('systemctl', ['start', 'user-test']);
  if (started.code !== 0) throw new Error(`a user's systemd did not start: ${started.stderr}`);
  return (...args) => systemd.asUser('env', `XDG_RUNTIME_DIR=${runtime}`, `XDG_CONFIG_HOME=${configuration}`, ...args);
}

describe("below a user's own systemd", () => {
  it('it starts without root, also after the machine was started again, and is removed', async ({ skip }) => {
    skip(missing !== undefined, missing);
    const systemd = await startSystemd();
    const { layout, status } = await bootInstallation(join(serverDirectory(), `my "own" $1 %n`), BOOT_USER);
    const user = await startUserSystemd(systemd);
    const admin = join(layout.bin, 'dkmadmin');
    const installed = await user(admin, 'install-boot', '--start');
    expect(installed, installed.stderr).toMatchObject({ code: 0 });
    expect((await user('systemctl', '--user', 'is-active', 'dkm-my-own-1-n.service', 'dkm-my-own-1-n.path')).stdout).toBe('active\nactive\n');
    expect((await user(admin, 'show-boot')).stdout).toMatch(/dkm-my-own-1-n\.service +systemd +user +enabled, active/);
    expect((await user(join(layout.bin, 'dkm'), 'stop')).code).toBe(0);
    expect((await user(join(layout.bin, 'dkm'), 'start')).code).toBe(0);
    expect((await user('systemctl', '--user', 'show', '--value', '-p', 'MainPID', 'dkm-my-own-1-n')).stdout.trim()).toBe(String(status().pid));
    const before = status().pid;
    expect((await systemd.inside('systemctl', ['restart', 'user-test'])).code).toBe(0);
    await eventually(
      "it was started with the user's systemd",
      async () => status().pid !== before && (await user(join(layout.bin, 'dkm'), 'status')).code === 0,
    );
    expect(await user(admin, 'remove-boot')).toMatchObject({ code: 0, stderr: '' });
    expect((await user('systemctl', '--user', 'is-enabled', 'dkm-my-own-1-n.service')).code).not.toBe(0);
    expect(await user(admin, 'install-boot', '--system')).toMatchObject({ code: 4 });
  });
});
