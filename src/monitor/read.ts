import { readFileSync, readdirSync } from 'node:fs';
import { dirname, basename, join } from 'node:path';
import { isFlag, isListOf, isNumber, isRecordWith, isText } from '../base/shape.ts';
import type { Layout } from '../base/layout.ts';
import type { PromiseState } from '../contract/promise.ts';
import { fromDate } from './dates.ts';
import { monitorTree, promiseFiles, titleOf, type PromiseFiles } from './tree.ts';

/*
 * What the tree tells others: histories and daily statistics. Everything here is tolerant, as files may be missing,
 * written by the original tools, or damaged.
 */

/** A change of a promise: of its state, or of its message alone. */
export interface HistoryEntry {
  /** When it was found, milliseconds since the epoch. */
  atMs: number;
  state: PromiseState;
  message: string;
  /** Since when it is in this state. */
  sinceMs: number;
  executionTimeMs: number;
}

/** Runs of one day, as the histories told them when they were counted. */
export interface DayStatistics {
  /** YYYY-MM-DD, UTC. */
  day: string;
  ok: number;
  failed: number;
}

/** An entry of history.json as the original state builder writes it; ours adds `state` where it is `no-data`. */
export interface HistoryRecord {
  title?: string;
  name?: string;
  'execution-time': number;
  status: 'OK' | 'ERROR';
  failed: boolean;
  date: string;
  message: string;
  'change-date': string;
  state?: string;
}

export const isHistoryRecord = isRecordWith(
  {
    status: isText,
    date: isText,
    'change-date': isText,
  },
  { message: isText, 'execution-time': isNumber, failed: isFlag },
);

/** { date, data }: how the original tools keep lists in JSON. Undefined when the text is none. */
export function parseDataFile(text: string): { date: number; data: unknown[] } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecordWith({ data: isListOf(() => true) })(value) ? (value as { date: number; data: unknown[] }) : undefined;
  } catch {
    return undefined;
  }
}

/** Changes of a promise that are still kept, the oldest first; none when nothing is known of it. */
export function readHistory(layout: Pick<Layout, 'monitor'>, id: string): HistoryEntry[] {
  const current = candidates(layout, id).find(({ history }) => isAbout(history, id));
  if (current === undefined) return [];
  return [...archivesOf(current.history), current.history].flatMap(recordsOf).flatMap(entryOf);
}

/** Counts by day of a promise, the oldest first; none when nothing is known of it. */
export function readStatistics(layout: Pick<Layout, 'monitor'>, id: string): DayStatistics[] {
  const current = candidates(layout, id).find(({ history }) => isAbout(history, id));
  const data = current === undefined ? undefined : parseDataFile(read(current.statistics))?.data;
  const days = new Map<string, DayStatistics>();
  for (const each of data ?? []) {
    if (!isRecordWith({ date: isText, message: isRecordWith({ OK: isNumber, ERROR: isNumber }) })(each)) continue;
    const { date, message } = each as { date: string; message: { OK: number; ERROR: number } };
    const day = days.get(date.slice(0, 10)) ?? { day: date.slice(0, 10), ok: 0, failed: 0 };
    days.set(day.day, { ...day, ok: day.ok + message.OK, failed: day.failed + message.ERROR });
  }
  return [...days.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** A history is rotated to this name followed by the day: it must not end as one does, or the original state builder takes it for a vanished promise's. */
export const ARCHIVE_MARK = '-';

/** The rotated histories of a history, the oldest first. */
export function archivesOf(history: string): string[] {
  const prefix = `${basename(history)}${ARCHIVE_MARK}`;
  try {
    return readdirSync(dirname(history))
      .filter((name) => name.startsWith(prefix) && /^\d{8}(\.\d+)?$/.test(name.slice(prefix.length)))
      .sort()
      .map((name) => join(dirname(history), name));
  } catch {
    return [];
  }
}

/** Under its title, or under its whole name where another has the same title. */
function candidates(layout: Pick<Layout, 'monitor'>, id: string): PromiseFiles[] {
  const tree = monitorTree(layout);
  return [id, titleOf(id)].map((title) => promiseFiles(tree, id, title));
}

/** The first entry of a history names the promise. */
function isAbout(history: string, id: string): boolean {
  const [first] = parseDataFile(read(history))?.data ?? [];
  return (first as { name?: unknown } | undefined)?.name === id;
}

function recordsOf(path: string): HistoryRecord[] {
  return (parseDataFile(read(path))?.data ?? []).filter((each): each is HistoryRecord => isHistoryRecord(each));
}

function entryOf(record: HistoryRecord): HistoryEntry[] {
  const [atMs, sinceMs] = [fromDate(record.date), fromDate(record['change-date'])];
  if (atMs === undefined) return [];
  const state: PromiseState = record.status === 'OK' ? 'ok' : record.state === 'no-data' ? 'no-data' : 'failed';
  return [{ atMs, state, message: record.message ?? '', sinceMs: sinceMs ?? atMs, executionTimeMs: Math.round((record['execution-time'] ?? 0) * 1000) }];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
