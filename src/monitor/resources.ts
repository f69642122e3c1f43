import { readdir, readFile, statfs } from 'node:fs/promises';
import { totalmem, userInfo } from 'node:os';
import type { Layout } from '../base/layout.ts';
import { parseStatus } from '../contract/status.ts';
import { toLocalDate } from './dates.ts';

/*
 * What dkm's own processes use, from /proc: the supervisor, its services and what they started. Elsewhere than on Linux
 * there is nothing to tell. Fields and units are those of monitor.collect of slapos.toolbox (slapos/monitor/collect.py
 * and slapos/collect/snapshot.py of slapos.core), which takes them from psutil.
 */

/** One process as monitor_process_resource.status.json shows it. */
export interface ProcessUse {
  pid: number;
  /** Of one core, since it was last looked at. */
  cpu_percent: number;
  /** Minutes. */
  cpu_time: number;
  cpu_num_threads: number;
  /** Of the machine's memory. */
  memory_percent: number;
  /** MiB, resident. */
  memory_rss: number;
  /** Bytes read and written, of the disk. */
  io_rw_counter: number;
  /** Reads and writes, in calls. */
  io_cycles_counter: number;
  name: string;
  command: string[];
  user: string;
  /** When it was started, in the machine's time zone: YYYY-MM-DD HH:MM:SS. */
  date: string;
}

/** Totals of monitor_resource.status.json, but for `date`. */
export interface TotalUse {
  total_process: number;
  cpu_percent: number;
  cpu_time: number;
  cpu_num_threads: number;
  memory_percent: number;
  memory_rss: number;
  io_rw_counter: number;
  io_cycles_counter: number;
  /** MiB in use on the file system that the installation is on. */
  disk_used: number;
}

/** Ticks of the clock of /proc/PID/stat: 100 on every Linux, whatever the kernel's own. */
const TICKS_PER_SECOND = 100;
const MIB = 2 ** 20;
const PROCESSES_SHOWN = 200;
const WORDS_SHOWN = 40;
const LONGEST_WORD = 200;

interface Seen {
  ticks: number;
  atMs: number;
}

/** Looks at dkm's processes again and again; CPU percentages are since the time before. */
export class ResourceWatch {
  readonly #layout: Layout;
  /** They are all of one user: the supervisor's own. */
  readonly #user = userInfo().username;
  #before = new Map<string, Seen>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** What they use now; undefined where the system does not tell. */
  async look(nowMs: number): Promise<{ processes: ProcessUse[]; total: TotalUse } | undefined> {
    const bootMs = await bootTime();
    if (bootMs === 0) return undefined;
    const seen = new Map<string, Seen>();
    const processes: ProcessUse[] = [];
    for (const pid of await this.#processIds()) {
      const measured = await this.#measure(pid, nowMs, bootMs, seen);
      if (measured !== undefined) processes.push(measured);
    }
    this.#before = seen;
    processes.sort((a, b) => b.cpu_percent - a.cpu_percent || a.pid - b.pid);
    return { total: { ...totalOf(processes), disk_used: await this.#diskUsed() }, processes: processes.slice(0, PROCESSES_SHOWN) };
  }

  async #processIds(): Promise<number[]> {
    const services = parseStatus(await textOf(this.#layout.status))?.services ?? [];
    const known = new Set([process.pid, ...services.flatMap(({ pid }) => pid ?? [])]);
    for (const pid of known) for (const child of await childrenOf(pid)) known.add(child); // a Set goes on to what is added meanwhile
    return [...known];
  }

  async #measure(pid: number, nowMs: number, bootMs: number, seen: Map<string, Seen>): Promise<ProcessUse | undefined> {
    const [stat, io, status, command] = await Promise.all([`stat`, `io`, `status`, `cmdline`].map((name) => textOf(`/proc/${pid}/${name}`)));
    const process = parseStat(stat ?? '');
    if (process === undefined) return undefined; // it has just ended
    const identity = `${pid}.${process.startTicks}`;
    const before = this.#before.get(identity);
    seen.set(identity, { ticks: process.ticks, atMs: nowMs });
    const usedSeconds = before === undefined ? 0 : (process.ticks - before.ticks) / TICKS_PER_SECOND;
    const memoryBytes = 1024 * numberAfter('VmRSS:', status);
    return {
      pid,
      cpu_percent: before === undefined || nowMs <= before.atMs ? 0 : rounded((usedSeconds * 100_000) / (nowMs - before.atMs)),
      cpu_time: rounded(process.ticks / TICKS_PER_SECOND / 60),
      cpu_num_threads: process.threads,
      memory_percent: rounded((memoryBytes / totalmem()) * 100),
      memory_rss: rounded(memoryBytes / MIB),
      io_rw_counter: numberAfter('read_bytes:', io) + numberAfter('write_bytes:', io),
      io_cycles_counter: numberAfter('syscr:', io) + numberAfter('syscw:', io),
      name: process.name,
      command: wordsOf(command ?? ''),
      user: this.#user,
      date: toLocalDate(bootMs + (process.startTicks * 1000) / TICKS_PER_SECOND),
    };
  }

  async #diskUsed(): Promise<number> {
    const { bsize, blocks, bfree } = await statfs(this.#layout.root);
    return rounded(((blocks - bfree) * bsize) / MIB);
  }
}

function totalOf(processes: readonly ProcessUse[]): Omit<TotalUse, 'disk_used'> {
  const sum = (key: 'cpu_percent' | 'cpu_time' | 'cpu_num_threads' | 'memory_percent' | 'memory_rss' | 'io_rw_counter' | 'io_cycles_counter'): number =>
    rounded(processes.reduce((total, process) => total + process[key], 0));
  return {
    total_process: processes.length,
    cpu_percent: sum('cpu_percent'),
    cpu_time: sum('cpu_time'),
    cpu_num_threads: sum('cpu_num_threads'),
    memory_percent: sum('memory_percent'),
    memory_rss: sum('memory_rss'),
    io_rw_counter: sum('io_rw_counter'),
    io_cycles_counter: sum('io_cycles_counter'),
  };
}

/** What a process started, by each of its threads. */
async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => textOf(`/proc/${pid}/task/${thread}/children`)));
  return lists.flatMap((list) =>
    list
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  );
}

interface Stat {
  name: string;
  /** Of the processor, in its own and in the kernel's code. */
  ticks: number;
  threads: number;
  /** Since the machine was started. */
  startTicks: number;
}

/** Reads /proc/PID/stat, whose fields are counted from 1: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function parseStat(text: string): Stat | undefined {
  const end = text.lastIndexOf(')');
  if (end < 0) return undefined;
  const fromThird = text
    .slice(end + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => fromThird[number - 3] ?? 0;
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  return { name: text.slice(text.indexOf('(') + 1, end), ticks: field(14) + field(15), threads: field(20), startTicks: field(22) };
}

function wordsOf(commandLine: string): string[] {
  const words = commandLine.split('\0').filter((word) => word !== '');
  return words.slice(0, WORDS_SHOWN).map((word) => word.slice(0, LONGEST_WORD).toWellFormed());
}

async function bootTime(): Promise<number> {
  return 1000 * numberAfter('btime', await textOf('/proc/stat'));
}

function numberAfter(name: string, text = ''): number {
  return Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Empty for what has just ended. */
function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
