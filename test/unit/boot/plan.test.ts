import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootPlan, longestChainMs, nameFor, unitNameOf, type BootRequest } from '../../../src/boot/plan.ts';
import type { HostFacts, InstallationFacts } from '../../../src/boot/facts.ts';
import { facts, request, service, SERVICES } from '../../helpers/boot-facts.ts';

const GOLDEN = join(import.meta.dirname, '..', '..', 'golden', 'boot');
const SYSTEMD: HostFacts = { init: 'systemd', systemdVersion: 252, runLevelTool: 'update-rc.d' };
const SYSV: HostFacts = { init: 'sysv', systemdVersion: 0, runLevelTool: 'update-rc.d' };
const LAUNCHD: HostFacts = { init: 'launchd', systemdVersion: 0, runLevelTool: undefined };

const withPort = (port: number): InstallationFacts =>
  facts({ services: [service('web', { ports: [{ name: 'dashboards', title: 'web', address: '0.0.0.0', port, protocols: ['tcp'] }] })] });

describe('bootPlan', () => {
  it.each<[string, InstallationFacts, HostFacts, BootRequest]>([
    ['systemd-system', facts(), SYSTEMD, request({ start: true, logrotate: true })],
    ['systemd-system-at-home', facts({ needsHomes: true, writtenElsewhere: ['/data/whisper'] }, '/home/monitor/dkm'), SYSTEMD, request()],
    ['systemd-user', facts(), SYSTEMD, request({ scope: 'user' })],
    ['sysv', facts(), SYSV, request({ start: true })],
    ['sysv-chkconfig', facts(), { ...SYSV, runLevelTool: 'chkconfig' }, request()],
    ['launchd-daemon', facts(), LAUNCHD, request({ start: true })],
    ['launchd-agent', facts(), LAUNCHD, request({ scope: 'user' })],
  ])('%s', async (name, installation, host, wanted) => {
    const plan = bootPlan(installation, host, wanted);
    const words = (title: string, list: readonly (readonly string[])[]): string[] => list.map((command) => `${title} ${command.join(' ')}`);
    const text = [
      ...plan.files.map(({ path, mode, text: content }) => `=== ${path} ${mode.toString(8)}\n${content}`),
      ...words('run:', plan.commands),
      ...words('undo:', plan.undo),
      ...words('after removal:', plan.afterRemoval),
      ...plan.remarks.map((remark) => `note: ${remark}`),
    ].join('\n');
    await expect(`${text}\n`).toMatchFileSnapshot(join(GOLDEN, `${name}.txt`));
  });

  const unitOf = (installation: InstallationFacts, host = SYSTEMD): string => bootPlan(installation, host, request()).files[0]!.text;

  it('gives a capability only to what listens below port 1024', () => {
    expect(unitOf(withPort(443))).toContain('AmbientCapabilities=CAP_NET_BIND_SERVICE');
    expect(unitOf(withPort(1024))).toMatch(/^CapabilityBoundingSet=$/m);
  });

  it('hides homes unless something needs them or collectd measures them', () => {
    expect(unitOf(facts({ services: [service('web')] }))).toMatch(/^ProtectHome=yes$/m);
    expect(unitOf(facts())).toMatch(/^ProtectHome=read-only$/m);
    expect(unitOf(facts({ services: [service('web')], needsHomes: true }))).toMatch(/^ProtectHome=read-only$/m);
  });

  it.each(['/tmp/dkm', '/var/tmp/dkm'])('does not hide an installation in %s from itself', (root) => {
    expect(unitOf(facts({}, root))).not.toMatch(/^PrivateTmp/m);
  });

  it('does without a watchdog where systemd would lose what it is told', () => {
    const unit = unitOf(facts(), { ...SYSTEMD, systemdVersion: 239 });
    expect(unit).toMatch(/^Type=simple$/m);
    expect(unit).not.toContain('WatchdogSec');
  });

  it.each([
    ['a line break', '/srv/a\nb'],
    ['a tab', '/srv/a\tb'],
    ['bytes that are not UTF-8', '/srv/a\ufffdb'],
  ])('refuses a directory with %s in its name', (_what, root) => {
    expect(() => bootPlan(facts({}, root), SYSTEMD, request())).toThrow(/no init system takes/);
  });

  it.each([
    ['sysv for a user', SYSV, request({ scope: 'user' }), /only root/],
    ['logrotate for a user', SYSTEMD, request({ scope: 'user', logrotate: true }), /takes root/],
  ])('refuses %s', (_what, host, wanted, message) => {
    expect(() => bootPlan(facts(), host, wanted)).toThrow(message);
  });

  it('tells when nothing links a script into the run levels', () => {
    expect(bootPlan(facts(), { ...SYSV, runLevelTool: undefined }, request()).remarks).toEqual([expect.stringContaining('neither update-rc.d nor chkconfig')]);
  });
});

describe('names', () => {
  it.each([
    ['production', 'dkm-production'],
    ['dkm', 'dkm'],
    ['dkm-2', 'dkm-2'],
    ['A_b', 'dkm-A_b'],
  ])('%s is the unit %s', (name, unit) => expect(unitNameOf(name)).toBe(unit));

  it.each(['', '-x', 'a/b', 'a b', '../x', 'x.service', 'é', 'a'.repeat(64), 'x\n'])('%j is no name', (name) => {
    expect(() => unitNameOf(name)).toThrow(/--name/);
  });

  it.each([
    ['/srv/dkm', 'dkm'],
    ['/srv/monitoring', 'monitoring'],
    [`/srv/l'été "x"`, 'l-ete-x'],
    ['/srv/監視', 'dkm'],
    ['/', 'dkm'],
  ])('%s is called %s', (directory, name) => {
    expect(nameFor(directory)).toBe(name);
    expect(() => unitNameOf(nameFor(directory))).not.toThrow();
  });
});

describe('longestChainMs', () => {
  it('adds what waits for each other, and takes the longest', () => {
    expect(longestChainMs(SERVICES, ({ stop }) => stop.timeoutMs)).toBe(60_000 + 15_000 + 35_000);
    expect(longestChainMs([], () => 1)).toBe(0);
  });

  it('ends when services wait for each other in a circle', () => {
    expect(longestChainMs([service('a', { after: ['b'] }), service('b', { after: ['a'] })], () => 5)).toBe(10);
  });
});
