import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { run } from '../../base/exec.ts';
import { DkmError } from '../../base/errors.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import type { KindContext, RunKind } from './kind.ts';
import { broken, kept } from './outcome.ts';
import { indexesMatching } from './pattern.ts';

/** As many processes of a kind as there should be. At least one of `name`, `pattern` and `pid_file` is there; what is there must all fit. */
export interface ProcessSettings {
  /** The program's file name, or what it calls itself. */
  name?: string | undefined;
  /** A regular expression, for the program and its arguments, with a space between them. */
  pattern?: string | undefined;
  /** A file with a process id. */
  pid_file?: string | undefined;
  min: number;
  max?: number | undefined;
  /** MiB of resident memory that they may use together. */
  max_memory_mib?: number | undefined;
}

/** A process as far as it matters here. */
export interface SeenProcess {
  pid: number;
  /** What it calls itself: on Linux 15 characters at most. */
  name: string;
  argv: string[];
  residentBytes: number;
}

/** What a pid file says; `undefined` where there is none that can be read. */
type PidFile = { pid: number | undefined };

export const processes: RunKind<ProcessSettings> = async (settings, context) => {
  const pidFile = settings.pid_file === undefined ? undefined : { pid: await pidIn(settings.pid_file) };
  return processOutcome(settings, await seenProcesses(context), pidFile);
};

/** What is seen means this. Pure. */
export function processOutcome(settings: ProcessSettings, seen: readonly SeenProcess[], pidFile: PidFile | undefined): PromiseOutcome {
  const what = `process ${whatInWords(settings)}`;
  const found = matching(settings, seen, pidFile);
  const mib = found.reduce((sum, { residentBytes }) => sum + residentBytes, 0) / 2 ** 20;
  const values = { processes: found.length, memory_mib: mib };
  const { min, max, max_memory_mib } = settings;
  if (found.length < min) return broken(found.length === 0 ? `There is no ${what}.` : `There are fewer than ${min} of: ${what}.`, values);
  if (max !== undefined && found.length > max)
    return broken(max === 0 ? `There is a ${what}, and should be none.` : `There are more than ${max} of: ${what}.`, values);
  if (max_memory_mib !== undefined && mib > max_memory_mib) return broken(`More than ${max_memory_mib} MiB of memory are used by: ${what}.`, values);
  return kept(`As many as there should be: ${what}.`, values);
}

function whatInWords({ name, pattern, pid_file }: ProcessSettings): string {
  const parts = [name, pattern === undefined ? undefined : `/${pattern}/`, pid_file === undefined ? undefined : `of ${pid_file}`];
  return parts.filter((part) => part !== undefined).join(', ');
}

function matching({ name, pattern }: ProcessSettings, seen: readonly SeenProcess[], pidFile: PidFile | undefined): SeenProcess[] {
  const named = seen.filter(
    ({ pid, name: own, argv }) =>
      (pidFile === undefined || pid === pidFile.pid) && (name === undefined || own === name || own === name.slice(0, 15) || basename(argv[0] ?? '') === name),
  );
  if (pattern === undefined) return named;
  const indexes = new Set(
    indexesMatching(
      pattern,
      named.map(({ argv }) => argv.join(' ').slice(0, LONGEST_LINE)),
    ),
  );
  return named.filter((_, index) => indexes.has(index));
}

const LONGEST_LINE = 4096;

async function pidIn(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const pid = Number(/^\s*(\d{1,10})\s*$/m.exec(text.slice(0, 200))?.[1]);
  return Number.isNaN(pid) ? undefined : pid;
}

/** Every process that this user is shown, but this one. */
async function seenProcesses(context: KindContext): Promise<SeenProcess[]> {
  const all = process.platform === 'linux' ? await fromProc(context.signal) : await fromPs(context);
  return all.filter(({ pid }) => pid !== process.pid);
}

async function fromProc(signal: AbortSignal): Promise<SeenProcess[]> {
  const seen: SeenProcess[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    signal.throwIfAborted();
    const [stat, line] = await Promise.all([readFile(`/proc/${pid}/status`, 'utf8'), readFile(`/proc/${pid}/cmdline`, 'utf8')]).catch(() => [undefined, '']);
    // One that has ended and is still on the list, as nobody asked how, is not running.
    if (stat !== undefined && !/^State:\t[ZX]/m.test(stat)) seen.push(processOf(Number(pid), stat, line ?? '')); // else it has just ended
  }
  return seen;
}

/** Reads /proc/PID/status and cmdline.. Pure. */
export function processOf(pid: number, status: string, line: string): SeenProcess {
  const name = /^Name:\t(.*)$/m.exec(status)?.[1] ?? '';
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  return { pid, name, argv: line.split('\0').slice(0, -1), residentBytes: kibibytes * 1024 };
}

async function fromPs({ signal }: KindContext): Promise<SeenProcess[]> {
  const { code, stdout } = await run('ps', ['-axo', 'pid=,rss=,comm=,args=', '-ww'], { signal });
  if (code !== 0) throw new DkmError('command-failed', `ps ended with exit code ${code}.`);
  return parsePs(stdout);
}

/** Reads `ps -axo pid=,rss=,comm=,args=`. The program is told by its path up to the first space: ps does not say where one ends. Pure. */
export function parsePs(text: string): SeenProcess[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, kibibytes, rest = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined) return [];
    const [command = '', ...args] = rest.trim().split(/\s+/);
    return [{ pid: Number(pid), name: basename(command), argv: args, residentBytes: Number(kibibytes) * 1024 }];
  });
}
