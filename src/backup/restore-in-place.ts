import { lstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installPlan, type Step } from '../../installer/plan.ts';
import { performStep } from '../../installer/steps/perform.ts';
import { DkmError, messageOf } from '../base/errors.ts';
import { existsAs } from '../base/files.ts';
import { layoutOf, type Layout } from '../base/layout.ts';
import { companionsOf } from '../base/sqlite.ts';
import type { OpenBundle } from '../bundle/open.ts';
import { runningServices, startServices, stopEverything, type Running } from '../change/services.ts';
import { readGenerated } from '../contract/generated.ts';
import { openRestore, readRestore, type RestoreBegin, type RestoreJournal, type RestoreMove, type RestoreStep } from '../contract/restore-journal.ts';
import { fitConfiguration, type Fitted } from './fit.ts';
import { exchange } from './move.ts';
import type { ReadBackup } from './read-archive.ts';
import { takeBackRestore, tidyUpRestore } from './take-back.ts';
import { unpack } from './unpack.ts';

/** A restore over the installation it is typed in. The caller has read the backup and found it whole, and holds the install lock. */
export interface InPlace {
  layout: Layout;
  file: string;
  backup: ReadBackup;
  bundle: OpenBundle;
  signal: AbortSignal;
  /** False: what was there before is removed in the end. */
  keepOld: boolean;
  /** Before each step; `detail` names what is moved. */
  onStep: (step: 'unpack' | 'configure' | RestoreStep | 'done', detail?: string) => void;
  onBytes: (doneBytes: number, totalBytes: number) => void;
}

/** What came of it. */
export interface Restored {
  fitted: Fitted;
  /** Where what was there before is; undefined when it was removed. */
  kept?: string;
  started: string[];
  /** Services that ran before, badly, and do not start now either. */
  servicesNotStarted: Map<string, string>;
}

/**
 * Restores a backup over what is there. Until the journal says "done", whatever happens ends in what was there before,
 * brought about here or by `recoverRestore`. The services go on until everything is unpacked.
 */
export async function restoreInPlace(restore: InPlace): Promise<Restored> {
  const { layout } = restore;
  refuseMounts(layout);
  const running = await runningServices(layout);
  const begin = beginOf(restore, running);
  const journal = openRestore(layout.restoreJournal);
  try {
    journal.begin(begin);
    const restored = await goForward(restore, begin, running, journal);
    journal.append({ record: 'end', at: now(), result: 'done' });
    restore.onStep('done');
    tidyUpRestore(layout, begin);
    const kept = join(layout.root, begin.kept);
    if (!restore.keepOld) rmSync(kept, { recursive: true, force: true });
    return { ...restored, ...(restore.keepOld && { kept }) };
  } catch (error) {
    throw await comeBack(restore, journal, error);
  } finally {
    journal.close();
  }
}

function beginOf({ file }: InPlace, { wanted }: Running): RestoreBegin {
  const stamp = now().replace(/[-:]|\.\d+/g, '');
  return {
    record: 'begin',
    schema: 1,
    at: now(),
    file,
    staging: 'restore-staging',
    kept: `restore-kept-${stamp}`,
    ran: wanted.map(({ name }) => name),
  };
}

async function goForward({ onStep, ...restore }: InPlace, begin: RestoreBegin, running: Running, journal: RestoreJournal): Promise<Restored> {
  const { layout, file, backup, signal } = restore;
  const step = (name: RestoreStep): void => {
    signal.throwIfAborted();
    journal.append({ record: 'step', at: now(), step: name });
    onStep(name);
  };
  const staged = layoutOf(join(layout.root, begin.staging));
  onStep('unpack');
  rmSync(staged.root, { recursive: true, force: true });
  mkdirSync(staged.root, { mode: 0o700 });
  await unpack(file, staged.root, backup.about, restore);
  onStep('configure');
  const fitted = await prepare(restore, staged);
  const moves = movesOf(layout, staged, backup);
  journal.append({ record: 'moves', at: now(), moves });
  step('stop');
  await stopEverything(layout);
  step('move');
  for (const move of moves) await exchange(layout, begin, move, (what) => onStep('move', what));
  step('start');
  const servicesNotStarted = await startServices(layout, begin.ran, signal);
  refuseFailures(servicesNotStarted, running.well);
  signal.throwIfAborted();
  return { fitted, servicesNotStarted, started: begin.ran.filter((name) => !servicesNotStarted.has(name)) };
}

/** Services that were well before must be well again. Others may have been what the restore is to help with. */
function refuseFailures(failed: ReadonlyMap<string, string>, well: readonly string[]): void {
  const worse = [...failed].filter(([name]) => well.includes(name) || name === 'dkm start');
  if (worse.length > 0) throw new DkmError('restore-failed', worse.map(([name, message]) => `${name} does not start with it: ${message}`).join('\n'));
}

/** Fits what was unpacked to this directory and version, and adds what its components need besides. */
async function prepare({ layout, backup, bundle, signal }: Pick<InPlace, 'layout' | 'backup' | 'bundle' | 'signal'>, staged: Layout): Promise<Fitted> {
  const fitted = await fitConfiguration({ about: backup.about, staged, target: layout, bundle });
  const steps = installPlan({ bundle, components: fitted.components, settings: fitted.settings, directory: layout.root });
  const context = { layout: staged, bundle, generated: await readGenerated(staged.generated), isInstalled: false, signal };
  for (const step of steps.filter((each) => isRestorable(each, backup))) await performStep(step, context);
  return fitted;
}

/** Directories and missing secrets; of storage/ only what is replaced as a whole. */
function isRestorable({ kind, path }: Step, { about }: ReadBackup): boolean {
  const isIn = (folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
  return kind === 'write-secret' || (kind === 'make-directory' && (isIn('conf') || (isIn('storage') && !about.excludesData)));
}

/** What is replaced: conf/ and storage/ as a whole; without data, of storage/ the databases and other files that are in the backup. */
function movesOf(layout: Layout, staged: Layout, { about }: ReadBackup): RestoreMove[] {
  const inStorage = about.excludesData ? about.databases.flatMap((path) => [path, ...companionsOf(path)]) : ['storage'];
  const paths = ['conf', 'run/generated', 'run/generated.json', ...inStorage];
  return paths
    .map((path) => ({ path, present: existsAs(join(layout.root, path)), staged: existsAs(join(staged.root, path)) }))
    .filter(({ present, staged: isStaged }) => present || isStaged);
}

/** What is a link, or a file system of its own, cannot be moved aside by renaming it. */
function refuseMounts(layout: Layout): void {
  const { dev } = statSync(layout.root);
  const apart = [layout.conf, layout.storage].find((path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat !== undefined && (stat.isSymbolicLink() || stat.dev !== dev);
  });
  if (apart === undefined) return;
  throw new DkmError(
    'preflight-refused',
    `${apart} is a link or a file system of its own; a restore in place moves it aside by renaming it, which cannot be done.`,
    {
      hint: `Restore beside it, with -d on that file system, and exchange the two while everything is stopped.`,
    },
  );
}

async function comeBack({ layout, file, signal }: InPlace, journal: RestoreJournal, error: unknown): Promise<DkmError> {
  const why = signal.aborted ? 'it was interrupted' : messageOf(error);
  const state = readRestore(layout.restoreJournal);
  if (state.kind !== 'unfinished') return new DkmError('restore-failed', `${file} was restored, but could not be tidied up after: ${why}`, { cause: error });
  try {
    const { servicesNotStarted } = await takeBackRestore(layout, state, journal);
    tidyUpRestore(layout, state.begin);
    const lost = [...servicesNotStarted].map(([name, message]) => `\n${name} ran before and does not start again: ${message}`).join('');
    return new DkmError(signal.aborted ? 'interrupted' : 'restore-failed', `${file} was not restored: ${why}\nEverything is as it was before.${lost}`, {
      cause: error,
    });
  } catch (problem) {
    return new DkmError('restore-failed', `${file} was not restored: ${why}\nWhat was there before could not be put back: ${messageOf(problem)}`, {
      cause: problem,
      hint: `It is in ${join(layout.root, state.begin.kept)}. Mend what is named above; "dkm start" then tries again to put it back.`,
    });
  }
}

function now(): string {
  return new Date().toISOString();
}
