import { readFileSync } from 'node:fs';
import { bytesInWords } from '../../base/terminal.ts';
import { limitsOf, openFilesOf, threadsOfUser, type Limit } from '../../host/processes.ts';
import { problem, warning, type Check, type Found } from '../finding.ts';

/*
 * What the system lets services use. Those limits that end a store or a collector when they are reached, and no others.
 */

/** Files and connections: each sender of metrics has one, and each whisper file while it is written. */
const FEWEST_FILES = 1024;
/** The part of a limit from which on it is about to be reached. */
const NEARLY = 0.8;

const OPEN_FILES = 'Max open files';

export const limits: Check = {
  name: 'limits',
  look: ({ layout }) => ownLimitFindings(limitsOf('self'), layout.root),
};

/** What is wrong with the limits that a command, and what it starts, runs under. Pure. */
export function ownLimitFindings(own: Readonly<Record<string, Limit>>, where: string): Found[] {
  const below = (name: string, least: number): Limit | undefined => (own[name] !== undefined && own[name].hard < least ? own[name] : undefined);
  const found: Found[] = [];
  const files = below(OPEN_FILES, FEWEST_FILES);
  if (files)
    found.push(
      warning(
        `A process may have ${files.hard} files open; a store with many senders needs ${FEWEST_FILES} and more.`,
        where,
        'Raise "nofile" in /etc/security/limits.conf, or LimitNOFILE= of the service.',
      ),
    );
  const fileSize = below('Max file size', Infinity);
  if (fileSize)
    found.push(
      problem(
        `No file may be larger than ${bytesInWords(fileSize.hard)}: stores and logs end when they reach it.`,
        where,
        'Lift it where it is set: ulimit -f unlimited',
      ),
    );
  const memory = below('Max address space', Infinity);
  if (memory)
    found.push(
      warning(
        `A process may have ${bytesInWords(memory.hard)} of address space; programs in Go and Node reserve far more than they use.`,
        where,
        'Lift it where it is set: ulimit -v unlimited',
      ),
    );
  return found;
}

export const processLimit: Check = {
  name: 'process-limit',
  look({ layout }) {
    const most = limitsOf('self')['Max processes']?.soft ?? Infinity;
    const userId = process.geteuid?.() ?? 0;
    // The kernel does not count root's.
    const ofUser =
      most === Infinity || userId === 0
        ? []
        : nearlyReached('Processes and threads of this user', threadsOfUser(userId), most, layout.root, 'Raise "nproc" in /etc/security/limits.conf.');
    return [...ofUser, ...cgroupFindings(layout.root)];
  },
};

function cgroupFindings(where: string): Found[] {
  const read = (file: string): number => {
    try {
      return Number(readFileSync(`/sys/fs/cgroup/${file}`, 'utf8'));
    } catch {
      return Number.NaN; // "max" is no number either
    }
  };
  return nearlyReached(
    'Processes and threads of this container or session',
    read('pids.current'),
    read('pids.max'),
    where,
    'Raise its limit on tasks (pids.max).',
  );
}

export const openFiles: Check = {
  name: 'open-files',
  look: ({ running }) =>
    running.flatMap(({ name, title, pid }) => {
      const used = pid === null ? undefined : openFilesOf(pid);
      const most = pid === null ? undefined : limitsOf(pid)[OPEN_FILES]?.soft;
      if (used === undefined || most === undefined) return [];
      return nearlyReached(
        `Files and connections of ${title}`,
        used,
        most,
        name,
        `Raise it: dkm config set services.${name}.open_files ${2 * most}, then dkm restart ${name}`,
      );
    }),
};

/** A finding when most of a limit is used. Pure. */
export function nearlyReached(what: string, used: number, most: number, where: string, fix: string): Found[] {
  return used > NEARLY * most ? [warning(`${what}: ${used} of at most ${most}.`, where, fix)] : [];
}
