import { readFileSync } from 'node:fs';
import { run } from '../base/exec.ts';

/*
 * Whether the kernel killed a process for want of memory. Nothing tells that to a parent: the process ended by SIGKILL,
 * as if a person had sent it. The kernel counts its kills in /proc/vmstat (`oom_kill`, those within control groups
 * too) and names the process in its log, which not everybody may read.
 */

/** How many processes the kernel has killed for want of memory since it started; null where it does not tell. */
export function memoryKills(): number | null {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1];
    return count === undefined ? null : Number(count);
  } catch {
    return null; // no Linux
  }
}

/** What is known about a SIGKILL: `named` in the kernel's log, `likely` as the kernel killed something meanwhile, `no`, or `unknown`. */
export type MemoryKill = 'named' | 'likely' | 'no' | 'unknown';

/** Judges from the kernel's count before and after, and from its log (undefined where it cannot be read). Pure. */
export function judgeMemoryKill(pid: number, before: number | null, after: number | null, kernelLog: string | undefined): MemoryKill {
  if (kernelLog !== undefined && new RegExp(`Killed process ${pid}\\b`).test(kernelLog)) return 'named';
  if (before === null || after === null) return 'unknown';
  return after > before ? 'likely' : 'no';
}

const KERNEL_LOG_WITHIN_MS = 3_000;

/** Whether the kernel killed process `pid`, which started when its count was `before`. Never throws. */
export async function wasMemoryKill(pid: number, before: number | null): Promise<MemoryKill> {
  const after = memoryKills();
  const isPossible = before === null || after === null || after > before;
  return judgeMemoryKill(pid, before, after, isPossible ? await kernelLog() : undefined);
}

async function kernelLog(): Promise<string | undefined> {
  try {
    const { code, stdout } = await run('dmesg', [], { timeoutMs: KERNEL_LOG_WITHIN_MS });
    return code === 0 ? stdout : undefined;
  } catch {
    return undefined; // no such program
  }
}
