import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canRun, run, type Finished, type RunOptions } from '../../src/base/exec.ts';
import { beforeRemoval } from './temporary.ts';
import { eventually } from './wait.ts';

/*
 * A systemd of a test's own: process 1 of new namespaces of processes, mounts and control groups, with nothing to start
 * but what the test installs. /etc/systemd/system, /run, /etc/logrotate.d and /var/lib/systemd are empty there; the rest is this machine's.
 */

/** The user that installations in it belong to. */
export const BOOT_USER = { name: 'dkm-boot-test', id: 47_110 };

export interface TestSystemd {
  /** Runs a program in it, as root. */
  inside: (command: string, args: readonly string[], options?: RunOptions) => Promise<Finished>;
  /** Runs a program in it, as the user that installations belong to. */
  asUser: (command: string, ...args: string[]) => Promise<Finished>;
  /** Where its files are seen from outside. */
  root: string;
  /** Its own log, and that of its units. */
  printed: () => string;
}

const CHECKOUT = join(import.meta.dirname, '..', '..');

const START = `
set -e
mount --make-rprivate /
for directory in /run /etc/systemd/system /var/lib/systemd /etc/logrotate.d; do mkdir -p $directory; mount -t tmpfs -o mode=755 tmpfs $directory; done
mkdir -p /run/lock
mount -t tmpfs -o mode=755 tmpfs /mnt
umask 022
for file in passwd group; do cp /etc/$file /mnt/$file; done
echo '${BOOT_USER.name}:x:${BOOT_USER.id}:${BOOT_USER.id}::/:/bin/sh' >>/mnt/passwd
echo '${BOOT_USER.name}:x:${BOOT_USER.id}:' >>/mnt/group
for file in passwd group; do mount --bind /mnt/$file /etc/$file; done
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir /etc/systemd/system/dkm-.service.d
printf '[Service]\\nBindReadOnlyPaths=%s\\n' '${CHECKOUT}' >/etc/systemd/system/dkm-.service.d/sources.conf
for unit in sysinit basic multi-user paths sockets timers slices shutdown network-online time-sync; do cp /lib/systemd/system/$unit.target /etc/systemd/system/; done
exec env -i container=dkm-test PATH=$PATH SYSTEMD_UNIT_PATH=/etc/systemd/system /lib/systemd/systemd --system --unit=multi-user.target --log-target=kmsg
`;

/** The first directory on the way to a path that other users may not pass through. */
function closedToOthers(path: string): string | undefined {
  const above = dirname(path) === path ? undefined : closedToOthers(dirname(path));
  return above ?? ((statSync(path).mode & 0o001) === 0 ? path : undefined);
}

/** Why a systemd cannot be had here, with what would help; undefined when it can. */
export async function whyNoSystemd(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'systemd is for Linux';
  if (process.getuid?.() !== 0) return 'a systemd of its own takes root: run the tests as root in a virtual machine or container';
  const closed = closedToOthers(CHECKOUT);
  if (closed !== undefined) return `its services run from this checkout, and ${closed} is closed to other users: clone it elsewhere`;
  for (const program of ['systemctl', 'unshare', 'nsenter']) if (!(await canRun(program))) return `${program} is missing: apt-get install systemd util-linux`;
  if (!existsSync('/lib/systemd/systemd')) return '/lib/systemd/systemd is missing: apt-get install systemd';
  if (cgroupFolder() === undefined) return 'no control groups of version 2 are mounted that could be written to';
  const tried = await run('unshare', [
    '--mount',
    '--pid',
    '--cgroup',
    '--fork',
    '--mount-proc',
    'sh',
    '-c',
    'mount --make-rprivate / && mount -t cgroup2 none /mnt',
  ]);
  return tried.code === 0 ? undefined : `namespaces may not be made here: ${tried.stderr.trim()}`;
}

function cgroupFolder(): string | undefined {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type]) => type === 'cgroup2')?.[1];
}

/** Starts a systemd for a test; it ends, with all that it runs, after the test. */
export async function startSystemd(): Promise<TestSystemd> {
  const group = `${cgroupFolder()}/dkm-test-${process.pid}-${Date.now()}`;
  let printed = '';
  const script = `mkdir ${group} && echo $$ > ${group}/cgroup.procs && exec unshare --mount --pid --cgroup --uts --ipc --fork --mount-proc --kill-child sh -c "$1"`;
  const child = spawn('sh', ['-c', script, 'sh', START], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (text: string) => (printed += text));
  beforeRemoval(() => end(child, group));
  const init = await eventually('systemd is process 1 of its namespace', () => initBelow(child));
  const inside: TestSystemd['inside'] = (command, args, options) =>
    run('nsenter', ['-t', String(init), '-m', '-p', '-C', '-u', '-i', '--', command, ...args], { timeoutMs: 120_000, ...options });
  await eventually(
    'systemd has booted',
    async () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${printed}`);
      return (await inside('systemctl', ['is-system-running'])).stdout.trim() === 'running';
    },
    20_000,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${printed}`);
  });
  const asUser: TestSystemd['asUser'] = (command, ...args) =>
    inside('setpriv', [`--reuid=${BOOT_USER.id}`, `--regid=${BOOT_USER.id}`, '--clear-groups', command, ...args], {
      env: { PATH: process.env['PATH'], HOME: '/', USER: BOOT_USER.name },
    });
  return { inside, asUser, root: `/proc/${init}/root`, printed: () => printed };
}

/** The process that `unshare` started, once it is systemd. */
function initBelow(child: ChildProcess): number | undefined {
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]);
  return pid > 0 && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'systemd' ? pid : undefined;
}

async function end(child: ChildProcess, group: string): Promise<void> {
  child.kill('SIGKILL'); // and with it process 1 of the namespace, and with that everything in it
  await eventually('the control groups of the test are empty and gone', async () => {
    await run('find', [group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
    return !existsSync(group);
  });
}
