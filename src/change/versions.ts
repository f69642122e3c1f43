import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isNotFound, messageOf, systemCodeOf } from '../base/errors.ts';
import { byCodeUnits, existsAs } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { BUNDLE_FILE, readBundle } from '../contract/bundle.ts';
import type { Place } from '../contract/change-journal.ts';
import { readSnapshot, type Snapshot } from '../contract/snapshot.ts';

/*
 * The versions in versions/: one is in use, others are kept together with a snapshot of what the installation was when
 * it left them. Each snapshot names the version that came after: from the present one they lead backwards, on more than
 * one way where a version was come to by an update and by a rollback.
 */

/** The folder of a version's snapshot. */
export function snapshotFolder(layout: Layout, folder: string): string {
  return join(layout.versions, `${folder}.snapshot`);
}

/** The snapshot of a change that is under way, until it is done. */
export function pendingSnapshot(layout: Layout): string {
  return join(layout.versions, 'change.snapshot');
}

/** The folder in versions/ that is in use; undefined when `current` is missing or leads elsewhere. */
export function currentFolder(layout: Layout): string | undefined {
  try {
    const target = readlinkSync(layout.current);
    return target === `versions/${basename(target)}` ? basename(target) : undefined;
  } catch (error) {
    if (isNotFound(error) || systemCodeOf(error) === 'EINVAL') return undefined; // EINVAL: no link
    throw error;
  }
}

/** A version that was left, and can be gone back to. */
export interface KeptVersion {
  place: Place;
  snapshot: Snapshot;
  /** The folder of its snapshot. */
  folder: string;
}

/** The versions before the present one, the last one first, as far as their snapshots lead; each after those on the way to it. */
export async function keptVersions(layout: Layout): Promise<KeptVersion[]> {
  const present = currentFolder(layout);
  if (present === undefined) return [];
  const snapshots = (await allSnapshots(layout)).sort((a, b) => byCodeUnits(b.snapshot.at, a.snapshot.at));
  const kept: KeptVersion[] = [];
  const found = [present];
  for (const folder of found) {
    const before = snapshots.filter(({ snapshot, place }) => snapshot.to.folder === folder && !found.includes(place.folder));
    const there = before.filter(({ place }) => existsSync(join(layout.versions, place.folder, BUNDLE_FILE)));
    kept.push(...there);
    found.push(...there.map(({ place }) => place.folder));
  }
  return kept;
}

/** The versions on the way back to one of the kept ones, the last one first. Pure. */
export function wayBackTo(target: KeptVersion, kept: readonly KeptVersion[]): KeptVersion[] {
  const way: KeptVersion[] = [];
  for (let at: KeptVersion | undefined = target; at !== undefined;) {
    way.unshift(at);
    const next: string = at.snapshot.to.folder;
    at = kept.find(({ place }) => place.folder === next);
  }
  return way;
}

async function allSnapshots(layout: Layout): Promise<KeptVersion[]> {
  const folders = readdirSync(layout.versions).filter((name) => name.endsWith('.snapshot') && name !== 'change.snapshot');
  const read = await Promise.all(
    folders.map(async (name) => {
      const folder = join(layout.versions, name);
      const snapshot = await readSnapshot(folder);
      return snapshot && snapshotFolder(layout, snapshot.from.folder) === folder ? [{ place: snapshot.from, snapshot, folder }] : [];
    }),
  );
  return read.flat();
}

/** What became of versions that are not kept any more. */
export interface Pruned {
  /** Folders of the versions that were removed. */
  removed: string[];
  /** Why others could not be. */
  failed: string[];
}

/** Removes the versions that are not among the present one and those before it, `keep` in all, with their snapshots. */
export async function pruneVersions(layout: Layout, keep: number): Promise<Pruned> {
  const present = currentFolder(layout);
  if (present === undefined) return { removed: [], failed: [] };
  const staying = [present, ...(await keptVersions(layout)).map(({ place }) => place.folder)].slice(0, keep);
  const going = readdirSync(layout.versions).filter((name) => !staying.includes(name.replace(/\.snapshot$/, '')) && isOurs(layout, name));
  const failed = going.flatMap((name) => removalFailure(join(layout.versions, name)) ?? []);
  return { removed: going.filter((name) => !name.endsWith('.snapshot') && !existsAs(join(layout.versions, name))), failed };
}

/** A program of it that was run as root may have left files that are root's. */
function removalFailure(path: string): string | undefined {
  try {
    rmSync(path, { recursive: true });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Only what dkm put there is removed: versions and snapshots that were finished. */
function isOurs(layout: Layout, name: string): boolean {
  return existsSync(join(layout.versions, name, name.endsWith('.snapshot') ? 'snapshot.json' : BUNDLE_FILE));
}

/** The version in use, by its bundle. */
export async function presentPlace(layout: Layout, folder: string): Promise<Place> {
  return { version: (await readBundle(join(layout.versions, folder))).version, folder };
}
