import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { existsAs } from '../src/base/files.ts';
import { layoutOf, type Layout } from '../src/base/layout.ts';
import { acquireLock, type Lock } from '../src/base/lock.ts';
import { DkmError, messageOf } from '../src/base/errors.ts';
import { readGenerated } from '../src/contract/generated.ts';
import { openJournal, type BeginRecord, type JournalWriter } from '../src/contract/journal.ts';
import type { Settings } from '../src/contract/settings.ts';
import type { OpenBundle } from '../src/bundle/open.ts';
import { directoryState, settingsThere, type DirectoryState } from './facts/directory.ts';
import { installLog, type InstallLog } from '../src/change/install-log.ts';
import { removeIfEmpty } from '../src/change/tree.ts';
import { stepInWords, type Step } from './plan.ts';
import { prepareRoot } from './prepare.ts';
import { performStep } from './steps/perform.ts';
import type { Performed, StepContext } from './steps/step.ts';
import { removeRemains, removeTraces, undoInstallation } from './undo.ts';

/** An installation to carry out. */
export interface Installation {
  directory: string;
  bundle: OpenBundle;
  settings: Settings;
  steps: readonly Step[];
  signal: AbortSignal;
  /** Called before each step. */
  onStep: (step: Step, index: number) => void;
}

/** What came of each step. */
export interface Applied {
  /** False when everything was there already. */
  changed: boolean;
  /** True when there was a finished installation before. */
  wasInstalled: boolean;
  /** Steps whose file was edited by the administrator and left as it is. */
  kept: string[];
  made: string[];
}

/**
 * Carries a plan out. Steps of an installation that was begun with the same bundle and settings are completed; one that
 * was begun otherwise is taken away first. When a step fails, or the signal comes, everything made is taken away again;
 * a finished installation is only ever added to.
 */
export async function applyPlan(installation: Installation): Promise<Applied> {
  const layout = layoutOf(installation.directory);
  const madeAbove = prepareRoot(layout);
  const lock = await lockOrLeave(layout, madeAbove);
  try {
    const state = await directoryState(layout.root);
    if (state.kind === 'installed') return await restore(installation, layout, state);
    return await installFresh(installation, { layout, lock, madeAbove, state });
  } finally {
    lock.release();
  }
}

async function lockOrLeave(layout: Layout, madeAbove: readonly string[]): Promise<Lock> {
  try {
    return await acquireLock(layout.installLock, 'an installer');
  } catch (error) {
    if (error instanceof DkmError) throw error;
    for (const directory of [layout.run, ...madeAbove.toReversed()]) removeIfEmpty(directory);
    throw new DkmError('install-failed', `${layout.installLock} could not be made: ${messageOf(error)}`, {
      cause: error,
      hint: 'If another installer was at work there, try again.',
    });
  }
}

type Installed = Extract<DirectoryState, { kind: 'installed' }>;

/** Adds what is missing to a finished installation; on failure all that was there is still there. */
async function restore(installation: Installation, layout: Layout, { settings, bundle }: Installed): Promise<Applied> {
  if (bundle !== installation.bundle.digest || existsAs(layout.changeJournal))
    throw new DkmError('locked', `Another installer was quicker: ${layout.root} holds another version by now.`, { hint: 'Run the same command again.' });
  if (!isDeepStrictEqual(settings, installation.settings)) {
    throw new DkmError('locked', `Another installer was quicker: ${layout.root} is installed by now, with other answers.`, {
      hint: 'Install into another directory with -d.',
    });
  }
  const log = installLog(layout.installLog);
  try {
    const results = await performAll(installation, await contextOf(installation, layout, true), (step, _, performed) => {
      if (performed === 'made') log.add(`restored ${stepInWords(step)}`);
    });
    return appliedOf(installation.steps, results, true);
  } catch (error) {
    if (installation.signal.aborted) throw new DkmError('interrupted', `Interrupted. What was installed in ${layout.root} is still there.`, { cause: error });
    throw new DkmError('install-failed', `What is missing in ${layout.root} could not be made again: ${messageOf(error)}`, { cause: error });
  }
}

interface Ground {
  layout: Layout;
  lock: Lock;
  madeAbove: string[];
  state: DirectoryState;
}

async function installFresh(installation: Installation, { layout, lock, madeAbove, state }: Ground): Promise<Applied> {
  const interrupted = state.kind === 'begun' ? state.begin : undefined;
  const planned: BeginRecord = { ...beginRecord(installation), madeAbove: interrupted?.madeAbove ?? madeAbove };
  const isResumed = interrupted !== undefined && isSameInstallation(interrupted, planned);
  if (interrupted !== undefined && !isResumed) undoInstallation(layout, interrupted);
  const adopted = isResumed ? interrupted.adopted : settingsThere(state) && presentPaths(layout, planned);
  const begin = { ...planned, ...(adopted && { adopted }) };
  removeRemains(layout);
  const log = installLog(layout.installLog);
  const journal = openJournal(layout.journal);
  try {
    return await journalled(installation, layout, { begin, isResumed, journal, log });
  } catch (error) {
    undoInstallation(layout, begin);
    removeTraces(layout, begin.madeAbove, lock);
    throw failureOf(error, installation);
  } finally {
    journal.close();
  }
}

/** What an uninstalled dkm left of what this plan makes. */
function presentPaths({ root }: Layout, { steps }: BeginRecord): string[] {
  return steps.map(({ path }) => path).filter((path) => existsAs(join(root, path)));
}

interface Records {
  begin: BeginRecord;
  isResumed: boolean;
  journal: JournalWriter;
  log: InstallLog;
}

async function journalled(installation: Installation, layout: Layout, { begin, isResumed, journal, log }: Records): Promise<Applied> {
  const at = (): string => new Date().toISOString();
  if (!isResumed) journal.begin(begin);
  log.add(
    `${isResumed ? 'completing the installation' : 'installing'} dkm ${begin.version} from ${installation.bundle.root}, type ${begin.settings.install.type}`,
  );
  const results = await performAll(installation, await contextOf(installation, layout, false), (step, index, performed) => {
    journal.append({ record: 'step', at: at(), step: index });
    log.add(`${performed.padEnd(7)} ${stepInWords(step)}`);
  });
  journal.append({ record: 'done', at: at() });
  log.add('done');
  return appliedOf(installation.steps, results, false);
}

async function performAll(
  { steps, signal, onStep }: Installation,
  context: StepContext,
  onPerformed: (step: Step, index: number, performed: Performed) => void,
): Promise<Performed[]> {
  const results: Performed[] = [];
  for (const [index, step] of steps.entries()) {
    signal.throwIfAborted();
    onStep(step, index);
    const performed = await performStep(step, context);
    onPerformed(step, index, performed);
    results.push(performed);
  }
  return results;
}

async function contextOf({ bundle, signal }: Installation, layout: Layout, isInstalled: boolean): Promise<StepContext> {
  return { layout, bundle, signal, isInstalled, generated: await readGenerated(layout.generated) };
}

function beginRecord({ bundle, settings, steps }: Installation): BeginRecord {
  const makes = steps.map(({ kind, path }) => ({ kind, path }));
  return {
    record: 'begin',
    schema: 1,
    at: new Date().toISOString(),
    version: bundle.bundle.version,
    bundle: bundle.digest,
    madeAbove: [],
    settings,
    steps: makes,
  };
}

function isSameInstallation(a: BeginRecord, b: BeginRecord): boolean {
  const essence = ({ version, bundle, settings, steps }: BeginRecord): unknown => ({ version, bundle, settings, steps });
  return isDeepStrictEqual(essence(a), essence(b));
}

function appliedOf(steps: readonly Step[], results: readonly Performed[], wasInstalled: boolean): Applied {
  const paths = (wanted: Performed): string[] => steps.filter((_, index) => results[index] === wanted).map(({ path }) => path);
  const made = paths('made');
  return { changed: made.length > 0, wasInstalled, made, kept: paths('kept') };
}

function failureOf(error: unknown, { directory, signal }: Installation): DkmError {
  if (signal.aborted)
    return new DkmError('interrupted', `The installation was interrupted; what it had made in ${directory} was taken away.`, {
      cause: error,
      hint: 'Run the same command again when you like.',
    });
  const message = error instanceof DkmError ? error.message : messageOf(error);
  const hint = (error instanceof DkmError && error.hint) || 'Mend what is named above and run the same command again.';
  return new DkmError('install-failed', `The installation failed, and what it had made in ${directory} was taken away: ${message}`, { cause: error, hint });
}
