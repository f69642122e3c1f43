import { chmodSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { serverDirectory } from '../helpers/boot-installation.ts';
import { now, render } from '../helpers/graphite.ts';
import { freePorts } from '../helpers/ports.ts';
import { startSystemd, whyNoSystemd } from '../helpers/systemd.ts';
import { eventually } from '../helpers/wait.ts';

const missing = await whyNoSystemd();

it("real providers run below systemd, within the unit's limits, and collectd measures from there", async ({ skip }) => {
  skip(missing !== undefined, missing);
  const folder = serverDirectory();
  chmodSync(folder, 0o777);
  const [bundle, root, port] = [join(folder, 'bundle'), join(folder, 'monitoring'), await freePorts()];
  cpSync(inject('fallbackBundle'), bundle, { recursive: true, verbatimSymlinks: true });
  const systemd = await startSystemd();
  const options = ['-d', root, '-p', String(port), '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1', '--hostname', 'boot.example.org'];
  const installed = await systemd.asUser(join(bundle, 'installer'), ...options);
  expect(installed, installed.stderr).toMatchObject({ code: 0 });
  const booted = await systemd.inside(join(root, 'bin', 'dkmadmin'), ['install-boot', '--start', '--logrotate']);
  expect(booted, booted.stderr + readFileSync(join(root, 'run/logs/supervisor.log'), 'utf8')).toMatchObject({ code: 0 });
  const unit = async (property: string): Promise<string> =>
    (await systemd.inside('systemctl', ['show', 'dkm-monitoring', '--value', '-p', property])).stdout.trim();
  expect(await unit('ActiveState')).toBe('active');
  const dkm = join(root, 'bin', 'dkm');
  const status = JSON.parse((await systemd.asUser(dkm, 'status', '--json')).stdout) as { services: { name: string; state: string; pid: number }[] };
  expect(status.services.length).toBeGreaterThanOrEqual(4);
  for (const { name, state, pid } of status.services) {
    expect([name, state]).toEqual([name, 'RUNNING']);
    expect(readFileSync(`${systemd.root}/proc/${pid}/status`, 'utf8')).toMatch(/CapBnd:\s0+\n[^]*NoNewPrivs:\s1/);
  }
  for (const series of ['load.load.shortterm', 'processes.ps_state.running', 'df.root.df_complex.free']) {
    await eventually(
      `${series} as collectd measured it can be read`,
      async () => {
        const [found] = await render(port + 2, `collectd.org.example.boot.${series}`);
        return found?.datapoints.some(([value, time]) => value !== null && time <= now());
      },
      90_000,
    );
  }
  const before = await unit('MainPID');
  expect(await systemd.asUser(dkm, 'stop')).toMatchObject({ code: 0 });
  expect(await systemd.asUser(dkm, 'start')).toMatchObject({ code: 0 });
  expect(await unit('MainPID')).not.toBe(before);
  expect(await unit('ActiveState')).toBe('active');
  expect((await systemd.inside('systemctl', ['stop', 'dkm-monitoring'])).code).toBe(0);
  expect(await unit('Result')).toBe('success');
});
