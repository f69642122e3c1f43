import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canRun, run, type Finished } from '../../../src/base/exec.ts';
import { bootInstallation } from '../../helpers/boot-installation.ts';
import type { FakeInstallation } from '../../helpers/fake-installation.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const hasSystemctl = await canRun('systemctl');
const NO_SYSTEMCTL = 'systemctl is missing: apt-get install systemd';

interface Machine {
  installation: FakeInstallation;
  /** The root directory of another system, in which files are written and nothing is started. */
  root: string;
  /** Runs dkmadmin on that system. */
  admin: (...args: string[]) => Promise<Finished>;
  read: (path: string) => string;
}

async function machine(name = 'monitoring', root = join(temporaryDirectory(), 'root')): Promise<Machine> {
  const installation = await bootInstallation(join(temporaryDirectory(), name));
  mkdirSync(root, { recursive: true });
  const admin: Machine['admin'] = (...args) => run(join(installation.layout.bin, 'dkmadmin'), ['--root', root, ...args], { timeoutMs: 60_000 });
  return { installation, root, admin, read: (path) => readFileSync(join(root, path), 'utf8') };
}

const SYSTEMD = ['--init', 'systemd', '--system'];

describe('dkmadmin install-boot', () => {
  it('writes a unit, enables it, does it again without a change, and remove-boot removes all of it', async ({ skip }) => {
    skip(!hasSystemctl, NO_SYSTEMCTL);
    const { root, admin } = await machine();
    const first = await admin('install-boot', ...SYSTEMD, '--logrotate');
    expect(first, first.stderr).toMatchObject({ code: 0 });
    expect(first.stdout).toContain('wrote /etc/systemd/system/dkm-monitoring.service');
    expect(readdirSync(join(root, 'etc/systemd/system/multi-user.target.wants'))).toEqual(['dkm-monitoring.service']);
    expect((await admin('show-boot', '--json')).stdout).toContain('"/etc/logrotate.d/dkm-monitoring"');
    const again = JSON.parse((await admin('install-boot', ...SYSTEMD, '--logrotate', '--json')).stdout) as { changed: string[]; files: string[] };
    expect(again.changed).toEqual([]);
    expect(again.files).toHaveLength(3);
    expect(await admin('remove-boot')).toMatchObject({ code: 0, stderr: '' });
    const left = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => !lstatSync(join(root, path)).isDirectory());
    expect(left).toEqual([]);
    expect(await admin('show-boot')).toMatchObject({ code: 1 });
    expect(await admin('remove-boot')).toMatchObject({ code: 0 });
  });

  it('has a name for each of several installations, and refuses one that is taken', async ({ skip }) => {
    skip(!hasSystemctl, NO_SYSTEMCTL);
    const one = await machine();
    const two = await machine('monitoring', one.root);
    expect(await one.admin('install-boot', ...SYSTEMD)).toMatchObject({ code: 0 });
    const before = one.read('etc/systemd/system/dkm-monitoring.service');
    const refused = await two.admin('install-boot', ...SYSTEMD);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(`it belongs to the installation in ${one.installation.layout.root}`);
    expect(refused.stderr).toContain('--name');
    expect(one.read('etc/systemd/system/dkm-monitoring.service')).toBe(before);
    expect(await two.admin('install-boot', ...SYSTEMD, '--name', 'other')).toMatchObject({ code: 0 });
    expect(await two.admin('remove-boot')).toMatchObject({ code: 0 });
    expect(
      readdirSync(join(one.root, 'etc/systemd/system'))
        .filter((name) => name.startsWith('dkm'))
        .sort(),
    ).toEqual(['dkm-monitoring.path', 'dkm-monitoring.service']);
  });

  it.each<[string, (path: string) => void, string]>([
    ['a file of somebody else', (path) => writeFileSync(path, '[Service]\n'), 'it was not made by dkm'],
    ['a masked unit', (path) => symlinkSync('/dev/null', path), 'it is a link'],
    ['a directory', (path) => mkdirSync(path), 'it was not made by dkm'],
  ])('leaves %s alone', async (_what, make, message) => {
    const { root, admin } = await machine();
    const path = join(root, 'etc/systemd/system/dkm-monitoring.service');
    mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
    make(path);
    const before = lstatSync(path);
    const refused = await admin('install-boot', ...SYSTEMD);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(message);
    expect(lstatSync(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    await admin('remove-boot');
    expect(lstatSync(path)).toMatchObject({ ino: before.ino });
  });

  it('takes everything back when a command fails', async () => {
    const { installation, root } = await machine();
    const programs = temporaryDirectory();
    writeFileSync(join(programs, 'systemctl'), '#!/bin/sh\ncase "$*" in *enable*) echo "no such luck" >&2; exit 1;; esac\n');
    chmodSync(join(programs, 'systemctl'), 0o755);
    const env = { ...process.env, PATH: `${programs}:${process.env['PATH']}` };
    const failed = await run(join(installation.layout.bin, 'dkmadmin'), ['--root', root, 'install-boot', ...SYSTEMD, '--logrotate'], { env });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('no such luck');
    expect(readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('dkm'))).toEqual([]);
  });

  it('--dry-run and --print write nothing', async () => {
    const { root, admin } = await machine();
    const dry = await admin('install-boot', ...SYSTEMD, '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toMatch(/would write .*dkm-monitoring\.service\n.*\nwould run systemctl daemon-reload/);
    const printed = await admin('install-boot', ...SYSTEMD, '--print');
    expect(printed.stdout).toContain('# --- /etc/systemd/system/dkm-monitoring.service\n');
    expect(readdirSync(root)).toEqual([]);
  });

  it.each([
    [['install-boot', '--system', '--user'], 2, 'exclude each other'],
    [['install-boot', ...SYSTEMD, '--name', '../evil'], 2, '--name'],
    [['install-boot', '--init', 'upstart'], 2, 'upstart'],
    [['nonsense'], 2, 'unknown command'],
    [['install-boot', '--init', 'sysv', '--user'], 4, 'only root'],
    [['--directory', '/nonexistent', 'install-boot'], 2, 'not an installed directory'],
  ])('%j ends with %i', async (args, code, message) => {
    const { admin } = await machine();
    const finished = await admin(...args);
    expect(finished.stderr).toContain(message);
    expect(finished.code).toBe(code);
  });

  it('reads an installation with the rights of its owner, also when root asks', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'root alone may act as another user: run the tests as root');
    const root = temporaryDirectory();
    chmodSync(root, 0o755);
    const { layout } = await bootInstallation(join(root, 'monitoring'), { id: 47_111 });
    writeFileSync(join(root, 'secret'), 'the secret of root', { mode: 0o600 });
    rmSync(layout.settings);
    symlinkSync(join(root, 'secret'), layout.settings);
    const { code, stdout, stderr } = await run(join(layout.bin, 'dkmadmin'), ['install-boot', '--init', 'systemd', '--print']);
    expect(code).toBe(4);
    expect(stderr).toContain('must be readable by 47111');
    expect(stdout + stderr).not.toContain('the secret of root');
  });

  it('says what to type for an ordinary user whose units do not linger', async ({ skip }) => {
    const isRoot = process.getuid?.() === 0;
    const { installation } = await machine();
    const user = (await run('id', ['-un'])).stdout.trim();
    skip(existsSync(`/var/lib/systemd/linger/${user}`), 'lingering is on for this user: loginctl disable-linger');
    const { code, stderr } = await run(join(installation.layout.bin, 'dkmadmin'), ['install-boot', '--init', 'systemd', '--user'], {
      env: { ...process.env, XDG_CONFIG_HOME: temporaryDirectory() },
    });
    expect(stderr).toContain(`sudo loginctl enable-linger ${isRoot ? 'root' : user}`);
    expect(code).toBe(4);
  });
});
