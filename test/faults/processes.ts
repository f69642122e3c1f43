import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** A process as /proc shows it. Zombies are none. */
export interface SeenProcess {
  pid: number;
  /** The leader of its group; a service's own process leads its group. */
  group: number;
  words: string[];
  /** Its working directory. */
  directory: string;
}

/** Every process whose working directory is `root` or below it. */
export function processesBelow(root: string): SeenProcess[] {
  return allProcesses().filter(({ directory }) => directory === root || directory.startsWith(`${root}/`));
}

const FRESH_MS = 20;
let seen: SeenProcess[] = [];
let seenAtMs = -Infinity;

/** Looked at once for all who ask within a moment: many installations are watched from one process. */
function allProcesses(): SeenProcess[] {
  if (performance.now() - seenAtMs < FRESH_MS) return seen;
  seen = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => describe(Number(name)) ?? []);
  seenAtMs = performance.now();
  return seen;
}

/** Has the next look be a new one. */
export function lookAgain(): void {
  seenAtMs = -Infinity;
}

function describe(pid: number): SeenProcess | undefined {
  try {
    const directory = readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === undefined || /[ZXx]/.test(state)) return undefined;
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return { pid, group: Number(group), words, directory };
  } catch {
    return undefined; // it ended while it was looked at, or is another user's
  }
}
