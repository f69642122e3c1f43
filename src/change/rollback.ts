import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { existsAs } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { readBundle } from '../contract/bundle.ts';
import type { Place } from '../contract/change-journal.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { loadManifests } from '../manifest/load.ts';
import { restoreDatabase } from './databases.ts';
import { applyEarlier, earlierConfiguration, madeBy, type EarlierChange } from './earlier-configuration.ts';
import { installLog } from './install-log.ts';
import { runningServices, type Running } from './services.ts';
import { SNAPSHOT_PARTS } from './snapshot.ts';
import { restoreGenerated } from './take-back.ts';
import { carryOut, type Change, type ChangeOutcome } from './transaction.ts';
import { replaceLink } from './tree.ts';
import { currentFolder, keptVersions, presentPlace, wayBackTo, type KeptVersion } from './versions.ts';

/*
 * Going back by hand to a version that was kept: the same transaction as an update, with what its snapshot holds in
 * place of what a bundle generates.
 */

/** What a rollback will do, decided before anything is done. */
export interface RollbackIntention {
  from: Place;
  to: Place;
  /** The snapshots on the way there, the last one first. */
  way: KeptVersion[];
  /** As many versions as there are: going back needs no room, so none is removed. */
  keep: number;
  changes: EarlierChange[];
  /** Databases that come from the snapshot, as the program that uses them is of another version there. */
  databases: string[];
  links: Snapshot['links'];
  running: Running;
  /** Services of that version. */
  known: string[];
}

/** Decides what a rollback does. Throws `preflight-refused` when there is no version to go back to, or none of that name. */
export async function rollbackIntention(layout: Layout, wanted: string | undefined): Promise<RollbackIntention> {
  const folder = currentFolder(layout);
  if (folder === undefined) throw refusal(`${layout.current}: expected a link to a folder in versions/.`, 'Make it lead to the version in use.');
  const from = await presentPlace(layout, folder);
  const kept = await keptVersions(layout);
  const way = wayTo(kept, wanted, from);
  const target = way.at(-1)!;
  const { place, snapshot } = target;
  const changed = await changedDatabases(layout, from, target);
  return {
    from,
    to: place,
    way,
    keep: kept.length + 1,
    changes: await changesOn(layout, way),
    databases: changed.filter((path) => snapshot.databases[path] === true),
    links: Object.assign({}, ...way.map((each) => each.snapshot.links)) as Snapshot['links'],
    running: await runningServices(layout),
    known: (await loadManifests(join(layout.versions, place.folder, 'vendor-manifests'))).filter(({ service }) => service).map(({ name }) => name),
  };
}

function changesOn(layout: Layout, way: readonly KeptVersion[]): Promise<EarlierChange[]> {
  return earlierConfiguration(
    layout,
    way.map(({ folder }) => folder),
  );
}

function wayTo(kept: readonly KeptVersion[], wanted: string | undefined, present: Place): KeptVersion[] {
  const versions = kept.map(({ place: { version, folder } }) => (version === folder ? version : folder));
  const there = `Kept are: ${versions.join(', ') || 'none'}.`;
  if (wanted === undefined) {
    const [last] = kept;
    if (last === undefined)
      throw refusal(`There is no version before dkm ${present.version} here to go back to.`, 'Versions are kept by "installer --update".');
    if (last.snapshot.kind === 'update') return [last];
    throw refusal(`dkm ${present.version} is here since a rollback from ${last.place.version}.`, `To go forward again: dkm rollback --to ${last.place.folder}`);
  }
  const target = kept.find(({ place }) => place.folder === wanted || place.version === wanted);
  if (target === undefined) throw refusal(`dkm ${wanted} is not kept here${wanted === present.version ? ': it is the version in use' : ''}.`, there);
  return wayBackTo(target, kept);
}

function refusal(message: string, hint: string): DkmError {
  return new DkmError('preflight-refused', `${message} Nothing was changed.`, { hint });
}

/** Databases of components that have another version there: a newer program may have changed their form. */
async function changedDatabases(layout: Layout, from: Place, { place, snapshot }: KeptVersion): Promise<string[]> {
  const folder = join(layout.versions, place.folder);
  const [there, here, manifests] = await Promise.all([
    readBundle(folder),
    readBundle(join(layout.versions, from.folder)),
    loadManifests(join(folder, 'vendor-manifests')),
  ]);
  const isSameVersion = (name: string): boolean => {
    const versions = [there, here].map(({ components }) => components.find((component) => component.name === name)?.version);
    return versions[0] !== undefined && versions[0] === versions[1];
  };
  return manifests.filter(({ name }) => !isSameVersion(name)).flatMap(({ backup }) => backup.sqlite.filter((path) => path in snapshot.databases));
}

export interface RollbackOptions extends Pick<Change, 'signal' | 'onStep'> {
  watchMs: number;
}

/** Carries a rollback out; when it fails, the present version is there as it was. The caller holds the install lock. */
export function carryOutRollback(layout: Layout, intention: RollbackIntention, { signal, onStep, watchMs }: RollbackOptions): Promise<ChangeOutcome> {
  const { from, to, way, keep, changes, running, known, links } = intention;
  const ran = running.wanted.map(({ name }) => name);
  const start = [...new Set([...ran.filter((name) => known.includes(name)), ...comingBack(way, ran, known)])];
  return carryOut({
    layout,
    kind: 'rollback',
    from,
    to,
    places: false,
    makes: madeBy(changes).filter((path) => !existsAs(join(layout.root, path))),
    links: Object.keys(links),
    databases: [...new Set(way.flatMap(({ snapshot }) => Object.keys(snapshot.databases)))],
    services: { ran, start, required: start.filter((name) => running.well.includes(name)), first: ran },
    watchMs,
    keep,
    signal,
    place: () => Promise.resolve(),
    configure: () => configure(layout, intention),
    onStep,
    log: installLog(layout.installLog),
  });
}

/** Services of the earlier version that took the part of one which is not known there. */
function comingBack(way: readonly KeptVersion[], ran: readonly string[], known: readonly string[]): string[] {
  if (ran.every((name) => known.includes(name))) return [];
  return way.at(-1)?.snapshot.ran.filter((name) => known.includes(name)) ?? [];
}

async function configure(layout: Layout, intention: RollbackIntention): Promise<void> {
  const { way, databases, links } = intention;
  const target = way.at(-1)!;
  // Looked at again: while the services were stopped, or somebody was asked, a file may have been edited.
  intention.changes = await changesOn(layout, way);
  await applyEarlier(layout, intention.changes);
  await restoreGenerated(layout, target.folder);
  for (const path of databases) await restoreDatabase(layout, path, join(target.folder, SNAPSHOT_PARTS.databases), true);
  for (const [path, to] of Object.entries(links)) if (path !== 'current') setLink(join(layout.root, path), to);
}

function setLink(path: string, target: string | null): void {
  if (target !== null) replaceLink(path, target);
  else if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(path);
}
