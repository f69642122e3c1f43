import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../base/digest.ts';
import { isNotFound, systemCodeOf } from '../base/errors.ts';
import { processStartTime } from '../base/process-identity.ts';

/*
 * Where work under way lies in the vendor directory. Every folder belongs to one process, whose identity is in its
 * name, so several make-package runs never write to the same file and need no lock. The folder of a process that
 * is gone is taken over by renaming it, which succeeds for one of several.
 *
 *   <kind>-<key>.<host>.<pid>.<start time>.<random>
 */

export interface Workspace {
  /** A folder for a download under way; what a killed process had begun under the same key is in it. */
  claim(key: string): Promise<string>;
  /** A new empty folder. */
  scratch(): Promise<string>;
}

const OLD_MS = 24 * 3600 * 1000;
const HOST = sha256(hostname()).slice(0, 8);

/** Opens the folder, and clears away what killed processes left there. */
export async function openWorkspace(root: string): Promise<Workspace> {
  await mkdir(root, { recursive: true });
  await sweep(root);
  return {
    claim: async (key) => {
      const stem = `part-${sha256(key).slice(0, 24)}`;
      const own = join(root, ownName(stem));
      for (const name of await readdir(root)) {
        if (name.startsWith(`${stem}.`) && isAbandoned(name) && (await takeOver(join(root, name), own))) return own;
      }
      await mkdir(own);
      return own;
    },
    scratch: async () => {
      const own = join(root, ownName('scratch'));
      await mkdir(own);
      return own;
    },
  };
}

function ownName(stem: string): string {
  return [stem, HOST, process.pid, startOf(process.pid), randomBytes(4).toString('hex')].join('.');
}

/** True when the process that the folder belongs to ran on this machine and is gone. */
function isAbandoned(name: string): boolean {
  const [, host, pid, start] = name.split('.');
  return host === HOST && startOf(Number(pid)) !== start;
}

function startOf(pid: number): string {
  return sha256(processStartTime(pid) ?? 'gone').slice(0, 8);
}

async function takeOver(theirs: string, ours: string): Promise<boolean> {
  try {
    await rename(theirs, ours);
    return true;
  } catch (error) {
    if (isNotFound(error) || systemCodeOf(error) === 'EACCES') return false;
    throw error;
  }
}

/** Removes working folders of processes that are gone, and whatever nobody touched for a day. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const path = join(root, name);
    const isLeftover = (name.startsWith('scratch.') && isAbandoned(name)) || Date.now() - (await lastTouched(path)) > OLD_MS;
    // Another user's leftovers, or another run that sweeps too, are no reason to fail.
    if (isLeftover) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** When the folder or something directly in it changed last, in milliseconds since 1970. */
async function lastTouched(path: string): Promise<number> {
  const entries = await readdir(path).catch(() => []);
  const times = await Promise.all(
    [path, ...entries.map((entry) => join(path, entry))].map((each) =>
      stat(each).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times) || Date.now();
}
