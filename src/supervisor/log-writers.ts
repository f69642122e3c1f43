import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { outputOf, startGuard } from '../base/exec.ts';
import { childrenOf } from './memory.ts';

/*
 * Who writes a log, and how to have them hold still for the moment in which it is cut.
 */

/** A process that has a file open for writing. */
export interface Writer {
  pid: number;
  /** Each write goes to the file's end, wherever that is then. One that keeps its own place must not see its file cut. */
  appends: boolean;
}

/** Names a file whatever it is called. */
export interface FileIdentity {
  dev: number;
  ino: number;
}

/** The processes other than this one that have a file open for writing; undefined where the system does not tell. */
export function writersOf(file: FileIdentity, path: string): Writer[] | undefined {
  return process.platform === 'linux' ? processIds().flatMap((pid) => writerAmong(pid, file)) : writersFromLsof(path);
}

// open(2)'s flags in /proc/PID/fdinfo: https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html
const ACCESS_MODE = 0o3;
const APPEND = 0o2000;

function writerAmong(pid: number, file: FileIdentity): Writer[] {
  const flags = list(`/proc/${pid}/fd`)
    .filter((fd) => isFile(`/proc/${pid}/fd/${fd}`, file))
    .map((fd) => parseInt(/^flags:\s+(\d+)/m.exec(read(`/proc/${pid}/fdinfo/${fd}`))?.[1] ?? '0', 8))
    .filter((each) => (each & ACCESS_MODE) !== 0);
  return flags.length === 0 ? [] : [{ pid, appends: flags.every((each) => (each & APPEND) !== 0) }];
}

function isFile(link: string, { dev, ino }: FileIdentity): boolean {
  try {
    if (!readlinkSync(link).startsWith('/')) return false; // sockets and pipes are most
    const found = statSync(link);
    return found.ino === ino && found.dev === dev;
  } catch {
    return false; // it was closed in between
  }
}

/** macOS: whether they append is not told; dkm's shell and the programs of its manifests do. */
function writersFromLsof(path: string): Writer[] | undefined {
  // lsof ends with 1 when nobody has the file open, so the file is opened here: we are always among them.
  const output = outputOf('/bin/sh', ['-c', 'exec 3<"$0"; exec lsof -w -F pa -- "$0"', path]);
  const words = output?.split('\n').filter((line) => /^[pa]/.test(line));
  return words?.flatMap((word, index) => {
    const pid = Number(
      words
        .slice(0, index)
        .findLast((earlier) => earlier.startsWith('p'))
        ?.slice(1),
    );
    return /^a[wu]/.test(word) && pid !== process.pid ? [{ pid, appends: true }] : [];
  });
}

const HELD_WITHIN_MS = 500;
const HELD_POLL_MS = 1;
/** What the shell is told when there is nobody left to continue. */
const ALL_GO_ON = 'all-go-on';

/**
 * Has processes, and what they start meanwhile, hold still (SIGSTOP) while `act` runs, which must not wait for anything;
 * returns what it returned, or undefined when they did not all stop in time. They go on whatever happens: should this
 * process end meanwhile, a shell of its own, which was told of each before it was stopped, continues them.
 *
 * Who is to be held is looked for before, as that takes longer than all the rest; here only those are looked at.
 */
export async function whileHeld<T>(pids: readonly number[], act: () => T): Promise<T | undefined> {
  const guard = startGuard(
    `pids=; while read -r pid; do case $pid in ${ALL_GO_ON}) pids= ;; *) pids="$pids $pid" ;; esac; done; [ -z "$pids" ] || kill -CONT $pids`,
  );
  const held = new Set<number>();
  try {
    let others = pids.filter((pid) => !isHeld(pid)); // what somebody else stopped stays so
    for (const deadline = performance.now() + HELD_WITHIN_MS; performance.now() < deadline; await pause(HELD_POLL_MS)) {
      for (const pid of others) await guard.tell(String(pid));
      for (const pid of others) {
        held.add(pid);
        send(pid, 'SIGSTOP');
      }
      others = [];
      if (![...held].every(isHeld)) continue;
      others = [...held].flatMap(childrenOf).filter((child) => !held.has(child) && !isHeld(child));
      if (others.length === 0) return act();
    }
    return undefined;
  } finally {
    for (const pid of held) send(pid, 'SIGCONT');
    // The shell ends when it comes to it: what is held again by then must not be continued by it.
    void guard.tell(ALL_GO_ON).catch(() => undefined); // one that does not run continues nobody
    guard.release();
  }
}

/** Every process of the group that a service's process leads; it takes part in the signals of a terminal as one, and so it does here. */
export function groupOf(leader: number): number[] {
  if (process.platform === 'linux') return processIds().filter((pid) => statField(pid, GROUP_FIELD) === String(leader));
  const lines = (outputOf('ps', ['-axo', 'pid=,pgid=']) ?? '').trim().split('\n');
  return lines.flatMap((line) => {
    const [pid, group] = line.trim().split(/\s+/).map(Number);
    return pid !== undefined && group === leader ? [pid] : [];
  });
}

/** True when none of its threads runs any more. */
function isHeld(pid: number): boolean {
  if (process.platform !== 'linux') return /^[TZ]/.test(outputOf('ps', ['-o', 'state=', '-p', String(pid)])?.trim() ?? 'Z');
  return list(`/proc/${pid}/task`).every((thread) => /^[TtZX]/.test(statField(pid, STATE_FIELD, thread) ?? 'Z'));
}

// Fields of /proc/PID/stat are counted from 1: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
const STATE_FIELD = 3;
const GROUP_FIELD = 5;

function statField(pid: number, field: number, thread?: string): string | undefined {
  const stat = read(thread === undefined ? `/proc/${pid}/stat` : `/proc/${pid}/task/${thread}/stat`);
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .at(field - STATE_FIELD);
}

function processIds(): number[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // it has ended, or is none of ours
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended, and is held no longer
  }
}
