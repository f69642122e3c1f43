import { accessSync, constants, rmSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DkmError, messageOf, systemCodeOf } from '../base/errors.ts';
import { existsAs, makeDirectory, resolveExisting } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { copySqlite } from '../base/sqlite.ts';
import { openInstalled, type InstalledBundle } from '../configuration/installed-bundle.ts';
import type { BackupAbout } from '../contract/backup.ts';
import { diskLimits } from '../contract/settings.ts';
import { contentsOf, scopeOf, type BackedUpFile, type LeftOut } from './contents.ts';
import { estimatedBytes, refuseTooLittleSpace } from './estimate.ts';
import { syncDirectory } from './move.ts';
import { writeArchive } from './write-archive.ts';

export interface BackupOptions {
  /** The file, or a directory for it. Left out: beside the installed directory. */
  to?: string;
  excludeData: boolean;
  signal: AbortSignal;
  onBytes: (doneBytes: number, totalBytes: number) => void;
}

/** A backup that was made. */
export interface MadeBackup {
  file: string;
  about: BackupAbout;
  files: number;
  /** Before compression, and in the file. */
  contentBytes: number;
  bytes: number;
  seconds: number;
  /** What lies there and is not in it, or is and was not as expected. */
  remarks: LeftOut[];
}

/** Makes a backup while everything runs. The caller holds the install lock. A failure, or the signal, leaves nothing. */
export async function makeBackup(layout: Layout, options: BackupOptions): Promise<MadeBackup> {
  const startedAt = performance.now();
  const installed = await openInstalled(layout);
  const about = aboutOf(layout, installed, options.excludeData);
  const file = targetOf(layout, about, options.to);
  const partial = join(dirname(file), `.${basename(file)}.partial`);
  const work = join(layout.run, 'backup-work');
  rmSync(work, { recursive: true, force: true }); // of one that was killed
  rmSync(partial, { force: true });
  try {
    const { files, remarks, ...found } = await collect(layout, installed, { ...options, work, directory: dirname(file) });
    const total = files.reduce((sum, { size }) => sum + size, 0);
    const onBytes = (done: number): void => options.onBytes(done, total);
    const written = await writeArchive(partial, { ...about, ...found }, files, { signal: options.signal, onBytes });
    const { size: bytes } = statSync(partial);
    await rename(partial, file);
    syncDirectory(dirname(file));
    const seconds = (performance.now() - startedAt) / 1000;
    return { file, about: { ...about, ...found }, ...written, bytes, seconds, remarks: [...remarks, ...written.remarks] };
  } catch (error) {
    rmSync(partial, { force: true });
    throw failureOf(error, file, options.signal);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function aboutOf(layout: Layout, { bundle, settings }: InstalledBundle, excludesData: boolean): BackupAbout {
  return {
    schema: 1,
    name: 'dkm-backup',
    at: new Date().toISOString(),
    version: bundle.bundle.version,
    bundle: bundle.digest,
    platform: bundle.bundle.platform,
    hostname: settings.install.hostname,
    root: layout.root,
    port: settings.install.port,
    excludesData,
    databases: [],
    sparse: false,
  };
}

interface Collection extends Pick<BackupOptions, 'excludeData' | 'signal'> {
  work: string;
  /** Where the backup goes. */
  directory: string;
}

type Collected = Pick<BackupAbout, 'databases' | 'sparse'> & { files: BackedUpFile[]; remarks: LeftOut[] };

/** Finds everything and copies the databases: configuration first, then what goes with it, what the store keeps last. */
async function collect(layout: Layout, { components, settings }: InstalledBundle, { work, directory, excludeData, signal }: Collection): Promise<Collected> {
  const scope = scopeOf(components, excludeData);
  const { files, leftOut, sparse } = await contentsOf(layout, scope, signal);
  const databases = scope.databases.filter((path) => existsAs(join(layout.root, path)));
  const found = databases.map((path) => ({ path, absolute: join(work, path), size: statSync(join(layout.root, path)).size }));
  const installation = { root: layout.root, disk: diskLimits(settings) };
  const copies = found.reduce((sum, { size }) => sum + size, 0);
  refuseTooLittleSpace(layout.run, copies, 'copying the databases', installation);
  refuseTooLittleSpace(directory, estimatedBytes(files) + copies, 'the backup', installation);
  for (const { path, absolute } of found) {
    signal.throwIfAborted();
    await makeDirectory(dirname(absolute));
    await copySqlite(join(layout.root, path), absolute);
  }
  const isStored = ({ path }: BackedUpFile): boolean => path.startsWith('storage/');
  const inOrder = [...files.filter((file) => !isStored(file)), ...found, ...files.filter(isStored)];
  return { files: inOrder, databases, sparse, remarks: leftOut };
}

/** The backup's file, which must not exist yet, and not be where it would be a part of a later one. */
function targetOf(layout: Layout, about: BackupAbout, to: string | undefined): string {
  const isFolder = to !== undefined && statSync(to, { throwIfNoEntry: false })?.isDirectory() === true;
  const name = `dkm-backup-${about.hostname}-${about.at.replace(/[-:]|\.\d+/g, '')}.tar.gz`;
  const file = resolveExisting(to === undefined ? join(dirname(layout.root), name) : isFolder ? join(to, name) : to);
  const root = resolveExisting(layout.root);
  const taken = ['conf', 'storage', 'run', 'versions', 'bin'].find((folder) => file.startsWith(`${resolveExisting(join(root, folder))}/`));
  if (taken !== undefined) throw refusal(`${file} lies in the installation's ${taken}/; a backup belongs outside of what it saves.`);
  if (existsAs(file)) throw refusal(`${file} is there already.`);
  refuseUnwritable(dirname(file));
  return file;
}

function refuseUnwritable(directory: string): void {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw refusal(`${directory} cannot be written to by this user (${systemCodeOf(error) ?? messageOf(error)}).`);
  }
}

function refusal(message: string): DkmError {
  return new DkmError('preflight-refused', message, { hint: 'Name another file: dkm backup --to FILE' });
}

function failureOf(error: unknown, file: string, signal: AbortSignal): unknown {
  if (signal.aborted) return new DkmError('interrupted', 'Interrupted; no backup was made.', { cause: error });
  if (error instanceof DkmError || systemCodeOf(error) === undefined) return error;
  const full = systemCodeOf(error) === 'ENOSPC' ? ' The disk is full.' : '';
  return new DkmError('backup-failed', `${file} could not be made: ${messageOf(error)}.${full} Nothing of it was kept.`, { cause: error });
}
