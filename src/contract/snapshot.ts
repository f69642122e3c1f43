import { join } from 'node:path';
import * as z from 'zod';
import { readIfPresent, writeAtomic } from '../base/files.ts';
import { checked, insidePath, parseJson } from '../base/structured.ts';
import { placeSchema } from './change-journal.ts';

/*
 * `versions/<folder>.snapshot/snapshot.json`: what an installation was when it left a version. Beside it: `conf/` and
 * `generated/` + `generated.json` as they were, `databases/` (copied while nothing ran), and `after/conf/`, the
 * configuration as the change made it, against which later edits are told.
 */

const inside = insidePath('the installed directory');

const snapshotSchema = z.strictObject({
  schema: z.literal(1),
  at: z.string(),
  /** How it was left. */
  kind: z.enum(['update', 'rollback']),
  /** The version that was left. */
  from: placeSchema,
  /** The version that took its place. */
  to: placeSchema,
  /** Services that ran then. */
  ran: z.array(z.string()),
  /** Every link of the installation by its path, with where it led; null where there was none and the change may make one. */
  links: z.record(inside, z.string().nullable()),
  /** SQLite databases by their paths; false where there was none. */
  databases: z.record(inside, z.boolean()),
});

export type Snapshot = z.output<typeof snapshotSchema>;

export const SNAPSHOT_FILE = 'snapshot.json';

/** Reads a snapshot folder's snapshot.json; undefined when it has none, which means that it was not finished. */
export async function readSnapshot(folder: string): Promise<Snapshot | undefined> {
  const path = join(folder, SNAPSHOT_FILE);
  const text = await readIfPresent(path);
  return text === undefined ? undefined : checked(snapshotSchema, parseJson(text, path), path);
}

/** Writes snapshot.json, last of what a snapshot consists of. */
export async function writeSnapshot(folder: string, snapshot: Snapshot): Promise<void> {
  await writeAtomic(join(folder, SNAPSHOT_FILE), `${JSON.stringify(snapshot, null, 1)}\n`);
}
