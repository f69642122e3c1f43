import { readFileSync, readdirSync } from 'node:fs';

/*
 * Processes from /proc: the tree below one, and the limits one runs with. Elsewhere than on Linux nothing is found.
 */

/** These processes and everything they started, as far as it is still there. */
export function withDescendants(pids: readonly number[]): number[] {
  const parents = parentOfEach();
  const found = new Set(pids);
  // A child may be listed before its parent: until nothing is added.
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

function parentOfEach(): Map<number, number> {
  return new Map(processIds().map((pid) => [pid, Number(statFields(pid)?.[PARENT_FIELD - 3] ?? -1)]));
}

/** The ids of every process that is shown to this user. */
export function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

// Fields of /proc/PID/stat are counted from 1: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
const PARENT_FIELD = 4;
const START_FIELD = 22;
/** Ticks of that field's clock: 100 on every Linux, whatever the kernel's own. */
const TICKS_PER_SECOND = 100;

/** The fields from the third on; undefined when there is no such process. */
function statFields(pid: number): string[] | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  return stat === undefined ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Seconds that a process has been running, by the clock that nobody sets; undefined where the system does not tell. */
export function secondsRunning(pid: number): number | undefined {
  const started = Number(statFields(pid)?.[START_FIELD - 3]);
  const uptime = Number(textOf('/proc/uptime')?.split(' ')[0]);
  return Number.isFinite(started) && Number.isFinite(uptime) ? uptime - started / TICKS_PER_SECOND : undefined;
}

/** Limits of a process, by the kernel's own names for them; Infinity for "unlimited". */
export interface Limit {
  soft: number;
  hard: number;
}

/** What a process may use at most: `Max open files` and the like; empty where the system does not tell. */
export function limitsOf(pid: number | 'self'): Record<string, Limit> {
  return parseLimits(textOf(`/proc/${pid}/limits`) ?? '');
}

/** Reads the text of /proc/PID/limits. Pure. */
export function parseLimits(text: string): Record<string, Limit> {
  const value = (word: string): number => (word === 'unlimited' ? Infinity : Number(word));
  const lines = text.split('\n').flatMap((line) => {
    const [, name, soft, hard] = /^(Max [a-z ]+?)\s{2,}(\S+)\s+(\S+)/.exec(line) ?? [];
    return name === undefined || soft === undefined || hard === undefined ? [] : [[name, { soft: value(soft), hard: value(hard) }] as const];
  });
  return Object.fromEntries(lines);
}

/** How many files a process has open; undefined when it may not be looked at. */
export function openFilesOf(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

/** Threads of all processes of a user, which is what "max user processes" counts. */
export function threadsOfUser(userId: number): number {
  return processIds()
    .map((pid) => textOf(`/proc/${pid}/status`) ?? '')
    .filter((status) => Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? -1) === userId)
    .reduce((sum, status) => sum + Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 0), 0);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
