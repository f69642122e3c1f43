import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DkmError, EXIT, messageOf } from '../src/base/errors.ts';
import { existsAs } from '../src/base/files.ts';
import { layoutOf, type Layout } from '../src/base/layout.ts';
import { acquireLock, type Lock } from '../src/base/lock.ts';
import { confirmed, say, sayAside } from '../src/base/terminal.ts';
import { recoverChange, recoveryInWords } from '../src/change/recover.ts';
import { stopEverything } from '../src/change/services.ts';
import { removeIfEmpty } from '../src/change/tree.ts';
import { BUNDLE_FILE } from '../src/contract/bundle.ts';
import { directoryMeant } from './directory.ts';
import { refuseOthersDirectory, refuseUnfinishedRestore } from './existing.ts';
import type { Options } from './options.ts';
import type { Progress } from './progress.ts';
import { isRemains, removedName } from './undo.ts';

/*
 * Takes an installation away: programs and what runs; with --purge data and configuration, too. It goes by names that
 * only an installation has, and needs nothing in it to be readable, so that a broken one goes as well.
 */

/** `installer -d DIR --uninstall [--purge]`. Returns the exit code. */
export async function uninstall(options: Options, progress: Progress): Promise<number> {
  const layout = layoutOf(directoryMeant(options.directory));
  refuseOthers(layout);
  if (!options.purge) refuseUnfinishedRestore(layout);
  for (const line of warnings(layout, options)) sayAside(line);
  if (options.dryRun) return planned(layout, options);
  if (!options.yes && !(await confirmed(questionFor(layout, options), 'Add --yes where nobody can be asked.'))) return EXIT.refused;
  await recoverOrSay(layout, options);
  const lock = existsSync(layout.run) ? await acquireLock(layout.installLock, 'an installer') : undefined;
  try {
    if (!options.purge && existsSync(layout.changeJournal)) throw interruptedMeanwhile();
    progress.phase('Stopping everything');
    await stopEverything(layout);
    progress.phase(`Removing dkm from ${layout.root}`);
    remove(layout, options, lock);
  } finally {
    lock?.release();
  }
  progress.end();
  return concluded(layout, options);
}

/** What only an installation has: nothing else is ever removed from. */
function refuseOthers(layout: Layout): void {
  refuseOthersDirectory(layout);
  if (isInstallation(layout)) return;
  throw new DkmError('preflight-refused', `${layout.root} is not an installation of dkm. Nothing was changed.`, {
    hint: 'Name the installed directory with -d.',
  });
}

function isInstallation(layout: Layout): boolean {
  if (existsAs(layout.settings) || existsAs(layout.journal)) return true;
  const versions = isRealDirectory(layout.versions) ? readdirSync(layout.versions) : [];
  return versions.some((name) => existsSync(join(layout.versions, name, BUNDLE_FILE)));
}

function isRealDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function questionFor({ root }: Layout, { purge }: Options): string {
  return purge ? `Remove dkm from ${root} with its configuration and all data it stored?` : `Remove dkm from ${root}? Its data and configuration stay.`;
}

/** An update that was interrupted would leave its half in the configuration that stays. */
async function recoverOrSay(layout: Layout, { purge }: Options): Promise<void> {
  try {
    const recovery = await recoverChange(layout, { start: false });
    if (recovery) for (const line of recoveryInWords(recovery)) sayAside(line);
  } catch (error) {
    if (!purge || (error instanceof DkmError && error.code === 'locked')) throw error;
    sayAside(messageOf(error)); // all of it goes
  }
}

/** Another installer was quicker, and killed. */
function interruptedMeanwhile(): DkmError {
  return new DkmError('locked', 'An update was begun meanwhile and was interrupted. Nothing was removed.', {
    hint: 'Run the same command again: it takes that back first.',
  });
}

/** What is ours in the installed directory's first level, in the order in which it goes; run/, where the lock is, is last. */
function ours(layout: Layout, { purge }: Options): string[] {
  const linked = readdirSync(layout.root).filter((name) => name !== 'current' && isLinkInto(join(layout.root, name), 'current/'));
  const programs = ['bin/dkm', 'bin/dkmadmin', ...linked, 'current', 'versions'];
  const restores = readdirSync(layout.root).filter((name) => RESTORES.test(name));
  return [...programs, ...(purge ? [...restores, 'storage', 'conf'] : [])].filter((path) => existsAs(join(layout.root, path)));
}

/** What "dkm restore" unpacked, or put aside. */
const RESTORES = /^restore-(staging|kept-\d{8}T\d{6}Z)$/;

function isLinkInto(path: string, folder: string): boolean {
  return lstatSync(path).isSymbolicLink() && readlinkSync(path).startsWith(folder);
}

/** `rm` follows no link: one that stands in a directory's place goes, and what it leads to stays. */
function remove(layout: Layout, options: Options, lock: Lock | undefined): void {
  // First, where something stays: who finds it says that all the rest is there. Last, where all goes: it says what this was.
  if (!options.purge) rmSync(layout.journal, { force: true });
  for (const path of ours(layout, options)) rmSync(join(layout.root, path), { recursive: true, force: true });
  removeIfEmpty(layout.bin);
  if (options.purge) removeRun(layout, lock);
  else for (const name of isRealDirectory(layout.run) ? readdirSync(layout.run) : []) removeFromRun(layout, name);
  for (const name of readdirSync(layout.root).filter(isRemains)) rmSync(join(layout.root, name), { recursive: true, force: true });
  if (options.purge) removeIfEmpty(layout.root);
}

/** What tells an administrator's edits from what dkm wrote stays; the lock goes with the next installation. */
function removeFromRun(layout: Layout, name: string): void {
  const stays = ['generated.json', 'generated'].includes(name) || name.startsWith('install.lock');
  if (!stays) rmSync(join(layout.run, name), { recursive: true, force: true });
}

function removeRun(layout: Layout, lock: Lock | undefined): void {
  if (!isRealDirectory(layout.run)) {
    rmSync(layout.run, { force: true });
    return;
  }
  const removed = removedName(layout);
  lock?.releaseWithDirectory(removed);
  rmSync(removed, { recursive: true, force: true });
}

function concluded(layout: Layout, options: Options): number {
  const left = existsAs(layout.root) ? readdirSync(layout.root).sort() : [];
  const known = options.purge ? [] : ['conf', 'storage', 'run', ...left.filter((name) => RESTORES.test(name))];
  const others = left.filter((name) => !known.includes(name));
  if (options.json) {
    say(
      JSON.stringify({ result: options.purge ? 'purged' : 'uninstalled', directory: layout.root, left: left.filter((name) => known.includes(name)), others }),
    );
    return EXIT.fine;
  }
  say(options.purge ? `dkm was removed from ${layout.root}, with configuration and data.` : `dkm was removed from ${layout.root}.`);
  if (!options.purge) say(`Its configuration and data are still there (conf, storage); the installer takes them up again: ./installer -d ${layout.root}`);
  if (others.length > 0) say(`Not dkm's, and still there: ${others.map((name) => join(layout.root, name)).join(', ')}`);
  return EXIT.fine;
}

function planned(layout: Layout, options: Options): number {
  const paths = [...ours(layout, options), ...(options.purge ? ['run'] : [])];
  if (options.json) say(JSON.stringify({ result: 'planned', directory: layout.root, removes: paths }));
  else say(`Would stop everything and remove from ${layout.root}: ${paths.join(', ')}`);
  return EXIT.fine;
}

function warnings(layout: Layout, { purge }: Options): string[] {
  const links = ['conf', 'storage', 'run', 'versions'].filter((name) => lstatSync(join(layout.root, name), { throwIfNoEntry: false })?.isSymbolicLink());
  return [
    ...bootFiles(layout).map((path) => `${path} starts this installation at boot; remove it first, with ${join(layout.bin, 'dkmadmin')} remove-boot.`),
    ...(purge ? links.map((name) => `${join(layout.root, name)} is a link; what it leads to (${readlinkSync(join(layout.root, name))}) stays.`) : []),
  ];
}

/** Where dkmadmin puts what starts an installation at boot. */
const BOOT_FOLDERS = ['/etc/systemd/system', '/etc/init.d', '/Library/LaunchDaemons', '.config/systemd/user', 'Library/LaunchAgents'];

function bootFiles({ root }: Layout): string[] {
  const folders = BOOT_FOLDERS.map((folder) => (folder.startsWith('/') ? folder : join(homedir(), folder))).filter((folder) => existsSync(folder));
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.includes('dkm'))
      .map((name) => join(folder, name)),
  );
  return files.filter((path) => lstatSync(path).isFile() && readFileSync(path, 'utf8').includes(`dkm-directory: ${JSON.stringify(root)}`));
}
