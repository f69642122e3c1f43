import { rmSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { DkmError, isNotFound } from '../../base/errors.ts';
import type { Finished } from '../../base/exec.ts';
import type { FetchContext } from '../source.ts';
import { clientFailed, runClient, type Client } from '../client.ts';
import { aptConfiguration, aptFolders, withoutTrust, type AptFolders } from './apt-configuration.ts';

const HINT = 'Debian packages can be had on Debian and Ubuntu alone. Build there, or give the component with --with NAME=PATH.';
const aptGet: Client = { command: 'apt-get', hint: HINT };
const aptConfig: Client = { command: 'apt-config', hint: HINT };

/** An apt of our own, with fresh lists for one architecture. */
export interface Apt {
  /** Runs apt-get; any exit code but 0 throws `source-unavailable`, or `verification-failed` where apt says so. */
  get(args: readonly string[], what: string, cwd: string, context: FetchContext): Promise<string>;
}

const ready = new Map<string, Promise<Apt>>();

/**
 * The apt for an architecture. Its lists are fetched once per run and shared by all components, also when they ask at
 * the same time. A failure is not kept: the next one that asks tries again.
 */
export function aptFor(architecture: string, context: FetchContext): Promise<Apt> {
  const key = `${context.vendor.root} ${architecture}`;
  const known = ready.get(key);
  if (known !== undefined) return known;
  const made = makeApt(architecture, context);
  ready.set(key, made);
  made.catch(() => ready.delete(key));
  return made;
}

async function makeApt(architecture: string, context: FetchContext): Promise<Apt> {
  const root = await context.vendor.scratch();
  // Shared by whoever comes later, so it goes when this process does; of a killed one the next run clears it away.
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  const folders = aptFolders(root);
  await prepare(folders, architecture, context);
  const run = (args: readonly string[], cwd: string, running: FetchContext): Promise<Finished> =>
    runClient(aptGet, ['-c', folders.configuration, '-q', ...args], running, { cwd });
  const update = await run(['update'], root, context);
  // One unreachable repository among several is no reason to give up: what is wanted may be in another.
  const troubles = update.stderr.split('\n').filter((line) => /^[EW]:/.test(line));
  return {
    get: async (args, what, cwd, running) => {
      const finished = await run(args, cwd, running);
      if (finished.code === 0) return finished.stdout;
      const isAltered = /Hash Sum mismatch|unexpected size|cannot be authenticated|could not be authenticated/i.test(finished.stderr + finished.stdout);
      const stderr = [...troubles, finished.stderr].join('\n');
      throw clientFailed(isAltered ? 'verification-failed' : 'source-unavailable', `apt-get could not download ${what}`, { ...finished, stderr });
    },
  };
}

async function prepare(folders: AptFolders, architecture: string, context: FetchContext): Promise<void> {
  for (const folder of [join(folders.state, 'lists', 'partial'), join(folders.cache, 'archives', 'partial'), folders.sourceParts])
    await mkdir(folder, { recursive: true });
  await writeFile(folders.status, '');
  await writeFile(folders.configuration, aptConfiguration(folders, architecture, userInfo().username));
  const host = await hostSources(context);
  await writeFile(folders.sources, '');
  for (const path of host) {
    const text = await readFile(path, 'utf8').catch(() => undefined); // one that only root may read
    if (text !== undefined) await writeFile(join(folders.sourceParts, sourceName(path)), withoutTrust(text, path));
  }
}

/** The machine's source files. Throws `source-unavailable` where there is no apt or no source. */
async function hostSources(context: FetchContext): Promise<string[]> {
  const answer = await runClient(aptConfig, ['shell', 'LIST', 'Dir::Etc::sourcelist/f', 'PARTS', 'Dir::Etc::sourceparts/d'], context);
  const value = (name: string): string => new RegExp(`^${name}='(.*)'$`, 'm').exec(answer.stdout)?.[1] ?? '';
  const parts = await readdir(value('PARTS')).catch((error: unknown) => {
    if (isNotFound(error)) return [];
    throw error;
  });
  const files = parts.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(value('PARTS'), name));
  const all = [value('LIST'), ...files].filter((path) => path !== '');
  if (answer.code === 0 && all.length > 0) return all;
  throw new DkmError('source-unavailable', 'apt on this machine has no package sources.', { hint: HINT });
}

function sourceName(path: string): string {
  const name = basename(path);
  return /\.(list|sources)$/.test(name) ? name : `${name}.list`;
}
