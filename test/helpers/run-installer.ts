import { spawn, type ChildProcess } from 'node:child_process';
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Finished, type RunOptions } from '../../src/base/exec.ts';
import { AS_WHO_I_AM } from './installation.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/** Runs the installer from the sources on a bundle, as this user and under a fixed host name. */
export function runInstaller(bundle: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return run(process.execPath, [MAIN, 'installer', ...argumentsFor(bundle, args)], { timeoutMs: 60_000, ...options });
}

/** The same, left running. */
export function spawnInstaller(bundle: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, 'installer', ...argumentsFor(bundle, args)], { stdio: ['ignore', 'pipe', 'pipe'] });
}

function argumentsFor(bundle: string, args: readonly string[]): string[] {
  return ['--bundle', bundle, '--hostname', 'host.example.org', ...AS_WHO_I_AM, ...args];
}

/** Everything below a directory, each as `path mode` or `path -> target`, sorted; the installer's lock, log and journal left out. */
export function treeOf(root: string, below = ''): string[] {
  const entries = readdirSync(join(root, below), { withFileTypes: true }).map((entry) => ({ entry, path: join(below, entry.name) }));
  return entries
    .filter(({ path }) => !path.startsWith('run/install.'))
    .flatMap(({ entry, path }) => [entryOf(root, path), ...(entry.isDirectory() ? treeOf(root, path) : [])])
    .sort();
}

function entryOf(root: string, name: string): string {
  const path = join(root, name);
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`;
  return `${name}${stat.isDirectory() ? '/' : ''} ${(stat.mode & 0o777).toString(8)}`;
}
