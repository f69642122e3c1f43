import { signalGroup } from '../base/exec.ts';
import { isSameProcess } from '../base/process-identity.ts';

/** A process that runs a service. */
export interface RunningProcess {
  pid: number;
  /** Names, together with the pid, this process and no later one. */
  startTime: string | null;
  /** Settles when the process has ended; both are null when how it ended cannot be known. */
  ended: Promise<{ code: number | null; signal: string | null }>;
}

const POLL_MS = 500;

/** Takes over a process that an earlier supervisor started: not our child, so its end is noticed by looking. */
export function adopt(pid: number, startTime: string | null): RunningProcess | undefined {
  if (!isSameProcess(pid, startTime)) return undefined;
  signalGroup(pid, 'SIGCONT'); // that supervisor may have held it still for its log (see log-writers.ts)
  const { promise, resolve } = Promise.withResolvers<{ code: null; signal: null }>();
  const timer = setInterval(() => {
    if (isSameProcess(pid, startTime)) return;
    clearInterval(timer);
    resolve({ code: null, signal: null });
  }, POLL_MS);
  return { pid, startTime, ended: promise };
}

/** Sends a signal to a process if it is still the one it was; false when it is gone. */
export function signalProcess({ pid, startTime }: Pick<RunningProcess, 'pid' | 'startTime'>, signal: NodeJS.Signals): boolean {
  if (!isSameProcess(pid, startTime)) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false; // it ended in between
  }
}
