import { lstatSync, rmSync, statSync } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DkmError, messageOf } from '../base/errors.ts';
import { runOrThrow } from '../base/exec.ts';
import { writeAtomic } from '../base/files.ts';
import { directoryOf } from './marker.ts';
import type { BootCommand, BootFile, BootPlan } from './plan.ts';
import type { Removal } from './removal.ts';

/*
 * Carries out what `plan.ts` decided: all of it, or nothing.
 */

const COMMAND_WITHIN_MS = 120_000;

/** Where things go: `/`, or the root directory of another system, in which nothing can be started. */
export interface Target {
  root: string;
  /** For commands. */
  environment: NodeJS.ProcessEnv;
}

/** A file that was there before, or is to be removed again. */
interface Before {
  path: string;
  content: Uint8Array | undefined;
  mode: number;
}

/** Writes a plan's files and runs its commands; when one fails, everything is as it was. Returns the files that changed. */
export async function applyPlan(plan: BootPlan, directory: string, target: Target): Promise<string[]> {
  for (const file of plan.files) await refuseOthers(join(target.root, file.path), directory);
  const before: Before[] = [];
  const ran: BootCommand[] = [];
  try {
    const changed: string[] = [];
    for (const file of plan.files) if (await writeFile(file, target, before)) changed.push(file.path);
    for (const command of commandsFor(plan.commands, target)) {
      ran.push(command);
      await execute(command, target);
    }
    return changed;
  } catch (error) {
    await takeBack(plan, before, ran.length > 0, target, error);
    throw error;
  }
}

/** Throws `preflight-refused` when a name is taken by something that is not this installation's. */
async function refuseOthers(path: string, directory: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  // A link to /dev/null is how systemd masks a unit.
  const owner = stat.isFile() ? directoryOf(await readFile(path, 'utf8')) : undefined;
  if (owner === directory) return;
  const whose = stat.isSymbolicLink() ? 'it is a link' : owner === undefined ? 'it was not made by dkm' : `it belongs to the installation in ${owner}`;
  throw new DkmError('preflight-refused', `${path} exists already, and ${whose}.`, { hint: 'Choose another name: install-boot --name NAME' });
}

async function writeFile({ path, text, mode }: BootFile, target: Target, before: Before[]): Promise<boolean> {
  const inTarget = join(target.root, path);
  const stat = statSync(inTarget, { throwIfNoEntry: false });
  const content = stat ? await readFile(inTarget) : undefined;
  if (stat && content?.toString('utf8') === text && (stat.mode & 0o777) === mode) return false;
  await mkdir(dirname(inTarget), { recursive: true, mode: 0o755 });
  before.push({ path: inTarget, content, mode: stat ? stat.mode & 0o777 : mode });
  await writeAtomic(inTarget, text, mode);
  await chmod(inTarget, mode);
  return true;
}

async function takeBack(plan: BootPlan, before: readonly Before[], hasRun: boolean, target: Target, cause: unknown): Promise<void> {
  const isNew = before.some(({ content }) => content === undefined);
  try {
    if (hasRun && isNew) for (const command of commandsFor(plan.undo, target)) await execute(command, target).catch(() => undefined); // what was not done cannot be undone
    for (const { path, content, mode } of [...before].reverse()) {
      if (content === undefined) rmSync(path, { force: true });
      else await writeAtomic(path, content, mode);
    }
    if (hasRun) for (const command of commandsFor(plan.afterRemoval, target)) await execute(command, target).catch(() => undefined);
  } catch (error) {
    throw new DkmError('install-failed', `${messageOf(cause)}\nTaking it back failed, too: ${messageOf(error)}`, {
      hint: `See what is left: ${before.map(({ path }) => path).join(', ')}`,
      cause,
    });
  }
}

/** Removes files with the commands that go with that. */
export async function removeFiles(paths: readonly string[], removal: Removal, target: Target): Promise<void> {
  for (const command of commandsFor(removal.undo, target)) await execute(command, target);
  for (const path of paths) rmSync(join(target.root, path));
  for (const command of commandsFor(removal.afterRemoval, target)) await execute(command, target);
}

/** What of the commands can be done in another root directory: systemctl makes and removes links there, and nothing else. */
function commandsFor(commands: readonly BootCommand[], { root }: Target): BootCommand[] {
  if (root === '/') return [...commands];
  return commands.flatMap(([program, ...args]) => {
    const isLinking = program === 'systemctl' && args.some((word) => word === 'enable' || word === 'disable');
    return isLinking ? [[program, `--root=${root}`, ...args] as const] : [];
  });
}

async function execute([program, ...args]: BootCommand, { environment }: Target): Promise<void> {
  await runOrThrow(program, args, { timeoutMs: COMMAND_WITHIN_MS, env: environment });
}
