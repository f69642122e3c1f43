import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeIfEmpty } from '../change/tree.ts';
import { startServices, stopEverything } from '../change/services.ts';
import type { Layout } from '../base/layout.ts';
import type { RestoreBegin, RestoreJournal, RestoreState } from '../contract/restore-journal.ts';
import { exchangeBack } from './move.ts';

type Unfinished = Extract<RestoreState, { kind: 'unfinished' }>;

/** What came of taking a restore back. */
export interface TakenBack {
  /** Services that ran before and did not start again, with the reason. */
  servicesNotStarted: Map<string, string>;
}

/**
 * Makes everything as it was before a restore, however far it got, and starts what ran before unless `start` is false.
 * Each step may be done again. Throws when that fails; the journal stays unfinished then.
 */
export async function takeBackRestore(layout: Layout, { begin, moves, reached }: Unfinished, journal: RestoreJournal, start = true): Promise<TakenBack> {
  if (reached.has('start')) await stopEverything(layout);
  if (reached.has('move')) for (const move of moves.toReversed()) await exchangeBack(layout, begin, move);
  // A killed restore may leave a "dkm start" behind that had only begun.
  if (reached.has('start')) await stopEverything(layout);
  const servicesNotStarted = reached.has('stop') && start ? await startServices(layout, begin.ran) : new Map<string, string>();
  removeStaging(layout, begin);
  removeEmptyFolders(layout, begin, moves);
  journal.append({ record: 'end', at: new Date().toISOString(), result: 'taken-back' });
  return { servicesNotStarted };
}

/** Takes away what a restore that ended has no use for any more, its journal last. */
export function tidyUpRestore(layout: Layout, begin: RestoreBegin): void {
  removeStaging(layout, begin);
  rmSync(layout.restoreJournal, { force: true });
}

function removeStaging(layout: Layout, { staging }: RestoreBegin): void {
  rmSync(join(layout.root, staging), { recursive: true, force: true });
}

/** The folder for what was put aside, from which everything was taken back. */
function removeEmptyFolders(layout: Layout, { kept }: RestoreBegin, moves: Unfinished['moves']): void {
  const above = moves.flatMap(({ path }) => path.split('/').map((_, depth, names) => names.slice(0, depth).join('/')));
  for (const folder of [...new Set(above)].sort().toReversed()) removeIfEmpty(join(layout.root, kept, folder));
  removeIfEmpty(join(layout.root, kept));
}
