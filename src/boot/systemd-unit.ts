import { join } from 'node:path';
import type { InstallationFacts } from './facts.ts';
import { markerOf } from './marker.ts';
import { longestChainMs } from './plan.ts';
import { systemdArgument, systemdProgram, systemdText, systemdWord } from './quoting.ts';

/*
 * The units' texts. Comments in them are for administrators, who read units, not sources.
 */

/** What stopping and starting take besides the services' own times. */
const MARGIN_S = 30;
/** From this version on, systemd-notify waits until what it said has arrived; before, systemd may not know any more who said it. */
const NOTIFY_SINCE = 246;
const WATCHDOG_S = 120;
const LOWEST_OPEN_PORT = 1024;

/** Where a unit is to be. */
export interface UnitPlace {
  /** The directory of its file. */
  folder: string;
  /** Its name, without an ending. */
  unit: string;
  systemdVersion: number;
}

/** The unit of an installation that starts with the machine. Pure. */
export function systemUnit(installation: InstallationFacts, place: UnitPlace): string {
  const { owner, layout } = installation;
  return lines(
    heading(installation, 'system', place.unit),
    '[Unit]',
    `Description=dkm monitoring in ${systemdText(layout.root)}`,
    '# Services may listen on an address of their own, and agents look a name up.',
    'Wants=network-online.target',
    'After=network-online.target time-sync.target',
    `RequiresMountsFor=${systemdWord(layout.root)}`,
    '# What was uninstalled is not started.',
    `ConditionPathExists=${join(layout.bin, 'dkm').replaceAll('%', '%%')}`,
    '# A supervisor that cannot start is tried again for as long as the machine runs.',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    `User=${systemdText(owner.user)}`,
    `Group=${systemdText(owner.group)}`,
    ...running(installation, place),
    '',
    ...fileSystem(installation),
    '',
    ...capabilities(installation),
    '',
    KERNEL,
    '',
    SYSTEM_CALLS,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  );
}

/** The unit that a user may have without root. Pure. */
export function userUnit(installation: InstallationFacts, place: UnitPlace): string {
  return lines(
    heading(installation, 'user', place.unit),
    '[Unit]',
    `Description=dkm monitoring in ${systemdText(installation.layout.root)}`,
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    ...running(installation, place),
    '',
    "# A user's systemd may not make mounts, so nothing is hidden or read-only here, and PrivateTmp would be ignored.",
    'NoNewPrivileges=yes',
    '',
    SYSTEM_CALLS,
    '',
    '[Install]',
    'WantedBy=default.target',
  );
}

/** The unit by which "dkm start", which is not root's, has systemd start the service. Pure. */
export function pathUnit({ layout }: InstallationFacts, unit: string): string {
  return lines(
    `# Made by "dkmadmin install-boot"; "dkmadmin remove-boot" removes it.`,
    `# ${markerOf(layout.root)}`,
    '',
    '[Unit]',
    `Description=Requests to start dkm in ${systemdText(layout.root)}`,
    '',
    '[Path]',
    '# "dkm start" writes this file where the service was stopped by "dkm stop", as every update does, so that',
    '# the services run below systemd again.',
    `PathChanged=${join(layout.run, 'start-request').replaceAll('%', '%%')}`,
    `Unit=${unit}.service`,
    '',
    '[Install]',
    'WantedBy=paths.target',
  );
}

function heading({ layout }: InstallationFacts, scope: 'system' | 'user', unit: string): string {
  const edit = scope === 'system' ? `systemctl edit ${unit}` : `systemctl --user edit ${unit}`;
  return [
    `# Made by "dkmadmin install-boot"; "dkmadmin remove-boot" removes it.`,
    `# ${markerOf(layout.root)}`,
    `# Written anew by each install-boot: changes of your own belong into "${edit}".`,
    '',
  ].join('\n');
}

function running({ layout, services }: InstallationFacts, { folder, systemdVersion, unit }: UnitPlace): string[] {
  const stopS = Math.ceil(longestChainMs(services, (service) => service.stop.timeoutMs) / 1000) + MARGIN_S;
  const startS = Math.ceil(longestChainMs(services, (service) => service.startTimeoutMs) / 1000) + stopS;
  const dkm = join(layout.bin, 'dkm');
  return [
    `ExecStart=${systemdProgram(dkm)} start --foreground`,
    `ExecReload=${systemdProgram(dkm)} reload`,
    ...(systemdVersion >= NOTIFY_SINCE
      ? [
          '# Started is what "dkm start" calls started. The supervisor says that it is alive through systemd-notify, a child of it.',
          'Type=notify',
          'NotifyAccess=all',
          `WatchdogSec=${WATCHDOG_S}`,
        ]
      : [`# No watchdog: before version ${NOTIFY_SINCE}, systemd may lose what systemd-notify says.`, 'Type=simple']),
    '# Ended by "dkm stop" it stays down; anything else starts it again.',
    'Restart=on-failure',
    'RestartSec=10',
    '# Only the supervisor is told to stop, and stops the services one after the other, each with its own signal: SIGTERM',
    '# sent to all of them, as systemd would, makes go-carbon lose what it has not written. And when the supervisor is',
    '# killed, the services go on and the next one takes them over: what they receive is not interrupted.',
    'KillMode=process',
    '# A supervisor that did not stop in time was killed; what it left running is stopped by this.',
    `ExecStopPost=-/bin/sh -c 'test "$$SERVICE_RESULT" != timeout || exec "$$0" stop' ${systemdArgument(dkm)}`,
    '# The longest chain of services that wait for each other, by their own times. After a change of start_timeout_s or',
    '# stop_timeout_s in conf/dkm.toml run install-boot again.',
    `TimeoutStartSec=${startS}`,
    `TimeoutStopSec=${stopS}`,
    "# One service that the kernel ends for want of memory is the supervisor's to start again, not the end of all.",
    'OOMPolicy=continue',
    '# Whisper files and connections are many.',
    'LimitNOFILE=65536:524288',
    'TasksMax=4096',
    'UMask=0077',
    '# Outlives a restart of the supervisor, which a private /tmp does not.',
    `Environment=${systemdWord(`TMPDIR=${join(layout.run, 'tmp')}`)}`,
    '# Checks of a disk that does not answer keep threads; four, as usual, would soon be all.',
    'Environment=UV_THREADPOOL_SIZE=16',
    '# How "dkm start" has this unit started: by a file that the other unit watches.',
    `Environment=${systemdWord(`DKM_WATCHING_UNIT=${join(folder, `${unit}.path`)}`)}`,
  ];
}

function fileSystem({ layout, services, writtenElsewhere, needsHomes }: InstallationFacts): string[] {
  const collects = services.some((service) => service.role === 'collector');
  const homes = needsHomes
    ? ['# Something that runs lies in a home.', 'ProtectHome=read-only']
    : collects
      ? ['# Were homes hidden, collectd would measure an empty /home.', 'ProtectHome=read-only']
      : ['ProtectHome=yes'];
  return [
    '# Everything is read-only but the installation and what its links lead to.',
    'ProtectSystem=strict',
    `ReadWritePaths=${[layout.root, ...writtenElsewhere].map(systemdWord).join(' ')}`,
    ...homes,
    /^\/(var\/)?tmp\//.test(layout.root) ? '# PrivateTmp is left out: it would hide the installation.' : 'PrivateTmp=yes',
    'PrivateDevices=yes',
  ];
}

function capabilities({ services }: InstallationFacts): string[] {
  const low = services.flatMap((service) => service.ports).some(({ port }) => port < LOWEST_OPEN_PORT);
  return [
    'NoNewPrivileges=yes',
    ...(low
      ? ['# A port below 1024 is used.', 'CapabilityBoundingSet=CAP_NET_BIND_SERVICE', 'AmbientCapabilities=CAP_NET_BIND_SERVICE']
      : ['CapabilityBoundingSet=', 'AmbientCapabilities=']),
    'RestrictSUIDSGID=yes',
    'KeyringMode=private',
    '# RemoveIPC is left out: it would take away what other programs of this user share.',
    '# PrivateUsers is left out: it needs user namespaces, which hardened systems switch off.',
  ];
}

const KERNEL = `ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
# ProtectProc and ProcSubset are left out: collectd counts the processes of all users and reads /proc/stat and others.
# PrivateNetwork and IPAddressDeny are left out: metrics come from other hosts and go to them.`;

const SYSTEM_CALLS = `LockPersonality=yes
RestrictRealtime=yes
RestrictNamespaces=yes
# Netlink is how programs list the machine's addresses and interfaces.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
# A program that tries more is told that it may not, and is not killed.
SystemCallErrorNumber=EPERM
# MemoryDenyWriteExecute is left out: the JavaScript engine of dkm's console makes machine code while it runs.`;

function lines(...parts: string[]): string {
  return `${parts.join('\n')}\n`;
}
