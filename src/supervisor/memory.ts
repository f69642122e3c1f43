import { readFileSync } from 'node:fs';
import { outputOf } from '../base/exec.ts';

/** Resident memory of a process and everything it started, in bytes; null when the system does not tell. */
export function memoryOf(pid: number): number | null {
  return process.platform === 'linux' ? memoryFromProc(pid) : memoryFromPs(pid);
}

function memoryFromProc(pid: number): number | null {
  const own = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`));
  if (!own) return null;
  // Present where the kernel has CONFIG_PROC_CHILDREN, which distributions set; without it children do not count.
  const children = read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((text) => text !== '');
  return children.reduce((sum, child) => sum + (memoryFromProc(Number(child)) ?? 0), Number(own[1]) * 1024);
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
