import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ServiceStatus } from '../../../src/contract/status.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { eventually } from '../../helpers/wait.ts';

const store = (installation: FakeInstallation): ServiceStatus => installation.status().services.find(({ name }) => name === 'store')!;
const configure = ({ layout }: FakeInstallation, text: string): void => appendFileSync(layout.settings, `\n[services.store]\n${text}\n`);
const order = (installation: FakeInstallation, name: string, text: string): void => writeFileSync(join(installation.orders('store'), name), text);
const log = ({ layout }: FakeInstallation): string => readFileSync(layout.supervisorLog, 'utf8');
/** The soft and hard limit of open files of a process, and its niceness, as the system tells them. */
const openFilesOf = (pid: number): string[] =>
  execFileSync('sh', ['-c', `awk '/^Max open files/ { print $4, $5 }' /proc/${pid}/limits`], { encoding: 'utf8' })
    .trim()
    .split(' ');
const nicenessOf = (pid: number): number => Number(execFileSync('ps', ['-o', 'ni=', '-p', String(pid)], { encoding: 'utf8' }));

describe('limits per service', () => {
  it('are given to the process, and a change of them with its next restart', async ({ skip }) => {
    skip(process.platform !== 'linux', 'reads the limits of a process from /proc; run it on Linux');
    const installation = await fakeInstallation();
    configure(installation, `open_files = 333\nnice = 7`);
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    expect(openFilesOf(store(installation).pid!)).toEqual(['333', '333']);
    expect(nicenessOf(store(installation).pid!)).toBe(7);
    writeFileSync(installation.layout.settings, readFileSync(installation.layout.settings, 'utf8').replace('333', '444'));
    expect(await installation.dkm('restart', 'store')).toMatchObject({ code: 0 });
    expect(openFilesOf(store(installation).pid!)).toEqual(['444', '444']);
  });

  it.each([
    ['open_files = 2000000000', 'services.store.open_files: 2000000000 is more than the '],
    ['memory_mib = 99999999', 'services.store.memory_mib: 99999999 is more than the '],
    ['nice = 20', 'services.store.nice: '],
    ['nicety = 3', 'services.store.nicety: unknown key'],
  ])('are refused at the start with file and key: %s', async (line, words) => {
    const installation = await fakeInstallation();
    configure(installation, line);
    const start = await installation.dkm('start');
    expect(start.code).toBe(1);
    expect(start.stderr).toContain(`${installation.layout.settings}: ${words}`);
  });

  it('restart a service that uses more memory than it may, and say so', async () => {
    const installation = await fakeInstallation();
    configure(installation, 'memory_mib = 150');
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const { pid } = store(installation);
    order(installation, 'hog', '200');
    const after = await eventually('it is another process', () => store(installation).pid !== null && store(installation).pid !== pid && store(installation));
    expect(after.restarts).toBe(1);
    expect(log(installation)).toMatch(/store: STOPPING \(it used \d+ MiB, more than services\.store\.memory_mib = 150, and is restarted\)/);
    order(installation, 'hog', '');
  });
});

describe('why a service ended', () => {
  it('is not explained by what an earlier process printed', async () => {
    const installation = await fakeInstallation();
    appendFileSync(join(installation.layout.logs, 'store.log'), 'listen tcp: bind: address already in use\n');
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    order(installation, 'die', 'SIGQUIT');
    await eventually('its end is explained', () => /store: BACKOFF \(it ended \(SIGQUIT\): it was ended by SIGQUIT\)/.test(log(installation)));
    order(installation, 'die', '');
  });

  it('tells a person from the kernel', async ({ skip }) => {
    skip(!/^oom_kill /m.test(vmstat()), 'the kernel does not count what it kills for want of memory; a Linux of 4.13 or later does');
    const installation = await fakeInstallation();
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const before = /^oom_kill .*/m.exec(vmstat())?.[0];
    process.kill(store(installation).pid!, 'SIGKILL');
    await eventually('its end is explained', () => log(installation).includes('store: BACKOFF (it ended (SIGKILL): '));
    skip(/^oom_kill .*/m.exec(vmstat())?.[0] !== before, 'the kernel killed something meanwhile; run it on a machine with enough memory');
    expect(log(installation)).toContain('store: BACKOFF (it ended (SIGKILL): something killed it with SIGKILL: a person or another program');
  });
});

function vmstat(): string {
  try {
    return readFileSync('/proc/vmstat', 'utf8');
  } catch {
    return '';
  }
}
