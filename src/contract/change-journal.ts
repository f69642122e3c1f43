import * as z from 'zod';
import { insidePath } from '../base/structured.ts';
import { openRecords, readRecords, type RecordWriter } from './record-file.ts';

/*
 * `run/change.journal`: a change of version that is under way. One record per step, each on the disk before the step
 * begins. Who finds one without an end takes the change back: the installer, and every dkm command that changes
 * something. A finished change removes it.
 */

const at = z.string();
const inside = insidePath('the installed directory');
/** The name of a folder in versions/. */
const folder = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'expected the name of a folder in versions/');

/** A version, and the folder in versions/ that holds it. */
export const placeSchema = z.strictObject({ version: z.string(), folder });

/** What a change does, in this order. */
export const CHANGE_STEPS = ['place', 'snapshot', 'stop', 'copy-databases', 'configure', 'switch', 'start', 'watch'] as const;
/** What taking it back does, in this order. */
export const RETURN_STEPS = ['stop', 'keep-logs', 'switch', 'remove', 'configuration', 'databases', 'start'] as const;

const beginRecord = z.strictObject({
  record: z.literal('begin'),
  schema: z.literal(1),
  at,
  kind: z.enum(['update', 'rollback']),
  from: placeSchema,
  to: placeSchema,
  /** True when the change itself fills the new version's folder, so that taking it back removes that. */
  places: z.boolean(),
  /** What the change may make that was not there before, outermost first: taking it back removes it, directories only when empty. */
  makes: z.array(inside),
  /** Services that ran before. */
  ran: z.array(z.string()),
  /** How many versions stay when the change is done, the new one among them. */
  keep: z.number().int().min(1),
});
const stepRecord = z.strictObject({ record: z.literal('step'), at, step: z.enum(CHANGE_STEPS) });
/** A step of taking the change back. */
const returnRecord = z.strictObject({ record: z.literal('return'), at, step: z.enum(RETURN_STEPS) });
const endRecord = z.strictObject({ record: z.literal('end'), at, result: z.enum(['done', 'taken-back']) });
const recordSchema = z.discriminatedUnion('record', [beginRecord, stepRecord, returnRecord, endRecord]);

export type Place = z.output<typeof placeSchema>;
export type ChangeStep = (typeof CHANGE_STEPS)[number];
export type ReturnStep = (typeof RETURN_STEPS)[number];
export type ChangeBegin = z.output<typeof beginRecord>;
export type ChangeRecord = z.output<typeof recordSchema>;
export type ChangeJournal = RecordWriter<ChangeRecord, ChangeBegin>;

/** What a change's journal says. */
export type ChangeState =
  | { kind: 'none' }
  /** Not finished; `reached` are its steps that were begun. */
  | { kind: 'unfinished'; begin: ChangeBegin; reached: ReadonlySet<ChangeStep> }
  /** Finished one way or the other; only tidying up may be left. */
  | { kind: 'ended'; begin: ChangeBegin; result: 'done' | 'taken-back' };

/** Reads run/change.journal. */
export function readChange(path: string): ChangeState {
  return changeState(readRecords(path, recordSchema) ?? []);
}

/** What these records amount to. Pure. */
export function changeState(records: readonly ChangeRecord[]): ChangeState {
  const [begin] = records;
  if (begin?.record !== 'begin') return { kind: 'none' };
  const end = records.find((record) => record.record === 'end');
  if (end) return { kind: 'ended', begin, result: end.result };
  const reached = new Set(records.flatMap((record) => (record.record === 'step' ? [record.step] : [])));
  return { kind: 'unfinished', begin, reached };
}

/** Opens run/change.journal to add to it. */
export function openChange(path: string): ChangeJournal {
  return openRecords(path);
}
