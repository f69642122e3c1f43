import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { arch, cpus, loadavg, release, totalmem, uptime, version as kernelVersion } from 'node:os';
import { basename, join } from 'node:path';
import { statfs } from 'node:fs/promises';
import { isNotFound, messageOf } from '../../base/errors.ts';
import { lastLines, run } from '../../base/exec.ts';
import { byCodeUnits } from '../../base/files.ts';
import { VERSION } from '../../base/version.ts';
import { BUNDLE_FILE } from '../../contract/bundle.ts';
import { limitsOf, openFilesOf, secondsRunning, type Limit } from '../../host/processes.ts';
import { listeningSockets, socketsOf } from '../../host/sockets.ts';
import { decodeText, readEnd, readWholeText } from '../bounded.ts';
import { CHECKS } from '../checks/all.ts';
import { examine } from '../examine.ts';
import { verifyInstallation } from '../verification.ts';
import type { Collection, Collector } from './collector.ts';
import { HIDDEN, mapTexts } from '../../redaction/redact-text.ts';
import { isHarmless } from '../../redaction/redact-configuration.ts';
import { isSecretName } from '../../redaction/secrets.ts';

/*
 * What goes into a support archive, one collector for each part. Each has its time, and each takes the secrets out of
 * what it returns: our own texts by known secrets and by form, what others wrote more strictly.
 */

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

const versions: Collector = {
  name: 'versions',
  async collect({ scene: { layout }, redactor }) {
    const about = {
      dkm: VERSION,
      node: process.versions,
      current: await readlink(layout.current).catch(messageOf),
      installed: await readdir(layout.versions).catch(messageOf),
    };
    return [{ name: 'versions.json', text: redactor.own(json(about)) }];
  },
};

const MOST_BUNDLE_BYTES = 8 << 20;

const bundle: Collector = {
  name: 'bundle',
  async collect({ scene: { layout }, redactor }) {
    // The link is followed by its name: a file is not read through links here.
    const version = basename(await readlink(layout.current));
    return [{ name: BUNDLE_FILE, text: redactor.known(await readWholeText(join(layout.versions, version, BUNDLE_FILE), MOST_BUNDLE_BYTES)) }];
  },
};

const status: Collector = {
  name: 'status',
  collect({ scene, redactor }) {
    const { account, supervisorRuns, running, settings } = scene;
    const about = { supervisorRuns, running: running.map(({ name, pid }) => ({ name, pid })), type: settings?.install.type ?? null, account: account ?? null };
    return [{ name: 'status.json', text: redactor.known(json(mapTexts(about, redactor.foreign))) }];
  },
};

const verification: Collector = {
  name: 'verify',
  timeoutMs: 60_000,
  async collect({ scene, redactor }) {
    return [{ name: 'verify.json', text: redactor.known(json(mapTexts(await verifyInstallation(scene), redactor.own))) }];
  },
};

const doctor: Collector = {
  name: 'doctor',
  timeoutMs: 45_000,
  async collect({ scene, redactor }) {
    const findings = await examine(scene, CHECKS);
    // A component's check quotes the line that it stumbles over.
    const redact = (text: string): string => withoutQuotations(redactor.foreign(text));
    return [{ name: 'doctor.json', text: redactor.known(json(mapTexts(findings, redact))) }];
  },
};

/** Text with everything in quotes hidden that is not a path, a number or the like. Pure. */
export function withoutQuotations(text: string): string {
  return text.replace(/(["'`])((?:\\.|(?!\1)[^\\\n])*)\1/g, (found, quote: string, inside: string) =>
    isHarmless(inside) ? found : `${quote}${HIDDEN}${quote}`,
  );
}

const LOG_BYTES = 256 << 10;
const MOST_LOGS = 100;

const logs: Collector = {
  name: 'logs',
  timeoutMs: 60_000,
  async collect(collection, signal) {
    const { layout, services } = collection.scene;
    const inLogs = (await readdir(layout.logs).catch(noneIfMissing)).filter((name) => !/\.(gz|\d+|core)$/.test(name)).map((name) => join(layout.logs, name));
    const paths = [...new Set([...inLogs, ...services.flatMap((service) => service.logFiles), layout.installLog])].sort(byCodeUnits);
    for (const path of paths.slice(MOST_LOGS)) collection.leaveOut(path, `there are more than ${MOST_LOGS} logs`);
    const entries = [];
    for (const path of paths.slice(0, MOST_LOGS)) {
      signal.throwIfAborted();
      const text = await tailOf(path, collection);
      if (text !== undefined) entries.push({ name: `logs/${collection.redactor.own(basename(path))}`, text });
      await new Promise(setImmediate); // so that the time is looked at between two logs
    }
    return entries;
  },
};

async function tailOf(path: string, { redactor, leaveOut }: Collection): Promise<string | undefined> {
  try {
    const { bytes, size } = await readEnd(path, LOG_BYTES);
    // The first line was cut, and what was cut of a secret is none that can be recognised.
    const whole = bytes.length === size ? bytes : bytes.subarray(bytes.indexOf('\n') + 1);
    return redactor.foreign(decodeText(whole, path));
  } catch (error) {
    if (!isNotFound(error)) leaveOut(path, messageOf(error));
    return undefined;
  }
}

function noneIfMissing(error: unknown): string[] {
  if (isNotFound(error)) return [];
  throw error;
}

const processes: Collector = {
  name: 'processes',
  async collect({ scene: { pids }, redactor }) {
    const shown = await Promise.all(
      pids.map(async (pid) => {
        const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').filter((word) => word !== '');
        const state = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
        const variables = (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0').map((line) => line.split('=')[0] ?? '');
        return {
          pid,
          command: withoutSecretArguments(words).map(redactor.foreign),
          status: state.split('\n').filter((line) => /^(Name|State|PPid|Threads|VmRSS|VmSwap|VmPeak|Uid|FDSize):/.test(line)),
          secondsRunning: secondsRunning(pid) ?? null,
          openFiles: openFilesOf(pid) ?? null,
          limits: limitsInWords(limitsOf(pid)),
          // Their values are not collected at all.
          environmentNames: variables.filter((name) => name !== '').map(redactor.known),
        };
      }),
    );
    return [{ name: 'processes.json', text: redactor.known(json(shown)) }];
  },
};

/** JSON has no infinity. */
function limitsInWords(limits: Readonly<Record<string, Limit>>): Record<string, string> {
  return Object.fromEntries(Object.entries(limits).map(([name, { soft, hard }]) => [name, `${soft} of ${hard}`.replaceAll('Infinity', 'unlimited')]));
}

/** A command line without what follows an option that is named like a secret. Pure. */
export function withoutSecretArguments(words: readonly string[]): string[] {
  return words.map((word, index) => {
    const before = words[index - 1] ?? '';
    if (/^--?[\w-]+$/.test(before) && isSecretName(before) && !word.startsWith('-')) return HIDDEN;
    const [, option] = /^(--?[\w-]+)=/.exec(word) ?? [];
    return option !== undefined && isSecretName(option) ? `${option}=${HIDDEN}` : word;
  });
}

const sockets: Collector = {
  name: 'sockets',
  collect({ scene, redactor }) {
    const own = socketsOf(scene.pids);
    const wanted = new Set(scene.services.flatMap((service) => service.ports.map(({ port }) => port)));
    const shown = listeningSockets()
      .map(({ inode, ...socket }) => ({ ...socket, isOurs: own.has(inode) }))
      .filter(({ isOurs, port }) => isOurs || wanted.has(port));
    return [{ name: 'sockets.json', text: redactor.known(json(shown)) }];
  },
};

const machine: Collector = {
  name: 'machine',
  async collect({ redactor }) {
    const about = {
      platform: `${process.platform}-${process.arch}`,
      kernel: `${release()} ${kernelVersion()} ${arch()}`,
      osRelease: lastLines(await readFile('/etc/os-release', 'utf8').catch(messageOf), 30).split('\n'),
      processors: cpus().length,
      load: loadavg(),
      memoryBytes: totalmem(),
      memory: (await readFile('/proc/meminfo', 'utf8').catch(() => '')).split('\n').slice(0, 24),
      uptimeSeconds: Math.round(uptime()),
      time: new Date().toISOString(),
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      userId: process.geteuid?.() ?? null,
      limits: limitsInWords(limitsOf('self')),
    };
    return [{ name: 'machine.json', text: redactor.known(json(mapTexts(about, redactor.own))) }];
  },
};

const disks: Collector = {
  name: 'disks',
  async collect({ scene: { layout }, redactor }) {
    const places = await Promise.all(
      [layout.root, layout.storage, layout.run, layout.versions].map(async (path) => ({ path, room: await statfs(path).catch(messageOf) })),
    );
    const mounts = (await readFile('/proc/self/mounts', 'utf8').catch(() => '')).split('\n').map(withoutMountOptions);
    return [{ name: 'disks.json', text: redactor.known(json(mapTexts({ places, mounts }, redactor.own))) }];
  },
};

/** A line of /proc/mounts with those of its options that have no value: others may hold credentials. Pure. */
export function withoutMountOptions(line: string): string {
  const [device = '', place = '', type = '', options = ''] = line.split(' ');
  const plain = options.split(',').filter((option) => !option.includes('='));
  return [device, place, type, plain.join(',')].join(' ').trim();
}

const journals: Collector = {
  name: 'journals',
  async collect({ scene: { layout }, redactor, leaveOut }) {
    const names = (await readdir(layout.run).catch(noneIfMissing)).filter((name) => name.endsWith('.journal'));
    const entries = [];
    for (const name of names.sort(byCodeUnits)) {
      try {
        const lines = (await readWholeText(join(layout.run, name), 4 << 20)).split('\n').filter((line) => line !== '');
        const records = lines.map((line) => withoutSecretKeys(JSON.parse(line) as unknown, ''));
        entries.push({ name: `run/${redactor.own(name)}`, text: redactor.known(json(mapTexts(records, redactor.own))) });
      } catch {
        leaveOut(`run/${name}`, 'cannot be read as records'); // what is wrong with it would quote it
      }
    }
    return entries;
  },
};

/** A record without what keys say is secret, and without values of environments. Pure. */
export function withoutSecretKeys(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutSecretKeys(each, key));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, key === 'environment' ? HIDDEN : withoutSecretKeys(each, name)]));
  }
  return isSecretName(key) && value !== null && value !== '' ? HIDDEN : value;
}

const MOST_LISTED = 5_000;
/** Deeper there are metrics, and the files of components, which `verify` reads. */
const DEEPEST = 3;

const listing: Collector = {
  name: 'listing',
  async collect({ scene: { layout }, redactor }, signal) {
    const lines: string[] = [];
    const walk = async (folder: string, depth: number): Promise<void> => {
      const names = (await readdir(folder).catch((error: unknown) => void lines.push(`? ${messageOf(error)}`))) ?? [];
      for (const name of names.sort(byCodeUnits)) {
        signal.throwIfAborted();
        if (lines.length >= MOST_LISTED) return;
        const path = join(folder, name);
        const stat = await lstat(path).catch(() => undefined);
        if (stat === undefined) continue;
        const target = stat.isSymbolicLink() ? ` -> ${await readlink(path).catch(() => '?')}` : '';
        lines.push(
          `${(stat.mode & 0o7777).toString(8).padStart(4, '0')} ${stat.uid} ${stat.size} ${stat.mtime.toISOString()} ${path.slice(layout.root.length + 1)}${target}`,
        );
        if (stat.isDirectory() && depth < DEEPEST) await walk(path, depth + 1);
      }
    };
    await walk(layout.root, 1);
    return [{ name: 'listing.txt', text: redactor.own(`${lines.join('\n')}\n`) }];
  },
};

const time: Collector = {
  name: 'time',
  async collect({ redactor }, signal) {
    const asked = await run('timedatectl', ['show'], { timeoutMs: 5_000, signal }).catch((error: unknown) => ({ stdout: messageOf(error), stderr: '' }));
    return [{ name: 'time.txt', text: redactor.foreign(`${asked.stdout}${asked.stderr}`) }];
  },
};

/** Every collector of `dkm support` but that of configuration, which comes first. */
export const COLLECTORS: readonly Collector[] = [
  versions,
  bundle,
  status,
  verification,
  doctor,
  logs,
  processes,
  sockets,
  machine,
  disks,
  journals,
  listing,
  time,
];
