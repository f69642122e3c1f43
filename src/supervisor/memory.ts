import { readdirSync, readFileSync } from 'node:fs';
import { outputOf } from '../base/exec.ts';

/** Resident memory of a process and everything it started, in bytes; null when the system does not tell. What several share counts for each. */
export function memoryOf(pid: number): number | null {
  return process.platform === 'linux' ? sumOfTree(pid, residentOf) : memoryFromPs(pid);
}

/**
 * As `memoryOf`, but what several processes share counts once. Dear to ask for, as the kernel walks through all pages,
 * so only asked for when `memoryOf` is too much already.
 */
export function memoryWithSharedOnce(pid: number): number | null {
  return process.platform === 'linux' ? sumOfTree(pid, (each) => proportionalOf(each) ?? residentOf(each)) : memoryFromPs(pid);
}

function sumOfTree(pid: number, measure: (pid: number) => number | null): number | null {
  const own = measure(pid);
  return own === null ? null : childrenOf(pid).reduce((sum, child) => sum + (sumOfTree(child, measure) ?? 0), own);
}

function residentOf(pid: number): number | null {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

function proportionalOf(pid: number): number | null {
  const kibibytes = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

/** The processes that a process started and that are there still. Each thread has its own; they are told where the kernel has CONFIG_PROC_CHILDREN, which distributions set; else there are none. */
export function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter((text) => text !== '')
      .map(Number),
  );
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has just ended
  }
}

function memoryFromPs(pid: number): number | null {
  const kibibytes = outputOf('ps', ['-o', 'rss=', '-p', String(pid)]);
  return kibibytes === undefined || kibibytes.trim() === '' ? null : Number(kibibytes) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
