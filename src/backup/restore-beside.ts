import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { installPlan } from '../../installer/plan.ts';
import { performStep } from '../../installer/steps/perform.ts';
import { DkmError, messageOf } from '../base/errors.ts';
import { makeDirectory, resolveExisting } from '../base/files.ts';
import { layoutOf, type Layout } from '../base/layout.ts';
import { bootId, isSameProcess, processStartTime } from '../base/process-identity.ts';
import type { OpenBundle } from '../bundle/open.ts';
import { readGenerated } from '../contract/generated.ts';
import { fitConfiguration, type Fitted } from './fit.ts';
import { syncDirectory } from './move.ts';
import type { ReadBackup } from './read-archive.ts';
import { unpack } from './unpack.ts';

/** A restore into a directory of its own. The caller has read the backup and found it whole. */
export interface Beside {
  file: string;
  backup: ReadBackup;
  /** Whose programs the copy gets. */
  bundle: OpenBundle;
  /** Absolute; absent or empty. */
  directory: string;
  port?: number;
  signal: AbortSignal;
  onBytes: (doneBytes: number, totalBytes: number) => void;
}

/** Refuses a directory that holds something, or that lies in the installation or around it. Returns it as it will be named. */
export function directoryBeside(layout: Layout, typed: string): string {
  const directory = resolveExisting(typed);
  const root = resolveExisting(layout.root);
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  const why =
    directory === root || directory.startsWith(`${root}/`) || root.startsWith(`${directory}/`)
      ? 'is the installation itself, or lies in it or around it'
      : stat !== undefined && !stat.isDirectory()
        ? 'is a file'
        : stat !== undefined && readdirSync(directory).length > 0
          ? 'is not empty'
          : undefined;
  if (why === undefined) return directory;
  throw new DkmError('preflight-refused', `${directory} ${why}.`, {
    hint: 'Name a directory that does not exist yet; without -d the backup is restored in place.',
  });
}

/**
 * Makes an installation from a backup, with its own programs (hard links), configuration and data. It is put together
 * under another name beside its place and moved there when it is complete: a failure leaves nothing.
 */
export async function restoreBeside(restore: Beside): Promise<Fitted> {
  const { directory, signal } = restore;
  const work = join(dirname(directory), `.${basename(directory)}.dkm-restoring`);
  await claim(work);
  try {
    const fitted = await assemble(restore, layoutOf(work));
    signal.throwIfAborted();
    rmSync(join(work, OWNER));
    renameSync(work, directory); // over an empty directory, too
    syncDirectory(dirname(directory));
    return fitted;
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    if (signal.aborted) throw new DkmError('interrupted', `Interrupted; ${directory} was not made.`, { cause: error });
    if (error instanceof DkmError) throw error;
    throw new DkmError('restore-failed', `${directory} could not be made: ${messageOf(error)}. Nothing of it was kept.`, { cause: error });
  }
}

async function assemble({ file, backup, bundle, directory, port, signal, onBytes }: Beside, staged: Layout): Promise<Fitted> {
  await unpack(file, staged.root, backup.about, { signal, onBytes });
  const target = layoutOf(directory);
  const fitted = await fitConfiguration({ about: backup.about, staged, target, bundle, ...(port !== undefined && { port }) });
  const steps = installPlan({ bundle, components: fitted.components, settings: fitted.settings, directory });
  const context = { layout: staged, bundle, generated: await readGenerated(staged.generated), isInstalled: false, signal };
  for (const step of steps) {
    signal.throwIfAborted();
    // Configuration was merged above, and conf/dkm.toml is the backup's.
    if (step.kind !== 'write-generated' && step.kind !== 'write-settings') await performStep(step, context);
  }
  return fitted;
}

/** Who is at work in a directory that is being put together. */
const OWNER = '.restored-by';

/** Makes the directory to work in; one that a killed process left is removed first. */
async function claim(work: string): Promise<void> {
  if (existsSync(work)) {
    const [pid = '', startTime = '', boot = ''] = existsSync(join(work, OWNER)) ? readFileSync(join(work, OWNER), 'utf8').split('\n') : [];
    if (pid !== '' && boot === bootId() && isSameProcess(Number(pid), startTime)) {
      throw new DkmError('locked', `Another process restores into ${work} (process ${pid}).`, { hint: 'Wait until it is done, or name another directory.' });
    }
    rmSync(work, { recursive: true });
  }
  await makeDirectory(dirname(work), 0o755);
  mkdirSync(work, { mode: 0o755 });
  writeFileSync(join(work, OWNER), `${process.pid}\n${processStartTime(process.pid) ?? ''}\n${bootId()}`);
}
