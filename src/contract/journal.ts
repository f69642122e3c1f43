import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import * as z from 'zod';
import { DkmError, isNotFound } from '../base/errors.ts';
import { checked, insidePath, parseJson } from '../base/structured.ts';
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
  const text = textOf(path);
  if (text === undefined) return undefined;
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = complete.split('\n').slice(0, -1);
  return lines.map((line, index) => checked(recordSchema, parseJson(line, `${path} line ${index + 1}`), `${path} line ${index + 1}`));
}

/** What these records amount to. Pure. */
export function journalState(records: readonly JournalRecord[]): JournalState {
  const [begin] = records;
  if (begin?.record !== 'begin') return { kind: 'none' };
  if (records.some(({ record }) => record === 'done')) return { kind: 'done', begin };
  return { kind: 'begun', begin };
}

/** A journal that is being written. */
export interface JournalWriter {
  /** Forgets what the journal held and begins anew. */
  begin: (record: BeginRecord) => void;
  /** Returns when the record is on the disk. */
  append: (record: JournalRecord) => void;
  close: () => void;
}

/** Opens a journal to add to it; a last line that was cut short is removed first. */
export function openJournal(path: string): JournalWriter {
  const file = openSync(path, 'a', 0o600);
  const text = readFileSync(path);
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) truncateSync(path, end);
  const append = (record: JournalRecord): void => {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    const written = writeSync(file, line);
    if (written < line.length) throw new DkmError('install-failed', `${path}: a record could be written in part only; is the disk full?`);
    fsyncSync(file);
  };
  const begin = (record: BeginRecord): void => {
    ftruncateSync(file);
    append(record);
  };
  return { begin, append, close: () => closeSync(file) };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
