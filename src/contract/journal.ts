import * as z from 'zod';
import { insidePath } from '../base/structured.ts';
import { openRecords, readRecords, type RecordWriter } from './record-file.ts';
import { settingsSchema } from './settings.ts';

/*
 * `run/install.journal`: one JSON record per line, each on the disk before the next step begins. It tells a later
 * installer what an interrupted one was about to make, so that it can be completed or taken away, and nothing else.
 */

const at = z.string();

const beginRecord = z.strictObject({
  record: z.literal('begin'),
  schema: z.literal(1),
  at,
  version: z.string(),
  /** SHA-256 of the bundle's bundle.json, which names every file's digest. */
  bundle: z.string(),
  /** Directories that had to be made to have the installed directory at all, outermost first; absolute. */
  madeAbove: z.array(z.string()),
  settings: settingsSchema,
  /** What the steps make, in their order; paths relative to the installed directory, and inside it: undoing removes them. */
  steps: z.array(z.strictObject({ kind: z.string(), path: insidePath('the installed directory') })),
  /** Which of these paths were there before, left by an uninstalled dkm: undoing lets them be. */
  adopted: z.array(z.string()).optional(),
});
const stepRecord = z.strictObject({ record: z.literal('step'), at, /** Index into the begin record's steps. */ step: z.number().int().nonnegative() });
const doneRecord = z.strictObject({ record: z.literal('done'), at });
const recordSchema = z.discriminatedUnion('record', [beginRecord, stepRecord, doneRecord]);

export type BeginRecord = z.output<typeof beginRecord>;
export type JournalRecord = z.output<typeof recordSchema>;

/** What a journal says: nothing yet, an installation that was not finished, or one that was. */
export type JournalState = { kind: 'none' } | { kind: 'begun'; begin: BeginRecord } | { kind: 'done'; begin: BeginRecord };

/** Reads a journal; a last line that was cut short counts as not written. Undefined when there is no such file. */
export function readJournal(path: string): JournalRecord[] | undefined {
  return readRecords(path, recordSchema);
}

/** What these records amount to. Pure. */
export function journalState(records: readonly JournalRecord[]): JournalState {
  const [begin] = records;
  if (begin?.record !== 'begin') return { kind: 'none' };
  if (records.some(({ record }) => record === 'done')) return { kind: 'done', begin };
  return { kind: 'begun', begin };
}

/** A journal that is being written. */
export type JournalWriter = RecordWriter<JournalRecord, BeginRecord>;

/** Opens a journal to add to it; a last line that was cut short is removed first. */
export function openJournal(path: string): JournalWriter {
  return openRecords(path);
}
