import { readdirSync, readFileSync } from 'node:fs';

/** What a process and everything it started use. */
export interface Usage {
  /** Resident; what several share counts for each. */
  memoryBytes: number;
  /** Of the processes that run, and of those that they waited for, since each was started. */
  cpuSeconds: number;
}

interface Entry {
  parent: number;
  ticks: number;
}

// USER_HZ, which Linux shows to programs on every architecture that Node runs on: getconf CLK_TCK.
const TICKS_PER_SECOND = 100;

/** What these processes use, by process id; nothing where the system has no /proc. One look at all processes serves them all. */
export function usageOf(pids: readonly number[]): Map<number, Usage> {
  const all = readProcesses();
  const children = Map.groupBy(all.keys(), (pid) => all.get(pid)?.parent ?? 0);
  const sum = (pid: number, depth = 0): Usage => {
    const entry = all.get(pid);
    const own = { memoryBytes: residentOf(pid), cpuSeconds: (entry?.ticks ?? 0) / TICKS_PER_SECOND };
    if (depth > 20) return own;
    return (children.get(pid) ?? []).reduce((total, child) => {
      const more = sum(child, depth + 1);
      return { memoryBytes: total.memoryBytes + more.memoryBytes, cpuSeconds: total.cpuSeconds + more.cpuSeconds };
    }, own);
  };
  return new Map(pids.filter((pid) => all.has(pid)).map((pid) => [pid, sum(pid)]));
}

function readProcesses(): Map<number, Entry> {
  let names: string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return new Map(); // no Linux
  }
  return new Map(
    names.flatMap((name) => {
      const entry = parseStat(read(`/proc/${name}/stat`));
      return entry === undefined ? [] : [[Number(name), entry]];
    }),
  );
}

/** Fields of https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; undefined when the process has just ended. Pure. */
export function parseStat(stat: string): Entry | undefined {
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => fields[number - 3] ?? Number.NaN;
  const entry = { parent: field(4), ticks: field(14) + field(15) + field(16) + field(17) };
  return Number.isFinite(entry.parent) && Number.isFinite(entry.ticks) ? entry : undefined;
}

function residentOf(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1];
  return kibibytes === undefined ? 0 : Number(kibibytes) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
