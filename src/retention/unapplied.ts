import type { Layout } from '../base/layout.ts';
import { readSettings, type Settings } from '../contract/settings.ts';
import { loadRules } from './rules.ts';
import { hasWhisperStore, storeOf } from './store.ts';
import { survey } from './survey.ts';

/** What a short look found. */
export interface UnappliedRetention {
  /** Files that were looked at. */
  looked: number;
  /** Of these, files that were made by other rules than those in force. */
  differing: number;
  /** What conversions that were cut short left. */
  leftovers: number;
  /** False when there are more files than there was time for; they were taken at random. */
  isComplete: boolean;
  /** One sentence for an administrator; empty when all files are as the rules say. */
  message: string;
}

/**
 * Whether storage-schemas.conf or storage-aggregation.conf were changed and the files that exist are still as the
 * former rules made them. Takes `withinMs` at most, whatever the number of files; undefined where no whisper files are
 * stored. Throws `file-invalid` when the rules cannot be read.
 */
export async function unappliedRetention(
  layout: Layout,
  { withinMs = 1_000, settings }: { withinMs?: number; settings?: Settings } = {},
): Promise<UnappliedRetention | undefined> {
  const present = settings ?? (await readSettings(layout.settings));
  if (!hasWhisperStore(present)) return undefined;
  const store = await storeOf(layout, present);
  const { files, differing, leftovers, isComplete } = await survey(store.directory, await loadRules(store), { withinMs });
  return { looked: files, differing, leftovers, isComplete, message: messageFor(files, differing, leftovers, isComplete) };
}

function messageFor(files: number, differing: number, leftovers: number, isComplete: boolean): string {
  const all = isComplete ? `${files}` : `the ${files} metrics that were looked at`;
  if (differing > 0)
    return `${differing} of ${all} stored metrics are kept by other rules than those in storage-schemas.conf and storage-aggregation.conf; see "dkm retention plan"`.replace(
      'looked at stored metrics',
      'looked at',
    );
  return leftovers > 0 ? 'a change of retentions was cut short; "dkm retention apply" ends it' : '';
}
