import * as z from 'zod';
import { insidePath } from '../base/structured.ts';
import { openRecords, readRecords, type RecordWriter } from './record-file.ts';

/*
 * `run/restore.journal`: a restore in place that is under way. One record per step, each on the disk before the step
 * begins. Who finds one without an end takes the restore back. A finished restore removes it.
 */

const at = z.string();
const inside = insidePath('the installed directory');

/** What a restore does after it has read the backup, in this order. */
export const RESTORE_STEPS = ['stop', 'move', 'start'] as const;

const moveSchema = z.strictObject({
  /** What is replaced. */
  path: inside,
  /** True when something was there before. */
  present: z.boolean(),
  /** True when the backup has something for it. */
  staged: z.boolean(),
});

const beginRecord = z.strictObject({
  record: z.literal('begin'),
  schema: z.literal(1),
  at,
  /** The backup's file. */
  file: z.string(),
  /** Where the backup is unpacked. */
  staging: inside,
  /** Where what was there before is kept. */
  kept: inside,
  /** Services that ran before. */
  ran: z.array(z.string()),
});
const movesRecord = z.strictObject({ record: z.literal('moves'), at, moves: z.array(moveSchema) });
const stepRecord = z.strictObject({ record: z.literal('step'), at, step: z.enum(RESTORE_STEPS) });
const endRecord = z.strictObject({ record: z.literal('end'), at, result: z.enum(['done', 'taken-back']) });
const recordSchema = z.discriminatedUnion('record', [beginRecord, movesRecord, stepRecord, endRecord]);

export type RestoreStep = (typeof RESTORE_STEPS)[number];
export type RestoreMove = z.output<typeof moveSchema>;
export type RestoreBegin = z.output<typeof beginRecord>;
export type RestoreRecord = z.output<typeof recordSchema>;
export type RestoreJournal = RecordWriter<RestoreRecord, RestoreBegin>;

/** What a restore's journal says; `moves` is empty until it was decided what is replaced. */
export type RestoreState =
  | { kind: 'none' }
  | { kind: 'unfinished'; begin: RestoreBegin; moves: RestoreMove[]; reached: ReadonlySet<RestoreStep> }
  /** Only tidying up may be left. */
  | { kind: 'ended'; begin: RestoreBegin; result: 'done' | 'taken-back' };

/** Reads run/restore.journal. */
export function readRestore(path: string): RestoreState {
  return restoreState(readRecords(path, recordSchema) ?? []);
}

/** What these records amount to. Pure. */
export function restoreState(records: readonly RestoreRecord[]): RestoreState {
  const [begin] = records;
  if (begin?.record !== 'begin') return { kind: 'none' };
  const end = records.find((record) => record.record === 'end');
  if (end) return { kind: 'ended', begin, result: end.result };
  const moves = records.flatMap((record) => (record.record === 'moves' ? record.moves : []));
  const reached = new Set(records.flatMap((record) => (record.record === 'step' ? [record.step] : [])));
  return { kind: 'unfinished', begin, moves, reached };
}

/** Opens run/restore.journal to add to it. */
export function openRestore(path: string): RestoreJournal {
  return openRecords(path);
}
