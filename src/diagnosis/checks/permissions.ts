import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { existsAs } from '../../base/files.ts';
import { problem, warning, type Check, type Found } from '../finding.ts';
import type { Layout } from '../../base/layout.ts';

/*
 * Configuration, data and what runs are their owner's alone, and nobody else can exchange them from above.
 */

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

export const permissions: Check = {
  name: 'permissions',
  async look({ layout }) {
    const own = await Promise.all([layout.conf, layout.storage, layout.run].map((directory) => ownerOnly(directory)));
    return [...own.flat(), ...(await secretFindings(layout)), ...(await foreignOwners(layout)), ...(await openParents(layout.root))];
  },
};

async function ownerOnly(directory: string): Promise<Found[]> {
  const stat = await statOf(directory);
  if (stat === undefined) return [problem(`${directory} is missing.`, directory, "Run the bundle's installer on this directory again.")];
  if ((stat.mode & OTHERS) === 0) return [];
  return [warning(`${directory} is open to other users (mode ${modeInWords(stat.mode)}).`, directory, `Close it: chmod 700 ${directory}`)];
}

/** Secrets that others may read, one finding for each. */
export async function secretFindings({ secrets }: Layout): Promise<Found[]> {
  if (!existsAs(secrets)) return [];
  const paths = [secrets, ...(await readdir(secrets)).map((name) => join(secrets, name))];
  const found = await Promise.all(
    paths.map(async (path) => {
      const stat = await statOf(path);
      if (stat === undefined || stat.isSymbolicLink() || (stat.mode & OTHERS) === 0) return [];
      const what = `${path} may be ${(stat.mode & OTHERS_WRITE) === 0 ? 'read' : 'read or changed'} by other users (mode ${modeInWords(stat.mode)}).`;
      return [problem(what, path, `Close it: chmod ${stat.isDirectory() ? '700' : '600'} ${path}`)];
    }),
  );
  return found.flat();
}

/** What of conf/, run/ and storage/ belongs to somebody else, as after a command was run as root; not deeper than their first level. */
async function foreignOwners({ root, conf, run, storage, logs }: Layout): Promise<Found[]> {
  const owner = (await statOf(root))?.uid;
  const paths = (await Promise.all([conf, run, storage, logs].map(entriesOf))).flat();
  const found = await Promise.all(
    paths.map(async (path) => {
      const uid = (await statOf(path))?.uid;
      if (uid === undefined || uid === owner) return [];
      return [problem(`${path} belongs to another user (${uid}) than the installation (${owner}).`, path, `As root: chown -R ${owner} ${path}`)];
    }),
  );
  return found.flat();
}

async function openParents(root: string): Promise<Found[]> {
  const found: Found[] = [];
  for (let directory = dirname(root); ; directory = dirname(directory)) {
    const stat = await statOf(directory);
    if (stat !== undefined && (stat.mode & OTHERS_WRITE) !== 0 && (stat.mode & STICKY) === 0)
      found.push(
        warning(
          `Other users may exchange what is in ${directory}, this installation with it (mode ${modeInWords(stat.mode)}).`,
          directory,
          `Close it: chmod go-w ${directory}`,
        ),
      );
    if (directory === dirname(directory)) return found;
  }
}

async function entriesOf(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).map((name) => join(directory, name));
}

const statOf = (path: string): Promise<Stats | undefined> => lstat(path).catch(() => undefined);

function modeInWords(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
