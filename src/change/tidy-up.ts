import { renameSync, rmSync } from 'node:fs';
import { existsAs } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { readChange } from '../contract/change-journal.ts';
import { pendingSnapshot, pruneVersions, snapshotFolder } from './versions.ts';

/**
 * What remains when a change has ended: its snapshot becomes that of the version that was left, or goes; versions that
 * are not kept go; the journal goes last. Returns the folders of the versions that went. Done again it ends in the same.
 */
export async function tidyUp(layout: Layout): Promise<string[]> {
  const state = readChange(layout.changeJournal);
  if (state.kind === 'unfinished') return [];
  const pending = pendingSnapshot(layout);
  let pruned: string[] = [];
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
  rmSync(layout.changeJournal, { force: true });
  return pruned;
}
