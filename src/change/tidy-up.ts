import { renameSync, rmSync } from 'node:fs';
import { existsAs, syncDirectory } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { readChange } from '../contract/change-journal.ts';
import { pendingSnapshot, pruneVersions, snapshotFolder, type Pruned } from './versions.ts';

/**
 * What remains when a change has ended: its snapshot becomes that of the version that was left, or goes; versions that
 * are not kept go, as far as they can be removed; the journal goes last. Done again it ends in the same.
 */
export async function tidyUp(layout: Layout): Promise<Pruned> {
  const state = readChange(layout.changeJournal);
  if (state.kind === 'unfinished') return { removed: [], failed: [] };
  const pending = pendingSnapshot(layout);
  let pruned: Pruned = { removed: [], failed: [] };
  if (state.kind === 'ended' && state.result === 'done') {
    const { from, to, keep } = state.begin;
    if (existsAs(pending)) {
      rmSync(snapshotFolder(layout, from.folder), { recursive: true, force: true });
      renameSync(pending, snapshotFolder(layout, from.folder));
    }
    // What the version in use was when it was left once is of no use while it is in use.
    rmSync(snapshotFolder(layout, to.folder), { recursive: true, force: true });
    pruned = await pruneVersions(layout, keep);
  }
  rmSync(pending, { recursive: true, force: true });
  syncDirectory(layout.versions);
  rmSync(layout.changeJournal, { force: true });
  return pruned;
}
