import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { isNotFound, messageOf } from '../base/errors.ts';
import { canRun, signalGroup, startWatched, type WatchedEnding } from '../base/exec.ts';
import type { Layout } from '../base/layout.ts';
import type { Printed } from './output.ts';
import { endMarked, newMark, RUN_VARIABLE } from './leftovers.ts';

/*
 * Runs somebody's program, of which nothing is taken for granted: it may be gone, never end, print without end, or leave
 * processes behind. It has the lowest priority, a small known environment, no input, and run/ as its directory.
 */

/** What the runs of an installation's checks have in common. */
export interface ProgramContext {
  layout: Layout;
  /** What services see, too; a check gets some more. */
  environment: Readonly<Record<string, string>>;
}

export interface ProgramRun {
  command: string;
  args: readonly string[];
  timeoutMs: number;
  /** Aborted: nobody wants to know any more. */
  signal: AbortSignal;
}

/** How a run went. `gone` settles when its process is no more, which may be much later when it hangs in the system. */
export type ProgramEnding =
  | ({ kind: 'ended'; gone: Promise<unknown>; isCut: boolean } & Printed)
  | { kind: 'timed-out'; gone: Promise<unknown> }
  | { kind: 'aborted'; gone: Promise<unknown> }
  /** It could not be started, for this reason. */
  | { kind: 'fault'; why: string; gone: Promise<unknown> };

/** Bytes that are kept of each of a program's outputs. */
const KEEP_BYTES = 64 << 10;
/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 1_000;
/** After SIGKILL: a process that waits for a dead file system does not end. */
const KILLED_WITHIN_MS = 3_000;

/** Runs a program to its end, or to that of its time. Never throws. */
export async function runProgram({ command, args, timeoutMs, signal }: ProgramRun, { layout, environment }: ProgramContext): Promise<ProgramEnding> {
  const nothing = Promise.resolve();
  const why = startFault(command);
  if (why !== undefined) return { kind: 'fault', why, gone: nothing };
  if (signal.aborted) return { kind: 'aborted', gone: nothing };
  const [first, ...rest] = [...(await lowestPriority()), command, ...args];
  const mark = newMark(layout);
  const env = { ...environment, DKM_DIRECTORY: layout.root, [RUN_VARIABLE]: mark };
  const started = await startWatched(first ?? command, rest, { cwd: layout.run, env, keepBytes: KEEP_BYTES }).catch((error: unknown) => messageOf(error));
  if (typeof started === 'string') return { kind: 'fault', why: started, gone: nothing };
  return untilOver(started, { timeoutMs, signal, mark });
}

interface Bounds {
  timeoutMs: number;
  signal: AbortSignal;
  mark: string;
}

async function untilOver({ group, ended }: { group: number; ended: Promise<WatchedEnding> }, { timeoutMs, signal, mark }: Bounds): Promise<ProgramEnding> {
  const given = Promise.withResolvers<undefined>();
  let over: 'timed-out' | 'aborted' | undefined;
  const timers: NodeJS.Timeout[] = [];
  const after = (ms: number, action: () => void): void => void timers.push(setTimeout(action, ms));
  const end = (why: typeof over): void => {
    if (over !== undefined) return;
    over = why;
    signalGroup(group, 'SIGTERM');
    after(GRACE_MS, () => {
      signalGroup(group, 'SIGKILL');
      endMarked(mark);
    });
    after(GRACE_MS + KILLED_WITHIN_MS, () => given.resolve(undefined));
  };
  const onAbort = (): void => end('aborted');
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  after(timeoutMs, () => end('timed-out'));
  const ending = await Promise.race([ended, given.promise]);
  for (const timer of timers) clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  if (over !== undefined) {
    endMarked(mark); // what left the group
    return { kind: over, gone: ended };
  }
  return ending === undefined ? { kind: 'timed-out', gone: ended } : endedAs(ending, ended);
}

function endedAs({ code, signal, stdout, stderr }: WatchedEnding, gone: Promise<unknown>): ProgramEnding {
  const texts = { stdout: stdout.bytes.toString('utf8'), stderr: stderr.bytes.toString('utf8') };
  // Between us and the program are nice and ionice, which say so when they cannot start it.
  const refused = (code === 126 || code === 127) && /^(?:nice|ionice): (.*)/.exec(texts.stderr);
  if (refused) return { kind: 'fault', why: `it could not be started: ${refused[1]}`, gone };
  return { kind: 'ended', gone, code, signal, isCut: stdout.isCut || stderr.isCut, ...texts };
}

let priority: Promise<string[]> | undefined;

/** The command that gives what comes after it the lowest priority for the processor and, where the system has that, for the disk. */
function lowestPriority(): Promise<string[]> {
  priority ??= (async () => {
    const nice = ['nice', '-n', '19'];
    const idle = ['ionice', '-c', '3'];
    if (!(await canRun('nice', ['-n', '19', 'true']))) return [];
    // Some containers forbid it.
    return (await canRun('ionice', ['-c', '3', 'true'])) ? [...idle, ...nice] : nice;
  })();
  return priority;
}

/** Why a file cannot be run as a program; undefined when it looks as if it could. */
export function startFault(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return `${path} is no file`;
    accessSync(path, constants.X_OK);
    return interpreterFault(path);
  } catch (error) {
    if (isNotFound(error)) return `${path} is not there`;
    const isForbidden = (error as NodeJS.ErrnoException).syscall === 'access';
    return isForbidden ? `${path} is not executable by this user: chmod u+x ${path}` : messageOf(error);
  }
}

/** The system's own message for these names the script in place of its interpreter. */
function interpreterFault(path: string): string | undefined {
  const [, interpreter, end] = /^#! *([^ \t\r\n]+)[^\r\n]*(\r?)/.exec(beginningOf(path)) ?? [];
  if (interpreter === undefined) return undefined;
  if (end === '\r') return `${path}: its first line ends with a carriage return, as Windows writes them, which is taken for a part of the interpreter's name`;
  return !interpreter.startsWith('/') || statSync(interpreter, { throwIfNoEntry: false }) ? undefined : `${path}: its interpreter ${interpreter} is not there`;
}

/** A program may be executable and not readable; then the system knows more than we. */
function beginningOf(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const bytes = Buffer.alloc(256);
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}

/** What is said of a check that took too long. */
export function timedOutAfter(timeoutMs: number): string {
  return `Error: Promise timed out after ${timeoutMs / 1000} seconds`; // as slapos.core says it
}
