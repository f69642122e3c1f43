import { readFile } from 'node:fs/promises';
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os';
import { systemCodeOf, messageOf } from '../../base/errors.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import type { RunKind } from './kind.ts';
import { broken, kept, unknown } from './outcome.ts';

/** What a machine has of something. */
export const RESOURCES = ['memory', 'swap', 'load', 'file-handles', 'processes'] as const;
export type Resource = (typeof RESOURCES)[number];

/** The machine has enough of something, by its own account: this needs neither store nor collector. */
export interface ResourceSettings {
  resource: Resource;
  /** Percent that must be free; for all but `load`. */
  min_free_percent: number;
  /** Runnable processes for each processor, over 15 minutes; for `load`. */
  max_load_per_core: number;
  /** For `swap`: with more percent of the memory free than this, swap does not matter. */
  unless_memory_percent?: number | undefined;
}

/** How much of it is free, in percent; of `load`, how much there is for each processor. */
export type Measured =
  { kind: 'free'; percent: number; values: Record<string, number> } | { kind: 'load'; perCore: number } | { kind: 'none' | 'untold'; message: string };

export const resource: RunKind<ResourceSettings> = async (settings) => resourceOutcome(settings, await measure(settings));

/** What was measured means this. Pure. */
export function resourceOutcome({ resource: what, min_free_percent, max_load_per_core }: ResourceSettings, measured: Measured): PromiseOutcome {
  switch (measured.kind) {
    case 'none':
      return kept(measured.message);
    case 'untold':
      return unknown(measured.message);
    case 'load':
      return measured.perCore <= max_load_per_core
        ? kept('The processors keep up with what there is to do.', { load_per_core: measured.perCore })
        : broken(`More than ${max_load_per_core} processes wait for each processor (load of 15 minutes).`, { load_per_core: measured.perCore });
    case 'free': {
      const values = { ...measured.values, free_percent: measured.percent };
      const title = { memory: 'memory', swap: 'swap', 'file-handles': 'file handles', processes: 'process ids', load: '' }[what];
      return measured.percent >= min_free_percent
        ? kept(`There is enough of: ${title}.`, values)
        : broken(`Less than ${min_free_percent} % of the ${title} of this machine ${title.endsWith('s') ? 'are' : 'is'} free.`, values);
    }
  }
}

async function measure({ resource: what, unless_memory_percent }: ResourceSettings): Promise<Measured> {
  if (what === 'load') return { kind: 'load', perCore: (loadavg()[2] ?? 0) / availableParallelism() };
  if (process.platform !== 'linux')
    return what === 'memory' ? free(freemem(), totalmem(), 'bytes') : { kind: 'untold', message: `This system does not tell of its ${what}.` };
  try {
    if (what === 'file-handles') return parseFileHandles(await readFile('/proc/sys/fs/file-nr', 'utf8'));
    if (what === 'processes') return parseProcesses(await readFile('/proc/loadavg', 'utf8'), await readFile('/proc/sys/kernel/pid_max', 'utf8'));
    return parseMemory(await readFile('/proc/meminfo', 'utf8'), what, unless_memory_percent);
  } catch (error) {
    return { kind: 'untold', message: `This machine does not tell of its ${what}: ${systemCodeOf(error) ?? messageOf(error)}.` };
  }
}

function free(part: number, whole: number, unit: string): Measured {
  return { kind: 'free', percent: whole === 0 ? 100 : (100 * part) / whole, values: { [`free_${unit}`]: part, [`total_${unit}`]: whole } };
}

/** Reads /proc/meminfo: https://man7.org/linux/man-pages/man5/proc_meminfo.5.html. Pure. */
export function parseMemory(text: string, what: 'memory' | 'swap', unlessMemoryPercent = 100): Measured {
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? NaN) * 1024;
  const memory = free(bytes('MemAvailable'), bytes('MemTotal'), 'bytes');
  const wanted = what === 'memory' ? memory : free(bytes('SwapFree'), bytes('SwapTotal'), 'bytes');
  if (wanted.kind !== 'free' || Number.isNaN(wanted.percent)) return { kind: 'untold', message: `This machine does not tell of its ${what}.` };
  if (what === 'memory') return memory;
  if (wanted.values['total_bytes'] === 0) return { kind: 'none', message: 'This machine has no swap.' };
  const hasMemory = memory.kind === 'free' && memory.percent > unlessMemoryPercent;
  return hasMemory ? { kind: 'none', message: `More than ${unlessMemoryPercent} % of the memory is free: swap does not matter.` } : wanted;
}

/** Reads /proc/sys/fs/file-nr: allocated, unused, most; where there is no limit the last is larger than any number of files. Pure. */
export function parseFileHandles(text: string): Measured {
  const [taken = NaN, unused = NaN, most = NaN] = text.trim().split(/\s+/).map(Number);
  if (Number.isNaN(taken + unused + most)) return { kind: 'untold', message: 'This machine does not tell of its file handles.' };
  return free(most - (taken - unused), most, 'handles');
}

/** Reads the number of processes and threads from /proc/loadavg ("1/523"), and the highest process id. Pure. */
export function parseProcesses(load: string, highest: string): Measured {
  const there = Number(/\d+\/(\d+)/.exec(load)?.[1] ?? NaN);
  const most = Number(highest.trim() || NaN);
  if (Number.isNaN(there + most)) return { kind: 'untold', message: 'This machine does not tell of its processes.' };
  return free(most - there, most, 'ids');
}
