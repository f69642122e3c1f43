import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { signalGroup } from '../base/exec.ts';
import { processStartTime } from '../base/process-identity.ts';
import type { Layout } from '../base/layout.ts';
import { STRAY_VARIABLE, type ServiceSpec } from '../contract/service.ts';

/*
 * Services' processes as the system shows them, whatever status.json says: that file may be damaged, and a supervisor
 * that is killed just after it started a process has not written it down yet. Every process of a service carries a
 * variable that names its log file, and so its service and installation. Without /proc nothing is found.
 */

/** A process of a service that no living supervisor is known to have. */
export interface Stray {
  name: string;
  pid: number;
  startTime: string;
}

/** What a service's process gets into its environment so that it can be found again. Its children inherit it. */
export function strayMark({ outputFile }: Pick<ServiceSpec, 'outputFile'>): Record<string, string> {
  return { [STRAY_VARIABLE]: outputFile };
}

interface Marked extends Stray {
  group: number;
}

/** The process of each service of an installation that runs; of several (one that detached itself) the oldest, which started the others. */
export function straysOf(layout: Pick<Layout, 'logs'>): Stray[] {
  const leaders = markedProcesses(layout.logs).filter(({ pid, group }) => pid === group);
  const oldest = new Map<string, Marked>();
  for (const leader of leaders) {
    const other = oldest.get(leader.name);
    if (other === undefined || Number(leader.startTime) < Number(other.startTime)) oldest.set(leader.name, leader);
  }
  return [...oldest.values()].map(({ name, pid, startTime }) => ({ name, pid, startTime }));
}

/** Ends what services left behind that ended themselves while there was no supervisor. Returns their groups. */
export function endOrphans(layout: Pick<Layout, 'logs'>): number[] {
  const marked = markedProcesses(layout.logs);
  const leaders = new Set(marked.filter(({ pid, group }) => pid === group).map(({ pid }) => pid));
  const orphaned = [...new Set(marked.map(({ group }) => group))].filter((group) => !leaders.has(group));
  return orphaned.filter((group) => signalGroup(group, 'SIGKILL'));
}

function markedProcesses(logs: string): Marked[] {
  return processIds().flatMap((pid) => markedProcess(pid, logs) ?? []);
}

function markedProcess(pid: number, logs: string): Marked | undefined {
  const outputFile = read(`/proc/${pid}/environ`)
    .split('\0')
    .find((entry) => entry.startsWith(`${STRAY_VARIABLE}=`))
    ?.slice(STRAY_VARIABLE.length + 1);
  if (outputFile === undefined || dirname(outputFile) !== logs) return undefined;
  const startTime = processStartTime(pid);
  const stat = read(`/proc/${pid}/stat`);
  const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]); // the fifth field; see process-identity.ts
  return startTime === null || !(group > 1) ? undefined : { name: basename(outputFile, '.log'), pid, startTime, group };
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Empty for what has just ended and for another user's. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
