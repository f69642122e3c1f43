import { readFileSync } from 'node:fs';
import { outputOf } from './exec.ts';

/*
 * A process id alone names no process for long: the system gives it to another one later. Together with the time at
 * which the process started it names one and no other until the machine is restarted.
 */

/**
 * When the process started, as text to compare and nothing else: clock ticks since boot on Linux, `ps`'s date on macOS.
 * Null when there is no such process, or only its zombie.
 */
export function processStartTime(pid: number): string | null {
  return process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid);
}

/** True while the process that was `pid` when `startTime` was asked for is still there. Without a start time the pid must do. */
export function isSameProcess(pid: number, startTime: string | null): boolean {
  const present = processStartTime(pid);
  return present !== null && (startTime === null || present === startTime);
}

// Fields of /proc/PID/stat are counted from 1: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
const STATE_FIELD = 3;
const START_TIME_FIELD = 22;

function startTimeFromProc(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  const fromThird = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): string | undefined => fromThird[number - STATE_FIELD];
  return isDead(field(STATE_FIELD)) ? null : (field(START_TIME_FIELD) ?? null);
}

function startTimeFromPs(pid: number): string | null {
  const line = outputOf('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], { ...process.env, LC_ALL: 'C', TZ: 'UTC' })?.trim();
  if (line === undefined || line === '') return null;
  const [state, ...date] = line.split(/\s+/);
  return isDead(state) ? null : date.join(' ');
}

function isDead(state: string | undefined): boolean {
  return state === undefined || /^[ZXx]/.test(state);
}

/** Tells one run of the machine from the next, as a process id and a start time may come again; empty where the system does not tell. */
export function bootId(): string {
  if (process.platform !== 'linux') return '';
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
