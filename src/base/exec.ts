import { spawn, spawnSync, type SpawnOptions } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { Duplex, PassThrough, type Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { DkmError, messageOf } from './errors.ts';

/** What a finished program left behind. `code` is null when a signal ended it. */
export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  /** The whole environment of the program; this process's own when left out. */
  env?: NodeJS.ProcessEnv;
  /** Milliseconds after which the program and its children are killed. */
  timeoutMs?: number;
  /** Called with everything the program prints, as it comes. */
  onOutput?: (text: string) => void;
  signal?: AbortSignal;
  /** Text for standard input; nothing when left out. */
  input?: string;
}

/** Runs a program to its end, whatever its exit code. Throws only when it cannot be started, times out or is aborted. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { promise, resolve, reject } = Promise.withResolvers<Finished>();
  // A group of its own, so that a time-out ends its children too.
  const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env, detached: true, stdio: 'pipe' });
  const killGroup = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  };
  let stdout = '';
  let stderr = '';
  let failure: DkmError | undefined;
  const fail = (error: DkmError): void => {
    failure ??= error;
    killGroup();
  };
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => fail(new DkmError('command-failed', `${command} did not finish within ${options.timeoutMs} ms and was ended.`)), options.timeoutMs);
  const onAbort = (): void => fail(new DkmError('interrupted', `${command} was interrupted.`));
  if (options.signal?.aborted) onAbort();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const settle = (): void => {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  };
  child.once('error', (error) => {
    settle();
    reject(failure ?? new DkmError('command-failed', `${command} could not be started: ${messageOf(error)}`, { cause: error }));
  });
  child.once('close', (code, signal) => {
    settle();
    if (failure) reject(failure);
    else resolve({ code, signal, stdout, stderr });
  });
  if (child.pid === undefined) return promise; // without a process there may be no streams either, as when too many files are open
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    options.onOutput?.(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    options.onOutput?.(text);
  });
  child.stdin.on('error', () => undefined); // a program that does not read its input is no failure of ours
  child.stdin.end(options.input ?? '');
  return promise;
}

/** Runs a program and returns its standard output; any exit code but 0 throws `command-failed` with the end of what it printed. */
export async function runOrThrow(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const finished = await run(command, args, options);
  if (finished.code === 0) return finished.stdout;
  const how = finished.signal === null ? `exit code ${finished.code}` : `signal ${finished.signal}`;
  const tail = lastLines(finished.stderr || finished.stdout, 12);
  throw new DkmError('command-failed', `${command} ${args.join(' ')} ended with ${how}${tail === '' ? '.' : `:\n${tail}`}`);
}

/** True when a program of this name can be started. */
export async function canRun(command: string, args: readonly string[] = ['--version']): Promise<boolean> {
  return run(command, args, { timeoutMs: 20_000 }).then(
    (finished) => finished.code === 0,
    () => false,
  );
}

/** Starts a program that outlives this process; what it prints is appended to `logFile`. Returns its process id. */
export function startDetached(command: string, args: readonly string[], logFile: string, options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): number {
  const log = openSync(logFile, 'a', 0o600);
  try {
    const spawnOptions: SpawnOptions = { ...options, detached: true, stdio: ['ignore', log, log] };
    const child = spawn(command, args, spawnOptions);
    child.once('error', () => undefined); // comes later and would end this process; that there is no process id tells it now
    child.unref();
    if (child.pid === undefined) throw new DkmError('command-failed', `${command} could not be started.`);
    return child.pid;
  } finally {
    closeSync(log);
  }
}

/**
 * A shell script that reads lines of `tell` and goes on when this process ends, however it ends, or when `release` is
 * called. It is no child that is waited for, and what happens to this process's group does not happen to it.
 */
export function startGuard(script: string): { tell: (line: string) => Promise<void>; release: () => void } {
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  let failure: Error | undefined;
  const note = (error: Error): void => void (failure ??= error);
  child.once('error', note);
  if (child.pid === undefined) throw new DkmError('command-failed', '/bin/sh could not be started: the system gave no process.');
  child.stdin.on('error', note);
  child.unref();
  const tell = (line: string): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.stdin.write(`${line}\n`, (error) => {
      const fault = failure ?? error;
      if (fault) reject(new DkmError('command-failed', `/bin/sh could not be started: ${messageOf(fault)}`, { cause: fault }));
      else resolve();
    });
    return promise;
  };
  return { tell, release: () => void child.stdin.end() };
}

/** Becomes another program: the same process, with its standard input and outputs. Open files are closed, nothing is tidied up. */
export function replaceBy(command: string, args: readonly string[], env: NodeJS.ProcessEnv): never {
  if (!process.execve) throw new DkmError('command-failed', `This system cannot replace a process by ${command}.`);
  return process.execve(command, [command, ...args], env);
}

/** Runs a program in the foreground on this process's own terminal and returns its exit code (128 + n for signal n). */
export function runInForeground(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const forwarded: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const forward = (signal: NodeJS.Signals): void => {
    // A terminal's Ctrl-C goes to its whole foreground group: the program has it already, and may take a second one for "at once".
    if (signal !== 'SIGINT' || !isatty(0)) child.kill(signal);
  };
  // Before the program starts: one that came in between would end us and leave the program running.
  for (const signal of forwarded) process.on(signal, forward);
  const done = (): void => forwarded.forEach((signal) => process.off(signal, forward));
  const child = spawn(command, args, { ...options, stdio: 'inherit' });
  child.once('error', (error) => {
    done();
    reject(new DkmError('command-failed', `${command} could not be started: ${messageOf(error)}`, { cause: error }));
  });
  child.once('close', (code, signal) => {
    done();
    resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal]));
  });
  return promise;
}

/** Sends a signal to a process group; false when there is no such group any more. */
export function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    return false;
  }
}

/** The last `count` lines of a text, without the empty ones at its end. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/** What a short program prints, waited for on the spot; undefined when it cannot be started or fails. For what takes milliseconds only. */
export function outputOf(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string | undefined {
  const finished = spawnSync(command, args, { env, encoding: 'utf8', timeout: 5_000, stdio: ['ignore', 'pipe', 'ignore'] });
  return finished.status === 0 ? finished.stdout : undefined;
}

/** Runs a short, silent program that finds an open file as its descriptor 3; true when it succeeded within the time. */
export function runWithFile(command: string, args: readonly string[], descriptor: number, timeoutMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore', descriptor], timeout: timeoutMs, killSignal: 'SIGKILL' });
  child.once('error', () => resolve(false));
  child.once('exit', (code) => resolve(code === 0));
  return promise;
}

/** A program as a filter: what is written to it is its standard input, what is read is its standard output. It fails when the program does. */
export function filterThrough(command: string, args: readonly string[]): Duplex {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  child.stdin.on('error', () => undefined); // it ended before it read everything; its exit code tells why
  const output = new PassThrough();
  const filter = Duplex.from({ writable: child.stdin, readable: output });
  filter.once('close', () => child.kill('SIGKILL'));
  child.once('error', (error) => filter.destroy(new DkmError('command-failed', `${command} could not be started: ${messageOf(error)}`, { cause: error })));
  child.stdout.pipe(output, { end: false });
  child.once('close', (code) => {
    if (code === 0) output.end();
    else filter.destroy(new DkmError('command-failed', `${command} ${args.join(' ')} ended with exit code ${code}: ${lastLines(complaint, 3)}`));
  });
  return filter;
}

/** How a program that was watched ended, and the ends of what it printed. */
export interface WatchedEnding {
  /** Null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Tail;
  stderr: Tail;
}

/** The end of what was printed, as bytes: it may be no text, and begin in the middle of a character. */
export interface Tail {
  bytes: Buffer;
  /** True when there was more before it. */
  isCut: boolean;
}

export interface WatchOptions {
  cwd: string;
  /** The whole environment of the program. */
  env: NodeJS.ProcessEnv;
  /** Bytes that are kept of each of its outputs; what came before is read and dropped. */
  keepBytes: number;
  /** Text for standard input; none when left out. */
  input?: string;
}

/**
 * Starts a program that may misbehave: in a group of its own, with bounded outputs. When it ends, what is left of its
 * group is killed. What left the group and still holds its outputs is not waited for. Throws `command-failed` when it
 * cannot be started.
 */
export async function startWatched(command: string, args: readonly string[], options: WatchOptions): Promise<{ group: number; ended: Promise<WatchedEnding> }> {
  const how = { cwd: options.cwd, env: options.env, detached: true } as const;
  const child =
    options.input === undefined
      ? spawn(command, args, { ...how, stdio: ['ignore', 'pipe', 'pipe'] })
      : spawn(command, args, { ...how, stdio: ['pipe', 'pipe', 'pipe'] });
  const { promise: ended, resolve } = Promise.withResolvers<WatchedEnding>();
  const started = Promise.withResolvers<void>();
  child.once('spawn', started.resolve);
  child.once('error', (error) => started.reject(new DkmError('command-failed', `${command} could not be started: ${messageOf(error)}`, { cause: error })));
  const { pid: group } = child;
  if (group === undefined) {
    await started.promise;
    throw new DkmError('command-failed', `${command} could not be started: the system gave no process.`);
  }
  child.stdin?.on('error', () => undefined).end(options.input); // a program that does not read its input is no failure of ours
  const stdout = tailOf(child.stdout, options.keepBytes);
  const stderr = tailOf(child.stderr, options.keepBytes);
  let lingering: NodeJS.Timeout | undefined;
  child.once('exit', () => {
    signalGroup(group, 'SIGKILL');
    lingering = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, LINGER_MS);
  });
  child.once('close', (code, signal) => {
    clearTimeout(lingering);
    resolve({ code, signal, stdout: stdout(), stderr: stderr() });
  });
  await started.promise;
  return { group, ended };
}

/** How long the outputs of a program that ended are read on while somebody else holds them. */
const LINGER_MS = 500;

/**
 * Reads a stream to its end and keeps its last bytes. What is dropped is given back at once: of a program that prints
 * without end 70 MB would wait for the garbage collector otherwise, and a process does not shrink again.
 */
function tailOf(stream: Readable, keepBytes: number): () => Tail {
  const chunks: Buffer[] = [];
  let total = 0;
  let ring: Buffer | undefined;
  stream.on('error', () => undefined); // as when it is destroyed while it is read
  stream.on('data', (chunk: Buffer) => {
    const before = total;
    total += chunk.length;
    if (total <= keepBytes) return void chunks.push(chunk);
    if (!ring) {
      ring = Buffer.alloc(keepBytes);
      Buffer.concat(chunks.splice(0)).copy(ring);
    }
    const kept = chunk.subarray(-keepBytes);
    const at = (before + chunk.length - kept.length) % keepBytes;
    const first = kept.copy(ring, at);
    kept.copy(ring, 0, first);
    giveBack(chunk);
  });
  return () => {
    if (!ring) return { bytes: Buffer.concat(chunks), isCut: false };
    const start = total % keepBytes;
    return { bytes: Buffer.concat([ring.subarray(start), ring.subarray(0, start)]), isCut: true };
  };
}

/** Frees the memory of bytes that nobody else has: what a pipe gives has a buffer of its own. */
function giveBack(chunk: Buffer): void {
  const { buffer } = chunk;
  if (buffer instanceof ArrayBuffer && chunk.byteLength === buffer.byteLength) buffer.transfer(0);
}
