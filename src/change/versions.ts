import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isNotFound, systemCodeOf } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import { BUNDLE_FILE, readBundle } from '../contract/bundle.ts';
import type { Place } from '../contract/change-journal.ts';
import { readSnapshot, type Snapshot } from '../contract/snapshot.ts';

/*
 * The versions in versions/: one is in use, earlier ones are kept together with a snapshot of what the installation was
 * when it left them. Each snapshot names the version that came after: from the present one they lead backwards.
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

/** The versions before the present one, the last one first, as far as their snapshots lead. */
export async function keptVersions(layout: Layout): Promise<KeptVersion[]> {
  const snapshots = await allSnapshots(layout);
  const kept: KeptVersion[] = [];
  const seen = new Set<string>();
  for (let folder = currentFolder(layout); folder !== undefined; ) {
    seen.add(folder);
    const before = snapshots.find(({ snapshot, place }) => snapshot.to.folder === folder && !seen.has(place.folder));
    if (before === undefined || !existsSync(join(layout.versions, before.place.folder, BUNDLE_FILE))) break;
    kept.push(before);
    folder = before.place.folder;
  }
  return kept;
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

/** Removes the versions that are not among the present one and those before it, `keep` in all, with their snapshots. Returns the folders. */
export async function pruneVersions(layout: Layout, keep: number): Promise<string[]> {
  const present = currentFolder(layout);
  if (present === undefined) return [];
  const staying = [present, ...(await keptVersions(layout)).map(({ place }) => place.folder)].slice(0, keep);
  const removed = readdirSync(layout.versions).filter((name) => !staying.includes(name.replace(/\.snapshot$/, '')) && isOurs(layout, name));
  for (const name of removed) rmSync(join(layout.versions, name), { recursive: true });
  return removed.filter((name) => !name.endsWith('.snapshot'));
}

/** Only what dkm put there is removed: versions and snapshots that were finished. */
function isOurs(layout: Layout, name: string): boolean {
  return existsSync(join(layout.versions, name, name.endsWith('.snapshot') ? 'snapshot.json' : BUNDLE_FILE));
}

/** The version in use, by its bundle. */
export async function presentPlace(layout: Layout, folder: string): Promise<Place> {
  return { version: (await readBundle(join(layout.versions, folder))).version, folder };
}
