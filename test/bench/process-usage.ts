import { readdirSync, readFileSync } from 'node:fs';
import { cpuSeconds } from './measure.ts';

/*
 * What a service costs: its process and all below it, as graphite-web's workers are.
 */

/** Of all its processes together. `writtenBytes`: handed to the disk, from /proc/PID/io (proc(5)); memory: shared pages counted once. */
export interface Usage {
  cpuSeconds: number;
  memoryMib: number;
  writtenBytes: number;
}

/** What a process and all below it have used so far. */
export function usageOf(pid: number): Usage {
  const usage: Usage = { cpuSeconds: 0, memoryMib: 0, writtenBytes: 0 };
  for (const each of treeOf(pid)) {
    try {
      const [cpu, memory, written] = [cpuSeconds(each, 'with children'), field(each, 'smaps_rollup', 'Pss'), field(each, 'io', 'write_bytes')];
      usage.cpuSeconds += cpu;
      usage.memoryMib += memory / 1024;
      usage.writtenBytes += written;
    } catch (error) {
      if (each === pid) throw error; // one below it may end at any time
    }
  }
  return usage;
}

function treeOf(root: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): [pid: number, parent: number][] => {
      const parent = parentOf(name);
      return parent === undefined ? [] : [[Number(name), parent]];
    });
  const tree = [root];
  for (const pid of tree) tree.push(...parents.filter(([, parent]) => parent === pid).map(([child]) => child));
  return tree;
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // it has ended
  }
}

function field(pid: number, file: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1];
  if (found === undefined) throw new Error(`/proc/${pid}/${file} says nothing of ${name}`);
  return Number(found);
}
