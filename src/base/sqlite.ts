import { rm } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { DkmError, messageOf } from './errors.ts';

/** How long a writer may keep the database to itself before the copy gives up. */
const BUSY_TIMEOUT_MS = 10_000;
/** A change made by another process starts the copy anew, so a step takes as much as it can: 100,000 pages are 400 MiB. */
const PAGES_PER_STEP = 100_000;

/**
 * Copies a SQLite database in one consistent state, also while its owner writes to it: SQLite's online backup
 * (https://www.sqlite.org/backup.html). Everything committed before the call is in the copy. What was committed but is
 * still in the write-ahead log is in it too, so `to` stands alone. The copy is checked; a damaged one is removed and
 * throws `file-invalid`, as does a file that is no database.
 */
export async function copySqlite(from: string, to: string): Promise<void> {
  try {
    await copy(from, to);
    checkIntegrity(to);
  } catch (error) {
    for (const path of [to, ...companionsOf(to)]) await rm(path, { force: true });
    if (error instanceof DkmError) throw error;
    throw new DkmError('file-invalid', `${from} could not be copied: ${messageOf(error)}.`, {
      cause: error,
      hint: 'Is it a SQLite database, and may this user read it?',
    });
  }
  for (const path of companionsOf(to)) await rm(path, { force: true });
}

/** The files that SQLite keeps beside a database; without it they mean nothing, and beside another one they do harm. */
export function companionsOf(database: string): string[] {
  return ['-wal', '-shm', '-journal'].map((ending) => `${database}${ending}`);
}

async function copy(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    await backup(source, to, { rate: PAGES_PER_STEP });
  } finally {
    source.close();
  }
}

function checkIntegrity(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
    const faults = rows.map(({ integrity_check: fault }) => fault).filter((fault) => fault !== 'ok');
    if (faults.length > 0) throw new DkmError('file-invalid', `The copy of a database failed SQLite's integrity check: ${faults.slice(0, 3).join('; ')}.`);
  } finally {
    database.close();
  }
}
