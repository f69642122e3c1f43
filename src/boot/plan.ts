import { join } from 'node:path';
import { DkmError } from '../base/errors.ts';
import type { BootService, HostFacts, InitSystem, InstallationFacts } from './facts.ts';
import { launchdPlist } from './launchd-plist.ts';
import { logrotateFile } from './logrotate-file.ts';
import { refuseUnwritable } from './quoting.ts';
import { removalOf, type Removal } from './removal.ts';
import { pathUnit, systemUnit, userUnit } from './systemd-unit.ts';
import { sysvScript } from './sysv-script.ts';

/*
 * What starting at boot takes: facts and wishes -> files and commands. Pure; `apply.ts` carries it out.
 */

/** For the whole machine (root), or for a user who may not be root. */
export type Scope = 'system' | 'user';

/** What was asked for. */
export interface BootRequest {
  /** Of the unit, script or job: see `unitNameOf`. */
  unit: string;
  scope: Scope;
  start: boolean;
  logrotate: boolean;
  /** The user's directory for configuration, for the scope `user`. */
  userConfiguration: string;
  home: string;
}

export interface BootFile {
  path: string;
  text: string;
  mode: number;
}

/** A program and its arguments. */
export type BootCommand = readonly [program: string, ...args: string[]];

export interface BootPlan extends Removal {
  init: InitSystem;
  scope: Scope;
  unit: string;
  files: BootFile[];
  /** Run in this order, after the files are there. */
  commands: BootCommand[];
  /** What the administrator should know. */
  remarks: string[];
}

/** How a name is written: as that of a unit, a script and a metric's part. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** The name of the unit of an installation called `name`: `dkm-<name>`, or `dkm` for one that is called so. Throws `usage`. */
export function unitNameOf(name: string): string {
  if (!NAME.test(name)) {
    throw new DkmError('usage', `--name: expected letters, digits, dashes and underscores, found ${JSON.stringify(name)}.`, {
      hint: 'For example: --name production',
    });
  }
  return name === 'dkm' || name.startsWith('dkm-') ? name : `dkm-${name}`;
}

/** What an installation is called when nobody says: as its directory, as far as a unit may be. */
export function nameFor(directory: string): string {
  const words = (directory.split('/').pop() ?? '')
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .match(/[A-Za-z0-9][A-Za-z0-9_]*/g) ?? ['dkm'];
  return words.join('-').slice(0, 60);
}

/** The files and commands that start an installation at boot. Throws `preflight-refused` where that cannot be done. */
export function bootPlan(installation: InstallationFacts, host: HostFacts, request: BootRequest): BootPlan {
  refuseUnwritable(installation.layout.root, 'The directory');
  for (const directory of installation.writtenElsewhere) refuseUnwritable(directory, 'The directory');
  if (request.logrotate && request.scope === 'user') throw new DkmError('usage', '--logrotate writes to /etc/logrotate.d, which takes root.');
  const plan = planOf[host.init](installation, host, request);
  if (!request.logrotate) return plan;
  const file = { path: `/etc/logrotate.d/${request.unit}`, text: logrotateFile(installation), mode: 0o644 };
  return { ...plan, files: [...plan.files, file] };
}

const planOf: Record<InitSystem, (installation: InstallationFacts, host: HostFacts, request: BootRequest) => BootPlan> = {
  systemd: systemdPlan,
  sysv: sysvPlan,
  launchd: launchdPlan,
};

function systemdPlan(installation: InstallationFacts, { systemdVersion }: HostFacts, { unit, scope, start, userConfiguration }: BootRequest): BootPlan {
  const folder = scope === 'system' ? '/etc/systemd/system' : join(userConfiguration, 'systemd', 'user');
  const systemctl: BootCommand = scope === 'system' ? ['systemctl'] : ['systemctl', '--user'];
  const text = (scope === 'system' ? systemUnit : userUnit)(installation, { folder, unit, systemdVersion });
  const names = [`${unit}.service`, `${unit}.path`];
  return {
    init: 'systemd',
    scope,
    unit,
    files: [
      { path: join(folder, `${unit}.service`), text, mode: 0o644 },
      { path: join(folder, `${unit}.path`), text: pathUnit(installation, unit), mode: 0o644 },
    ],
    commands: [
      [...systemctl, 'daemon-reload'],
      [...systemctl, 'enable', ...names],
      // Watching costs nothing and starts nothing, so it need not wait for the next boot.
      [...systemctl, 'start', `${unit}.path`],
      ...(start ? [[...systemctl, 'start', `${unit}.service`] as const] : []),
    ],
    ...removalOf('systemd', scope, unit, undefined),
    remarks: [],
  };
}

function sysvPlan(installation: InstallationFacts, { runLevelTool }: HostFacts, { unit, scope, start }: BootRequest): BootPlan {
  if (scope === 'user') {
    throw new DkmError('preflight-refused', 'Without systemd, only root can have something started at boot.', {
      hint: `As root: ${installation.layout.bin}/dkmadmin install-boot. Or add "@reboot ${installation.layout.bin}/dkm start" to your crontab.`,
    });
  }
  const path = `/etc/init.d/${unit}`;
  const links: Record<'update-rc.d' | 'chkconfig', BootCommand> = {
    'update-rc.d': ['update-rc.d', unit, 'defaults'],
    chkconfig: ['chkconfig', '--add', unit],
  };
  return {
    init: 'sysv',
    scope,
    unit,
    files: [{ path, text: sysvScript(installation, unit), mode: 0o755 }],
    commands: [...(runLevelTool ? [links[runLevelTool]] : []), ...(start ? [[path, 'start'] as const] : [])],
    ...removalOf('sysv', scope, unit, runLevelTool),
    remarks: runLevelTool ? [] : [`There is neither update-rc.d nor chkconfig here: link ${path} into the run levels as this system wants it.`],
  };
}

function launchdPlan(installation: InstallationFacts, _host: HostFacts, { unit, scope, start, home }: BootRequest): BootPlan {
  const folder = scope === 'system' ? '/Library/LaunchDaemons' : join(home, 'Library', 'LaunchAgents');
  const path = join(folder, `org.dkm.${unit}.plist`);
  const domain = scope === 'system' ? 'system' : `gui/${installation.owner.userId}`;
  return {
    init: 'launchd',
    scope,
    unit,
    files: [{ path, text: launchdPlist(installation, unit, scope), mode: 0o644 }],
    // launchd reads the folder at boot; to load a job is to start it.
    commands: start ? [['launchctl', 'bootstrap', domain, path]] : [],
    ...removalOf('launchd', scope, unit, undefined),
    remarks: [
      'launchd starting it was never tried by those who wrote this: only the form of the file was checked.',
      ...(scope === 'user' ? ['A LaunchAgent starts when you log in, not at boot; for that, run this as root.'] : []),
    ],
  };
}

/** Milliseconds that the longest chain of services takes which wait for each other. */
export function longestChainMs(services: readonly BootService[], timeOf: (service: BootService) => number): number {
  const known = new Map<string, number>();
  const chainOf = (service: BootService): number => {
    const found = known.get(service.name);
    if (found !== undefined) return found;
    known.set(service.name, 0); // one that waits for itself is the supervisor's to complain of
    const before = services.filter((other) => service.after.includes(other.name)).map(chainOf);
    const total = timeOf(service) + Math.max(0, ...before);
    known.set(service.name, total);
    return total;
  };
  return Math.max(0, ...services.map(chainOf));
}
