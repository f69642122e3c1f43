import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { refuseTooLittleSpace } from '../../backup/estimate.ts';
import type { Fitted } from '../../backup/fit.ts';
import { interruptible } from '../../base/interruptible.ts';
import { readArchive, type ReadBackup, type ReadOptions } from '../../backup/read-archive.ts';
import { recoverLocked } from '../../backup/recover.ts';
import { directoryBeside, restoreBeside } from '../../backup/restore-beside.ts';
import { restoreInPlace, type Restored } from '../../backup/restore-in-place.ts';
import { bundleForCopy, presentBundle } from '../../backup/versions.ts';
import { DkmError, EXIT } from '../../base/errors.ts';
import { existsAs } from '../../base/files.ts';
import { layoutOf, type Layout } from '../../base/layout.ts';
import { acquireLock } from '../../base/lock.ts';
import { createProgress } from '../../base/progress.ts';
import { bytesInWords, say, sayAside } from '../../base/terminal.ts';
import { changeInWords } from '../../configuration/written.ts';
import { diskLimits, readSettings } from '../../contract/settings.ts';
import { portProblems } from '../../host/ports.ts';
import { servicesOf } from '../services.ts';
import { takeBackInterruptedChange } from './interrupted-change.ts';

export interface RestoreOptions {
  directory?: string;
  port?: number;
  check?: boolean;
  discardOld?: boolean;
  json?: boolean;
}

/** What a restore shares with its steps. */
interface Work {
  layout: Layout;
  file: string;
  options: RestoreOptions;
  signal: AbortSignal;
  progressOf: (what: string) => ReadOptions['onBytes'];
  phase: (text: string) => void;
}

/** `dkm restore FILE`: reads the whole backup first, then restores it in place or into another directory. Returns the exit code. */
export async function restore(layout: Layout, typed: string, options: RestoreOptions): Promise<number> {
  refuseMeaningless(options);
  const file = resolve(typed);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) throw new DkmError('usage', `${file}: there is no such file.`);
  if (!options.check && options.directory === undefined) await takeBackInterruptedChange(layout, { start: false });
  const progress = process.stderr.isTTY === true && !options.json ? createProgress() : undefined;
  try {
    return await interruptible((signal) =>
      chosen({
        layout,
        file,
        options,
        signal,
        progressOf: (what) => (done, total) => progress?.update(what, done, total),
        phase: (text) => {
          progress?.close();
          if (!options.json) sayAside(text);
        },
      }),
    );
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw new DkmError('interrupted', 'Interrupted; nothing was changed.', { cause: error });
    throw error;
  } finally {
    progress?.close();
  }
}

function refuseMeaningless({ directory, port, check, discardOld }: RestoreOptions): void {
  if (port !== undefined && directory === undefined) throw new DkmError('usage', '--port goes with --directory: in place the ports stay as in the backup.');
  if (discardOld && (directory !== undefined || check)) throw new DkmError('usage', '--discard-old is for a restore in place.');
}

function chosen(work: Work): Promise<number> {
  if (work.options.check) return check(work);
  return work.options.directory === undefined ? inPlace(work) : beside(work, work.options.directory);
}

function read({ file, signal, progressOf }: Work): Promise<ReadBackup> {
  return readArchive(file, { signal, onBytes: progressOf('verify') });
}

async function check(work: Work): Promise<number> {
  const backup = await read(work);
  if (work.options.json) say(JSON.stringify({ schema: 1, file: work.file, ...backup }, null, 1));
  else say(`${work.file} is whole: ${inWords(backup)}.`);
  return EXIT.fine;
}

function inWords({ about, files, contentBytes }: ReadBackup): string {
  const data = about.excludesData ? ", without the store's data" : '';
  return `dkm ${about.version} of ${about.hostname} in ${about.root}, ${about.at}; ${files} files, ${bytesInWords(contentBytes)}${data}`;
}

async function inPlace(work: Work): Promise<number> {
  const { layout, file, options, signal, progressOf, phase } = work;
  const lock = await acquireLock(layout.installLock, 'dkm restore');
  try {
    for (const line of await recoverLocked(layout, true)) sayAside(line);
    const backup = await read(work);
    const bundle = await presentBundle(layout, backup.about);
    const disk = diskLimits(await readSettings(layout.settings));
    refuseTooLittleSpace(layout.root, backup.contentBytes, 'unpacking the backup', { root: layout.root, disk });
    phase(`Restoring ${inWords(backup)}.`);
    const onStep = (step: string, detail?: string): void => {
      if (step in PHASES && detail === undefined) phase(PHASES[step as keyof typeof PHASES]);
    };
    const keepOld = options.discardOld !== true;
    const restored = await restoreInPlace({ layout, file, backup, bundle, signal, keepOld, onStep, onBytes: progressOf('unpack') });
    if (options.json) say(JSON.stringify({ ...reportOf(file, layout.root, restored.fitted), kept: restored.kept ?? null, started: restored.started }, null, 1));
    else tellInPlace(layout, restored);
    return restored.servicesNotStarted.size > 0 ? EXIT.failed : EXIT.fine;
  } finally {
    lock.release();
  }
}

const PHASES = { stop: 'Stopping what runs.', start: 'Starting what ran before.' } as const;

function tellInPlace(layout: Layout, { fitted, kept, started, servicesNotStarted }: Restored): void {
  tellConfiguration(layout.root, fitted);
  for (const [name, message] of servicesNotStarted) sayAside(`${name} ran before and does not start: ${message}`);
  say(`Restored.${started.length > 0 ? ` Running again: ${started.join(', ')}.` : ' Nothing ran before; "dkm start" starts it.'}`);
  if (kept !== undefined) say(`What was there before is in ${kept}; when you do not need it any more: rm -r ${kept}`);
}

async function beside(work: Work, typed: string): Promise<number> {
  const { layout, file, options, signal, progressOf, phase } = work;
  const directory = directoryBeside(layout, typed);
  const backup = await read(work);
  const bundle = await bundleForCopy(layout, backup.about);
  refuseTooLittleSpace(nearest(directory), backup.contentBytes, 'unpacking the backup');
  phase(`Restoring ${inWords(backup)} into ${directory}.`);
  const { port } = options;
  const fitted = await restoreBeside({ file, backup, bundle, directory, signal, onBytes: progressOf('unpack'), ...(port !== undefined && { port }) });
  const taken = await portProblems(servicesOf(bundle.manifests, fitted.settings, layoutOf(directory)).flatMap(({ ports }) => ports));
  const takenPorts = [...new Set(taken.map((problem) => problem.port))];
  if (options.json) say(JSON.stringify({ ...reportOf(file, directory, fitted), takenPorts }, null, 1));
  else tellBeside(directory, fitted, takenPorts);
  return EXIT.fine;
}

function tellBeside(directory: string, fitted: Fitted, takenPorts: readonly number[]): void {
  tellConfiguration(directory, fitted);
  if (takenPorts.length > 0)
    say(
      `Taken at present: ${takenPorts.length === 1 ? 'port' : 'ports'} ${takenPorts.join(', ')}. The copy can start when they are free; -p PORT gives it others.`,
    );
  say(`Restored. Start it: ${join(directory, 'bin', 'dkm')} start`);
}

function tellConfiguration(root: string, { changes, namingOldDirectory }: Fitted): void {
  for (const change of changes.filter(({ kind }) => kind === 'conflict' || kind === 'obsolete')) sayAside(changeInWords(change) ?? '');
  for (const path of namingOldDirectory) sayAside(`${join(root, path)} still names the directory the backup was made of: look whether it should.`);
}

function reportOf(file: string, directory: string, { settings, changes, namingOldDirectory }: Fitted): Record<string, unknown> {
  const files = changes.filter(({ kind }) => kind !== 'unchanged').map(({ kind, path }) => ({ path, change: kind }));
  return { schema: 1, file, directory, port: settings.install.port, files, namingOldDirectory };
}

function nearest(path: string): string {
  return existsAs(path) ? path : nearest(dirname(path));
}
