import { readFileSync } from 'node:fs';

/** Medians of two ways to do a job, in seconds, and the median of the ratios ours / peer. */
export interface Paired {
  ours: number;
  peer: number;
  ratio: number;
}

/** Runs two jobs in turn, `times` times after one round that does not count. `between` is not timed. */
export async function paired(
  times: number,
  ours: () => Promise<unknown>,
  peer: () => Promise<unknown>,
  between: () => void = () => undefined,
): Promise<Paired> {
  const rounds: { ours: number; peer: number }[] = [];
  for (let round = 0; round <= times; round += 1) {
    between();
    rounds.push({ ours: await seconds(ours), peer: await seconds(peer) });
  }
  const counted = rounds.slice(1);
  return {
    ours: median(counted.map((round) => round.ours)),
    peer: median(counted.map((round) => round.peer)),
    ratio: median(counted.map((round) => round.ours / round.peer)),
  };
}

/** How long a job takes, in seconds of wall time. */
export async function seconds(job: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await job();
  return (performance.now() - start) / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux: https://man7.org/linux/man-pages/man7/time.7.html

/** Seconds of processor time that a process has used; with those of its children that have ended, if wanted. */
export function cpuSeconds(pid: number, children?: 'with children'): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
  return (user + system + (children === undefined ? 0 : childUser + childSystem)) / TICKS_PER_SECOND;
}

/** Resident memory of a process in MiB. */
export function residentMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
