import { readFileSync } from 'node:fs';
import { getPriority, totalmem } from 'node:os';
import { DkmError } from '../base/errors.ts';
import { outputOf } from '../base/exec.ts';
import { bytesInWords } from '../base/terminal.ts';
import type { ServiceLimits, ServiceSpec } from '../contract/service.ts';

/** What this user may hand on to a service on this machine. */
export interface HostLimits {
  /** The hard limit of open files. */
  openFiles: number;
  /** The lowest niceness that may be given. */
  lowestNice: number;
  memoryBytes: number;
}

/** Refuses limits of conf/dkm.toml (at `file`) that cannot be given here, all of them at once, each with its key. Throws `file-invalid`. */
export function refuseLimits(services: readonly Pick<ServiceSpec, 'name' | 'limits'>[], host: HostLimits, file: string): void {
  const faults = services.flatMap(({ name, limits }) => limitFaults(limits, host).map((fault) => `${file}: services.${name}.${fault}`));
  if (faults.length === 0) return;
  throw new DkmError('file-invalid', faults.join('\n'), {
    hint: `Change ${faults.length === 1 ? 'this key' : 'these keys'}, or have the machine's limits raised.`,
  });
}

/** What cannot be given, as `key: why`. What a manifest needs is no demand: it gets as much as there is. Pure. */
export function limitFaults({ memoryBytes, nice, openFiles }: ServiceLimits, host: HostLimits): string[] {
  const faults: string[] = [];
  if (openFiles !== undefined && openFiles > host.openFiles)
    faults.push(`open_files: ${openFiles} is more than the ${host.openFiles} that this user may have open (see "ulimit -Hn")`);
  if (nice !== undefined && nice < host.lowestNice) faults.push(`nice: ${nice} takes root; this user may go down to ${host.lowestNice}`);
  if (memoryBytes !== undefined && memoryBytes > host.memoryBytes)
    faults.push(`memory_mib: ${memoryBytes / 2 ** 20} is more than the ${bytesInWords(host.memoryBytes)} that this machine has`);
  return faults;
}

/** The limits of this machine and user. */
export function hostLimits(): HostLimits {
  const text = limitsText();
  // Where a control group bounds the memory (a container), that is what the machine has. 0 and huge values mean no bound.
  const bound = process.constrainedMemory();
  const memoryBytes = bound > 0 ? Math.min(bound, totalmem()) : totalmem();
  const niceCeiling = Number(/^Max nice priority +(\d+)/m.exec(text)?.[1] ?? 0);
  return { openFiles: hardOpenFiles(text), memoryBytes, lowestNice: lowestNice(process.getuid?.() === 0, getPriority(), niceCeiling) };
}

/** Root may go to -20; others may only add to what they have, unless RLIMIT_NICE says more (20 - limit: setrlimit(2)). Pure. */
export function lowestNice(isRoot: boolean, present: number, niceCeiling: number): number {
  return isRoot ? -20 : Math.min(present, 20 - niceCeiling);
}

function hardOpenFiles(text: string): number {
  const hard = /^Max open files +\S+ +(\S+)/m.exec(text)?.[1] ?? outputOf('/bin/sh', ['-c', 'ulimit -Hn'])?.trim() ?? 'unlimited';
  return hard === 'unlimited' ? Infinity : Number(hard);
}

/** Linux tells all limits in one file; elsewhere it is empty. */
function limitsText(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
