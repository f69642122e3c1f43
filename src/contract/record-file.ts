import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type * as z from 'zod';
import { DkmError } from '../base/errors.ts';
import { readIfPresentSync, syncDirectory } from '../base/files.ts';
import { checked, parseJson } from '../base/structured.ts';

/*
 * A file of records, one JSON value per line, each on the disk before what it announces is done. What a crash cut
 * short is the last line, and counts as not written.
 */

/** Reads a file of records; undefined when there is no such file. */
export function readRecords<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema>[] | undefined {
  const text = readIfPresentSync(path);
  if (text === undefined) return undefined;
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = complete.split('\n').slice(0, -1);
  return lines.map((line, index) => checked(schema, parseJson(line, `${path} line ${index + 1}`), `${path} line ${index + 1}`));
}

/** A file of records that is being written; `First` is the record that each account begins with. */
export interface RecordWriter<All, First extends All> {
  /** Forgets what the file held and begins anew. */
  begin: (record: First) => void;
  /** Returns when the record is on the disk; a record that cannot be written whole leaves nothing. */
  append: (record: All) => void;
  close: () => void;
}

/** Opens a file of records to add to it; a last line that was cut short is removed first. */
export function openRecords<All, First extends All>(path: string): RecordWriter<All, First> {
  const file = openSync(path, 'a', 0o600);
  syncDirectory(dirname(path)); // records of a file that has no name after a power failure are lost
  const text = readFileSync(path);
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) truncateSync(path, end);
  const append = (record: All): void => appendLine(file, path, `${JSON.stringify(record)}\n`);
  const begin = (record: First): void => {
    ftruncateSync(file);
    append(record);
  };
  return { begin, append, close: () => closeSync(file) };
}

function appendLine(file: number, path: string, text: string): void {
  const before = fstatSync(file).size;
  try {
    const line = Buffer.from(text);
    const written = writeSync(file, line);
    if (written < line.length) throw new DkmError('install-failed', `${path}: a record could be written in part only; is the disk full?`);
    fsyncSync(file);
  } catch (error) {
    ftruncateSync(file, before); // or the next record would be added to half a line
    throw error;
  }
}
