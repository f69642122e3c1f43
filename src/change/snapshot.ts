import { lstatSync, mkdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { existsAs, syncDirectory } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import type { ChangeBegin } from '../contract/change-journal.ts';
import { writeSnapshot, type Snapshot } from '../contract/snapshot.ts';
import { copyDatabases } from './databases.ts';
import { copyTree, copyWhole, restoreTree, syncFolders } from './tree.ts';
import { pendingSnapshot } from './versions.ts';

/** Where the parts of a snapshot are in its folder. */
export const SNAPSHOT_PARTS = {
  conf: 'conf',
  generated: 'generated.json',
  generatedTexts: 'generated',
  databases: 'databases',
  /** The configuration as the change made it. */
  after: join('after', 'conf'),
  /** How long each log was before the new version wrote to it. */
  logs: 'logs.json',
} as const;

/** The links that every installation has, besides those of its components. */
export const FIXED_LINKS: readonly string[] = ['current', 'bin/dkm', 'bin/dkmadmin'];

/** Copies what a change will touch, as it is; databases are added while nothing runs. */
export async function takeSnapshot(layout: Layout, begin: ChangeBegin, links: readonly string[]): Promise<Snapshot> {
  const folder = pendingSnapshot(layout);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  await copyTree(layout.conf, join(folder, SNAPSHOT_PARTS.conf));
  if (existsAs(layout.generated)) await copyWhole(layout.generated, join(folder, SNAPSHOT_PARTS.generated));
  if (existsAs(layout.generatedTexts)) await copyTree(layout.generatedTexts, join(folder, SNAPSHOT_PARTS.generatedTexts));
  const { kind, at, from, to, ran } = begin;
  const snapshot: Snapshot = { schema: 1, at, kind, from, to, ran, links: linksOf(layout, links), databases: {} };
  await writeSnapshot(folder, snapshot);
  syncFolders(folder);
  syncDirectory(layout.versions);
  return snapshot;
}

/** Takes up what an administrator edited since the snapshot was taken: a file that is open in an editor may be saved at any moment. */
export async function renewConfiguration(layout: Layout): Promise<void> {
  await restoreTree(layout.conf, join(pendingSnapshot(layout), SNAPSHOT_PARTS.conf), { exact: true });
}

/** Adds the databases to a snapshot; nothing may run. */
export async function addDatabases(layout: Layout, snapshot: Snapshot, paths: readonly string[]): Promise<void> {
  const folder = pendingSnapshot(layout);
  const databases = await copyDatabases(layout, paths, join(folder, SNAPSHOT_PARTS.databases));
  await writeSnapshot(folder, { ...snapshot, databases });
  syncFolders(folder);
}

/** Adds the configuration as the change made it: what differs from it later was edited under the new version. */
export async function addConfigurationAfter(layout: Layout): Promise<void> {
  const after = join(pendingSnapshot(layout), SNAPSHOT_PARTS.after);
  rmSync(after, { recursive: true, force: true });
  await copyTree(layout.conf, after);
  for (const folder of [after, layout.conf, layout.generatedTexts]) if (existsAs(folder)) syncFolders(folder);
  for (const folder of [pendingSnapshot(layout), layout.run]) syncDirectory(folder);
}

function linksOf(layout: Layout, paths: readonly string[]): Snapshot['links'] {
  return Object.fromEntries([...new Set([...FIXED_LINKS, ...paths])].map((path) => [path, targetOf(join(layout.root, path))]));
}

function targetOf(path: string): string | null {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : null;
}
