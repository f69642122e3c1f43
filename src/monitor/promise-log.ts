import { appendFile, open, rename } from 'node:fs/promises';
import { sizeIfPresent } from '../base/files.ts';
import type { PromiseResult } from '../contract/promise.ts';
import { toLocalDate } from './dates.ts';
import { fullMessage } from './run-record.ts';
import { replaceFile } from './write.ts';

/*
 * `.slapgrid/promise/log/<title>.log`. The original tools compute results from it: they read it backwards and take lines
 * with one transaction id (`<epoch>-<3 digits>`) for one run, so its format is not a matter of taste.
 */

/** How the original recognizes the first line of an entry (LOGLINE_RE of slapos.grid.promise.generic). */
const ENTRY = /^\d{4}-\d{2}-\d{2}\s+\d{2}:\d{2}:\d{2}\s+-?\s*\w+\s+-?\s+(\d+-\d{3})\s+-?\s*/;

const LONGEST_LOGGED = 16_384;

/** The entry of one run. A message's further lines follow as they are; one that looks like another run's is indented by a space. */
export function logEntry(result: PromiseResult, random = Math.random()): string {
  const { outcome, startedAtMs } = result;
  const transaction = `${Math.floor(startedAtMs / 1000)}-${100 + Math.floor(random * 900)}`;
  const level = outcome.state === 'ok' ? 'INFO' : 'ERROR';
  const [first = '', ...others] = fullMessage(outcome).slice(-LONGEST_LOGGED).toWellFormed().split('\n');
  const lines = [first, ...others.map((line) => (ENTRY.test(line) ? ` ${line}` : line))];
  return `${toLocalDate(startedAtMs)} - ${level} - ${transaction} - ${lines.join('\n')}\n`;
}

/** A log that is larger is begun anew, with one before it kept: hours of a promise that is checked each minute. */
const LARGEST_BYTES = 64 * 1024;
/** The original looks at three runs at most by itself; they are carried over. */
const RUNS_CARRIED = 3;
const CARRIED_BYTES = 3 * LONGEST_LOGGED;

/** Adds the entry of a run to a promise's log. */
export async function appendToLog(path: string, entry: string): Promise<void> {
  if ((await sizeIfPresent(path)) + Buffer.byteLength(entry) > LARGEST_BYTES) await rotate(path);
  await appendFile(path, entry, { mode: 0o600 });
}

async function rotate(path: string): Promise<void> {
  const carried = lastRuns(await tailOf(path), RUNS_CARRIED);
  if (carried === undefined) return; // nothing is in it yet
  await rename(path, `${path}.1`);
  await replaceFile(path, carried);
}

async function tailOf(path: string): Promise<string> {
  const size = await sizeIfPresent(path);
  if (size === 0) return '';
  const file = await open(path, 'r');
  try {
    const length = Math.min(size, CARRIED_BYTES);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The end of a log with at most so many runs, from the beginning of one on; empty when it holds no beginning, undefined when it is empty. */
function lastRuns(text: string, runs: number): string | undefined {
  if (text === '') return undefined;
  const lines = text.split('\n');
  const transactions = new Set<string>();
  let from = lines.length;
  for (let index = lines.length - 1; index > 0; index -= 1) {
    const transaction = ENTRY.exec(lines[index] ?? '')?.[1];
    if (transaction === undefined) continue;
    transactions.add(transaction);
    if (transactions.size > runs) break;
    from = index;
  }
  return lines.slice(from).join('\n');
}
