import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DkmError, messageOf } from '../base/errors.ts';
import { existsAs } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import type { ChangeBegin, ChangeJournal, ChangeState, ReturnStep } from '../contract/change-journal.ts';
import { readSnapshot, SNAPSHOT_FILE, type Snapshot } from '../contract/snapshot.ts';
import { restoreDatabase } from './databases.ts';
import { keepFailedLogs } from './failed-logs.ts';
import type { InstallLog } from './install-log.ts';
import { startServices, stopEverything } from './services.ts';
import { SNAPSHOT_PARTS } from './snapshot.ts';
import { removeIfEmpty, removeTemporaries, replaceLink, restoreFile, restoreTree } from './tree.ts';
import { pendingSnapshot } from './versions.ts';

/** What came of taking a change back. */
export interface TakenBack {
  /** Where the new version's logs are; where it was started at all. */
  logs?: string;
  /** Services that ran before and did not start again, with the reason. */
  servicesNotStarted: Map<string, string>;
  /** Directories that the new version made and filled; they are not removed. */
  leftBehind: string[];
}

type Unfinished = Extract<ChangeState, { kind: 'unfinished' }>;

/**
 * Makes everything as it was before a change, whatever of it was done. Each step may be done again, so that one that is
 * interrupted here is done from the beginning by whoever comes next. Throws when something could not be made as it was;
 * the journal is left unfinished then, and the snapshot stays.
 */
export async function takeBack(layout: Layout, { begin, reached }: Unfinished, journal: ChangeJournal, log: InstallLog, start = true): Promise<TakenBack> {
  const step = stepper(journal, log);
  const snapshot = await readSnapshot(pendingSnapshot(layout));
  if (snapshot === undefined && reached.has('stop')) throw lostSnapshot(layout);
  if (reached.has('stop')) await step('stop', () => stopEverything(layout));
  const logs = reached.has('start') ? await step('keep-logs', () => keepLogs(layout, begin, log)) : undefined;
  if (snapshot) await step('switch', () => Promise.resolve(restoreLinks(layout, snapshot)));
  const leftBehind = await step('remove', () => Promise.resolve(removeMade(layout, begin)));
  if (snapshot && reached.has('configure')) await step('configuration', () => restoreConfiguration(layout));
  if (snapshot && mayHaveTouchedDatabases(begin, reached)) await step('databases', () => restoreDatabases(layout, snapshot));
  const servicesNotStarted = reached.has('stop') && start ? await step('start', () => startServices(layout, begin.ran)) : new Map<string, string>();
  journal.append({ record: 'end', at: new Date().toISOString(), result: 'taken-back' });
  log.add(`dkm ${begin.from.version} is back as it was`);
  return { ...(logs !== undefined && { logs }), servicesNotStarted, leftBehind };
}

/** Without it everything would be left as the change made it, and called taken back. */
function lostSnapshot(layout: Layout): DkmError {
  return new DkmError('change-failed', `${join(pendingSnapshot(layout), SNAPSHOT_FILE)}, by which it would be taken back, is missing.`);
}

/** The new version, once it is started; a rollback puts databases of the earlier version in place before that. */
function mayHaveTouchedDatabases({ kind }: ChangeBegin, reached: Unfinished['reached']): boolean {
  return reached.has('start') || (kind === 'rollback' && reached.has('configure'));
}

/** Does a step and says so in the journal, as far as there is room: what is to be done does not depend on these records. */
function stepper(journal: ChangeJournal, log: InstallLog): <T>(name: ReturnStep, work: () => Promise<T>) => Promise<T> {
  return async (name, work) => {
    try {
      journal.append({ record: 'return', at: new Date().toISOString(), step: name });
    } catch (error) {
      log.add(`the journal cannot be written: ${messageOf(error)}`);
    }
    log.add(`going back: ${name}`);
    return work();
  };
}

/** Logs are for people to look at later; a full disk that has no room for them must not keep the old version from coming back. */
async function keepLogs(layout: Layout, begin: ChangeBegin, log: InstallLog): Promise<string | undefined> {
  try {
    return await keepFailedLogs(layout, begin);
  } catch (error) {
    log.add(`the logs of dkm ${begin.to.version} could not be kept apart: ${messageOf(error)}`);
    return undefined;
  }
}

function restoreLinks(layout: Layout, { links }: Snapshot): void {
  for (const [path, target] of Object.entries(links)) {
    const absolute = join(layout.root, path);
    rmSync(`${absolute}.new`, { force: true });
    if (target !== null) replaceLink(absolute, target);
    else if (lstatSync(absolute, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(absolute);
  }
}

/** The new version's folder, and what was made for it; returns directories that are not empty. First, as it makes room. */
function removeMade(layout: Layout, { to, from, places, makes }: ChangeBegin): string[] {
  if (places && to.folder !== from.folder) rmSync(join(layout.versions, to.folder), { recursive: true, force: true });
  for (const path of makes.toReversed()) {
    const absolute = join(layout.root, path);
    if (lstatSync(absolute, { throwIfNoEntry: false })?.isDirectory()) removeIfEmpty(absolute);
    else rmSync(absolute, { force: true });
  }
  removeTemporaries(layout.conf);
  removeTemporaries(layout.run, false);
  removeTemporaries(layout.generatedTexts);
  return makes.filter((path) => existsAs(join(layout.root, path)));
}

async function restoreConfiguration(layout: Layout): Promise<void> {
  const snapshot = pendingSnapshot(layout);
  await restoreTree(join(snapshot, SNAPSHOT_PARTS.conf), layout.conf);
  await restoreGenerated(layout, snapshot);
}

/** run/generated* as they are in a snapshot. */
export async function restoreGenerated(layout: Layout, snapshot: string): Promise<void> {
  const [digests, texts] = [join(snapshot, SNAPSHOT_PARTS.generated), join(snapshot, SNAPSHOT_PARTS.generatedTexts)];
  if (existsAs(texts)) await restoreTree(texts, layout.generatedTexts, { exact: true });
  else rmSync(layout.generatedTexts, { recursive: true, force: true });
  if (existsAs(digests)) await restoreFile(digests, layout.generated);
  else rmSync(layout.generated, { force: true });
}

async function restoreDatabases(layout: Layout, { databases }: Snapshot): Promise<void> {
  const folder = join(pendingSnapshot(layout), SNAPSHOT_PARTS.databases);
  for (const [path, wasThere] of Object.entries(databases)) await restoreDatabase(layout, path, folder, wasThere);
}
