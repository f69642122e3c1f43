import { readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DkmError, messageOf, systemCodeOf } from '../base/errors.ts';
import { outputOf } from '../base/exec.ts';
import { existsAs } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import type { ServiceSpec } from '../contract/service.ts';
import { readSettings } from '../contract/settings.ts';
import { configuredServices } from '../supervisor/installation.ts';
import { asOwner } from './owner.ts';
import type { Owner } from './owner.ts';

export const INIT_SYSTEMS = ['systemd', 'sysv', 'launchd'] as const;
export type InitSystem = (typeof INIT_SYSTEMS)[number];

/** What of a service matters at boot. */
export type BootService = Pick<ServiceSpec, 'name' | 'role' | 'after' | 'startTimeoutMs' | 'stop' | 'ports' | 'reopen' | 'logFiles'>;

/** What has to be known of an installation to start it at boot. */
export interface InstallationFacts {
  layout: Layout;
  owner: Owner;
  services: BootService[];
  /** Directories outside the installation that its links lead to, and that are written to. */
  writtenElsewhere: string[];
  /** True when something that runs lies in somebody's home. */
  needsHomes: boolean;
}

/** Looks at an installation, with the rights of its owner. */
export async function installationFacts(layout: Layout, owner: Owner): Promise<InstallationFacts> {
  return asOwner(owner, () => readByOwner(layout, owner)).catch((error: unknown) => {
    if (systemCodeOf(error) !== 'EACCES') throw error;
    throw new DkmError('preflight-refused', `${messageOf(error)}: what belongs to an installation must be readable by ${owner.user}, its owner.`, {
      cause: error,
    });
  });
}

async function readByOwner(layout: Layout, owner: Owner): Promise<InstallationFacts> {
  const [settings, services] = await Promise.all([readSettings(layout.settings), configuredServices(layout)]);
  const writtenElsewhere = linkedDirectories(layout);
  const programs = [layout.root, settings.install.python ?? '', settings.install.system_collectd ?? '', ...writtenElsewhere];
  return { layout, owner, services, writtenElsewhere, needsHomes: programs.some(isInHome) };
}

function isInHome(path: string): boolean {
  return /^\/(home|root|run\/user)(\/|$)/.test(path);
}

/** Where links in an installation lead out of it: people put storage on a disk of its own. */
function linkedDirectories({ root, storage, run, logs, conf }: Layout): string[] {
  const candidates = [conf, run, logs, storage, ...(existsAs(storage) ? readdirSync(storage).map((name) => join(storage, name)) : [])];
  const outside = candidates.flatMap((path) => {
    const target = statSync(path, { throwIfNoEntry: false }) && realpathSync(path);
    if (target === undefined || target === root || target.startsWith(`${root}/`)) return [];
    return [statSync(target).isDirectory() ? target : dirname(target)];
  });
  return [...new Set(outside)].sort();
}

/** What has to be known of the machine. */
export interface HostFacts {
  init: InitSystem;
  /** systemd's version; 0 where it cannot be asked. */
  systemdVersion: number;
  /** The program that makes the links of a sysv script for the run levels. */
  runLevelTool: 'update-rc.d' | 'chkconfig' | undefined;
}

/** Looks at the machine; `wanted` names an init system in place of the one that runs. */
export function hostFacts(wanted: InitSystem | undefined): HostFacts {
  const init = wanted ?? presentInit();
  return {
    init,
    systemdVersion: init === 'systemd' ? Number(/^systemd (\d+)/.exec(outputOf('systemctl', ['--version']) ?? '')?.[1] ?? 0) : 0,
    runLevelTool: (['update-rc.d', 'chkconfig'] as const).find((tool) => SYSTEM_FOLDERS.some((folder) => existsAs(join(folder, tool)))),
  };
}

/** Not on every administrator's PATH. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

function presentInit(): InitSystem {
  if (process.platform === 'darwin') return 'launchd';
  // Made by systemd while it is the machine's init: sd_booted(3).
  if (existsAs('/run/systemd/system')) return 'systemd';
  if (existsAs('/etc/init.d')) return 'sysv';
  throw new DkmError('preflight-refused', 'Neither systemd, nor /etc/init.d, nor launchd is on this machine.', {
    hint: 'Have what starts it run "DIR/bin/dkm start --foreground" as the owner of DIR, or print one of the files: --init sysv --print.',
  });
}
