import { readdir, rename, rm } from 'node:fs/promises';
import { readIfPresent } from '../base/files.ts';
import { ARCHIVE_MARK, archivesOf, parseDataFile, type HistoryRecord } from './read.ts';
import { replaceFile, toAsciiJson } from './write.ts';

/*
 * `public/<title>.history.json`: changes of a promise. The original appends to it forever and has logrotate throw it away
 * each week; here it is put aside each week, or sooner when a promise says something else at every run, and four of them
 * are kept. `public/<title>.stats.json` counts its entries by day.
 */

const WEEK_MS = 7 * 86_400_000;
const LARGEST_BYTES = 64 * 1024;
const ARCHIVES = 4;
const DAYS_COUNTED = 400;

/** Adds a change to a history. A missing or broken one is begun anew, and its first entry names the promise. */
export async function addToHistory(path: string, promise: { title: string; name: string }, record: HistoryRecord, nowMs: number): Promise<void> {
  const text = (await readIfPresent(path)) ?? '';
  const kept = parseDataFile(text);
  if (kept === undefined || kept.data.length === 0) return beginHistory(path, promise, record, nowMs);
  if (text.length > LARGEST_BYTES) {
    await putAside(path, nowMs);
    return beginHistory(path, promise, record, nowMs);
  }
  await replaceFile(path, toAsciiJson({ ...kept, data: [...kept.data, record] }));
}

function beginHistory(path: string, { title, name }: { title: string; name: string }, record: HistoryRecord, nowMs: number): Promise<void> {
  return replaceFile(path, toAsciiJson({ date: nowMs / 1000, data: [{ title, name, ...record }] }));
}

/** Puts a history aside that was begun a week ago; true when it did, and a new one is to be begun. */
export async function rotateHistory(path: string, nowMs: number): Promise<boolean> {
  const kept = parseDataFile((await readIfPresent(path)) ?? '');
  if (kept === undefined || !(nowMs - kept.date * 1000 >= WEEK_MS)) return false;
  await putAside(path, nowMs);
  return true;
}

async function putAside(path: string, nowMs: number): Promise<void> {
  const archives = archivesOf(path);
  const day = `${path}${ARCHIVE_MARK}${new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '')}`;
  const free = [day, ...Array.from({ length: ARCHIVES }, (_, index) => `${day}.${index + 1}`)].find((name) => !archives.includes(name));
  // A promise that fills several on one day keeps the last of them.
  await rename(path, free ?? `${day}.${ARCHIVES}`);
  for (const old of archivesOf(path).slice(0, -ARCHIVES)) await rm(old, { force: true });
}

/** One day as monitor.statistic of slapos.toolbox counts it: entries of the history, by status. */
interface DayRecord {
  status: 'OK' | 'ERROR';
  'change-time': number;
  date: string;
  message: { ERROR: number; OK: number };
}

/**
 * Adds the days that have passed since it was last done to a promise's statistics. The original dates each day by the
 * last entry of the whole history, so that all days of a week look like its last one; here each has a date of its own.
 */
export async function countDays(history: string, statistics: string, nowMs: number): Promise<void> {
  const text = (await readIfPresent(statistics)) ?? '';
  const kept = parseDataFile(text) ?? { date: nowMs / 1000, data: [] };
  const counted = lastDay(kept.data);
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const files = await Promise.all([...archivesOf(history), history].map(async (path) => (await readIfPresent(path)) ?? ''));
  const records = files.flatMap((file) => (parseDataFile(file)?.data ?? []) as Partial<HistoryRecord>[]);
  const days = Map.groupBy(records, ({ date }) => (typeof date === 'string' ? date.slice(0, 10) : ''));
  const added = [...days].filter(([day]) => /^\d{4}-/.test(day) && day > counted && day < today).sort(([a], [b]) => (a < b ? -1 : 1));
  if (added.length === 0) return;
  const data = [...kept.data, ...added.map(([, entries]) => dayRecord(entries, nowMs))].slice(-DAYS_COUNTED);
  await replaceFile(statistics, toAsciiJson({ ...kept, data }));
}

function lastDay(data: unknown[]): string {
  const { date } = (data.at(-1) ?? {}) as { date?: unknown };
  return typeof date === 'string' ? date.slice(0, 10) : '';
}

function dayRecord(entries: Partial<HistoryRecord>[], nowMs: number): DayRecord {
  const failed = entries.filter(({ status }) => status === 'ERROR').length;
  return {
    status: failed > 0 ? 'ERROR' : 'OK',
    'change-time': nowMs / 1000,
    date: entries.at(-1)?.date ?? '',
    message: { ERROR: failed, OK: entries.length - failed },
  };
}

/** Removes a promise's history, what was put aside of it, and its statistics. */
export async function removeHistory(history: string, statistics: string): Promise<void> {
  for (const path of [history, statistics, ...archivesOf(history)]) for (const end of ['', '.tmp']) await rm(path + end, { force: true });
}

const HISTORY_FILE = /^(.*)\.(?:history\.json(?:-\d{8}(?:\.\d+)?)?|stats\.json)$/;

/** The titles that have a history, something put aside, or statistics in a folder, from the names of its files. Pure. */
export function titlesWithHistory(names: readonly string[]): Set<string> {
  return new Set(names.flatMap((name) => HISTORY_FILE.exec(name)?.[1] ?? []));
}

/** Names of the regular files of a folder: links and directories in it are somebody's. */
export async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
}
