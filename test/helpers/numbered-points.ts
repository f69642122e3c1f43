import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { run, runOrThrow } from '../../src/base/exec.ts';

/*
 * Points that can be told apart, so that each that was sent can be looked for: see numbered-points.py, which sends and
 * finds them. Files are read with whisper's own reader, from PyPI.
 */

const SCRIPT = join(import.meta.dirname, 'numbered-points.py');
const WHISPER = ['whisper==1.1.10', 'six==1.17.0'];

/** Numbered points of one sender. */
export interface Numbered {
  prefix: string;
  metrics: number;
  /** Time of the first, seconds since the epoch. */
  first: number;
}

/** What became of points as far as their sender knows: ranges of their numbers. */
export type SentRanges = Record<string, [from: number, to: number][]>;

/** How many points of each kind were sent, and how many of them are stored. */
export interface Found {
  counts: Record<string, { sent: number; stored: number }>;
  /** Values that nobody sent. */
  wrong: number;
}

const STEP_S = 10;

/** Points whose times lie in the finest retention: 10 s apart, the first five and a half hours ago. */
export function numbered(prefix: string, metrics: number): Numbered {
  return { prefix, metrics, first: Math.floor(Date.now() / 1000 / STEP_S) * STEP_S - 5.5 * 3600 };
}

/** Starts a sender (see the script) and waits until it begins; the function that is returned ends it and tells what it sent. */
export async function sendNumbered(how: 'send' | 'stream', port: number, points: Numbered, perSecond: number): Promise<() => Promise<SentRanges>> {
  const { prefix, metrics, first } = points;
  const child = spawn('python3', [SCRIPT, how, ...[port, prefix, metrics, first, perSecond].map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const { promise, resolve, reject } = Promise.withResolvers<SentRanges>();
  child.once('error', reject);
  child.once('close', () => {
    try {
      resolve(JSON.parse(printed) as SentRanges);
    } catch {
      reject(new Error(`the sender ended without an account: ${printed}`));
    }
  });
  const begins = Promise.withResolvers<undefined>();
  child.stdout.once('data', () => begins.resolve(undefined));
  await Promise.race([begins.promise, promise]); // one that fails at once says so
  return () => {
    child.kill('SIGTERM');
    return promise;
  };
}

/** Fetches the reference reader into a directory; why it cannot be had where it cannot. */
export async function fetchWhisper(directory: string): Promise<{ site: string; reason: string }> {
  const site = join(directory, 'whisper');
  const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--target', site];
  const finished = await run('python3', ['-m', 'pip', 'install', ...options, ...WHISPER], { timeoutMs: 120_000 });
  return { site, reason: finished.code === 0 ? '' : `pip cannot fetch ${WHISPER.join(' and ')} here: ${finished.stderr.trim().split('\n').at(-1) ?? ''}` };
}

/** Looks for points in whisper files. */
export async function findNumbered(site: string, whisper: string, { prefix, metrics, first }: Numbered, sent: SentRanges): Promise<Found> {
  const args = [SCRIPT, 'find', site, whisper, prefix, String(metrics), String(first)];
  return JSON.parse(await runOrThrow('python3', args, { input: JSON.stringify(sent), timeoutMs: 300_000 })) as Found;
}

/** Reads every whisper file below a directory and says what is wrong with which. */
export async function checkWhisper(site: string, whisper: string): Promise<{ files: number; damaged: string[] }> {
  return JSON.parse(await runOrThrow('python3', [SCRIPT, 'check', site, whisper], { timeoutMs: 600_000 })) as { files: number; damaged: string[] };
}
