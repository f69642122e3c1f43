import { sep } from 'node:path';
import { bytesInWords } from '../src/base/terminal.ts';
import { TYPES_WITHOUT_STORE } from '../src/contract/install-type.ts';
import { hostPattern } from '../src/contract/settings.ts';
import { PORTS_PER_INSTALLATION } from '../src/contract/ports.ts';
import { bundleSize, type OpenBundle } from '../src/bundle/open.ts';
import { cLibraryShortcomings, portProblemInWords, programShortcomings, pythonShortcomings, type Shortcoming } from '../src/host/checks.ts';
import type { PortProblem } from '../src/host/ports.ts';
import type { HostFacts } from './host-facts.ts';
import { hasRole, SYSTEM_COLLECTOR, type InstallRequest } from './request.ts';

/*
 * Everything that would make the installation fail, or work badly, found before anything is written. Each check is a
 * pure function of what was asked for, the bundle and the facts about the machine; all findings are told together.
 */

/** One thing in the way, and what to do about it. */
export interface Finding extends Shortcoming {
  check: string;
}

interface Situation {
  request: InstallRequest;
  bundle: Pick<OpenBundle, 'root' | 'bundle'>;
  facts: HostFacts;
}
type Check = (situation: Situation) => Shortcoming[];

/** Every check, in the order in which findings are told. */
const CHECKS: Record<string, Check> = {
  platform: rightPlatform,
  'c-library': ({ request, facts }) => cLibraryShortcomings(bundledComponents(request), facts.cLibrary),
  root: notRoot,
  directory: usableDirectory,
  'directory-name': writableName,
  disk: enoughDisk,
  components: everyRoleProvided,
  'carbon-server': serverKnown,
  hostname: goodHostName,
  'system-collectd': systemCollectdFound,
  python: ({ request, facts }) => pythonShortcomings(request.choice.components, facts.pythons),
  programs: ({ request, facts }) => programShortcomings(bundledComponents(request), facts.programs),
  ports: portsFree,
};

/** What is in the way of this installation; empty when nothing is. Pure. */
export function preflight(situation: Situation): Finding[] {
  return Object.entries(CHECKS).flatMap(([check, look]) => look(situation).map((finding) => ({ check, ...finding })));
}

function rightPlatform({ bundle: { bundle }, facts }: Situation): ReturnType<Check> {
  if (facts.platform === bundle.platform) return [];
  return [
    { problem: `This bundle is for ${bundle.platform}; this machine is ${facts.platform}.`, hint: `Take the bundle dkm-${bundle.version}-${facts.platform}.` },
  ];
}

function notRoot({ request, facts }: Situation): ReturnType<Check> {
  if (!facts.isRoot || request.allowRoot) return [];
  return [
    { problem: 'This is root: every service would run as root, too.', hint: 'Install as an ordinary user, or add --allow-root where that is what you want.' },
  ];
}

function usableDirectory({ bundle, facts: { directory, userId, isRoot } }: Situation): ReturnType<Check> {
  const { path, state } = directory;
  const elsewhere = 'Name another directory with -d.';
  const asOwner = 'Install as the user it belongs to, or name a directory of root with -d.';
  if (`${path}${sep}`.startsWith(`${bundle.root}${sep}`)) return [{ problem: `${path} is inside the bundle.`, hint: elsewhere }];
  if (state.kind === 'unusable') return [{ problem: `${path} ${state.why}.`, hint: elsewhere }];
  if (state.kind === 'foreign')
    return [
      {
        problem: `${path} is not empty ("${state.example}") and not an installation of dkm.`,
        hint: `Name an empty directory, or one that does not exist: -d ${path}/dkm`,
      },
    ];
  // Root could write there, but its owner could exchange what root runs, and steer what root removes.
  if (directory.owner !== undefined && directory.owner !== userId) return [{ problem: `${path} belongs to another user.`, hint: isRoot ? asOwner : elsewhere }];
  if (directory.nearestWritable) return [];
  const what = directory.nearest === path ? path : `${path} cannot be made: ${directory.nearest}`;
  return [
    {
      problem: `${what} is not writable for this user.`,
      hint: `Name a directory of your own with -d, or have it made for you: sudo install -d -o "$USER" ${quoted(path)}`,
    },
  ];
}

/**
 * What at least one of the configuration formats gives a meaning of its own and cannot quote: a line ends where it ends;
 * ":" and ";" divide the entries of PYTHONPATH and LD_LIBRARY_PATH; Python's ini files fill in after "%", Grafana's
 * after "$" and inside braces; "#" begins a comment, "`" a quotation.
 */
const UNWRITABLE = /[\u0000-\u001f\u007f:;%$#`{}]/;

function writableName({ request: { directory } }: Situation): ReturnType<Check> {
  const [character] = UNWRITABLE.exec(directory) ?? [];
  if (character === undefined) return [];
  return [
    {
      problem: `The directory's name ${JSON.stringify(directory)} has ${JSON.stringify(character)} in it, which the configuration files of the services cannot hold.`,
      hint: 'Name another directory with -d.',
    },
  ];
}

/** Room for configuration, logs and the first metrics. */
const MARGIN_BYTES = 64 << 20;

function enoughDisk({ bundle: { bundle }, facts: { directory } }: Situation): ReturnType<Check> {
  if (directory.state.kind === 'installed') return [];
  const needed = MARGIN_BYTES + (directory.canLink ? 0 : bundleSize(bundle));
  if (directory.freeBytes >= needed) return [];
  return [
    {
      problem: `${directory.nearest} has ${bytesInWords(directory.freeBytes)} free; ${bytesInWords(needed)} are needed.`,
      hint: 'Make room there, or name a directory on another disk with -d.',
    },
  ];
}

function everyRoleProvided({ request: { choice, answers }, bundle: { bundle } }: Situation): ReturnType<Check> {
  return choice.lacking.map((role) => {
    const reasons = bundle.missing.filter((missing) => missing.role === role).map(({ name, reasons }) => `\n  ${name}: ${reasons.join('; ')}`);
    const because = reasons.length === 0 ? '.' : `. When it was built:${reasons.join('')}`;
    return {
      problem: `The type ${answers.type} needs a ${role}, and this bundle has none${because}`,
      hint: 'Choose a type without it (-t), or have the bundle built with it.',
    };
  });
}

function serverKnown({ request: { answers } }: Situation): ReturnType<Check> {
  const needed = TYPES_WITHOUT_STORE.includes(answers.type);
  if (needed && !answers.carbonServer)
    return [
      {
        problem: `The type ${answers.type} needs to know its server.`,
        hint: 'Add --carbon-server HOST or HOST:PORT, the address at which that server receives metrics.',
      },
    ];
  if (!needed && answers.carbonServer)
    return [
      {
        problem: `The type ${answers.type} stores metrics itself; --carbon-server has no meaning for it.`,
        hint: 'Leave it out, or choose -t agent or -t frontend.',
      },
    ];
  return [];
}

function goodHostName({ request: { answers }, facts }: Situation): ReturnType<Check> {
  const name = answers.hostname ?? facts.hostname;
  const whose = answers.hostname === undefined ? "This machine's own name" : '--hostname';
  const hint = 'Give the name under which its metrics are to be found: --hostname host.example.org';
  if (/^localhost(\.|$)/i.test(name)) return [{ problem: `${whose} is ${name}, which every machine calls itself.`, hint }];
  if (hostPattern.test(name)) return [];
  return [{ problem: `${whose} is ${JSON.stringify(name)}; expected letters, digits, "-" and "_", in parts divided by dots.`, hint }];
}

function systemCollectdFound({ request: { answers }, facts }: Situation): ReturnType<Check> {
  if (!answers.systemCollectd) return [];
  if (!hasRole(answers, 'collector'))
    return [
      { problem: `The type ${answers.type} has no collector; --system-collectd has no meaning for it.`, hint: 'Leave it out, or choose another type (-t).' },
    ];
  if (facts.systemCollectd !== undefined) return [];
  return [
    {
      problem: 'No collectd was found on PATH, in /usr/sbin, /usr/local/sbin or /opt/collectd/sbin.',
      hint: 'Have it installed (Debian: apt-get install collectd-core), or leave out --system-collectd.',
    },
  ];
}

function portsFree({ request, facts }: Situation): ReturnType<Check> {
  const { port } = request.answers;
  const proposal =
    facts.freeBlock === undefined
      ? `Choose other ports with -p.`
      : `Ports ${facts.freeBlock} to ${facts.freeBlock + PORTS_PER_INSTALLATION - 1} are free: -p ${facts.freeBlock}`;
  return facts.portProblems.map((found) => ({ problem: portProblemInWords(found), hint: hintForPort(found, port, proposal) }));
}

function hintForPort({ reason }: PortProblem, port: number, proposal: string): string {
  if (reason === 'no-such-address') return 'Name an address of this machine: --listen, --carbon-listen, --query-listen.';
  return reason === 'not-allowed' && port < 1024 ? 'Ports below 1024 are for root: choose -p 1024 or higher.' : proposal;
}

/** The chosen components whose own files are used: not the one that the system's program replaces. */
function bundledComponents({ choice, answers }: InstallRequest): InstallRequest['choice']['components'] {
  return choice.components.filter(({ name }) => !(answers.systemCollectd && name === SYSTEM_COLLECTOR));
}

function quoted(path: string): string {
  return /^[\w/.-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
