import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import { lastLines, run, startDetached, type Finished } from '../../base/exec.ts';
import type { Layout } from '../../base/layout.ts';
import { STRAY_VARIABLE } from '../../contract/service.ts';

/*
 * The console acts through the same program that people use: bin/dkm, as a process of its own. So what it does is done,
 * refused and said in the same way.
 */

/** What became of a command. `busy`: too many are under way. `under-way`: it goes on, though nobody waits any more. `failed`: it could not be started. */
export type DkmEnding = ({ kind: 'ended' } & Finished) | { kind: 'busy' } | { kind: 'under-way' } | { kind: 'failed'; message: string };

/** Commands under way at the same time, each a process of some 60 MiB. */
const MOST_AT_ONCE = 4;
let underWay = 0;

type Place = Pick<Layout, 'bin' | 'logs' | 'root'>;

/** Runs a command of this installation's dkm and waits for its end, or for `waitMs` at most. */
export async function runDkm(layout: Place, args: readonly string[], waitMs?: number): Promise<DkmEnding> {
  if (underWay >= MOST_AT_ONCE) return { kind: 'busy' };
  underWay += 1;
  const ending = run(programOf(layout), args, { cwd: layout.root, env: ownEnvironment() })
    .then(
      (finished): DkmEnding => ({ kind: 'ended', ...finished }),
      (error: unknown): DkmEnding => ({ kind: 'failed', message: messageOf(error) }),
    )
    .finally(() => (underWay -= 1));
  if (waitMs === undefined) return ending;
  const patience = new AbortController();
  const over = pause(waitMs, { kind: 'under-way' } as const, { signal: patience.signal, ref: false }).catch(() => ({ kind: 'under-way' }) as const);
  return Promise.race([ending, over]).finally(() => patience.abort());
}

/** Starts a command that outlives the console; what it prints is added to the console's log. Throws when it cannot be started. */
export function leaveToDkm(layout: Place, args: readonly string[]): void {
  startDetached(programOf(layout), args, join(layout.logs, 'console.log'), { cwd: layout.root, env: ownEnvironment() });
}

const programOf = ({ bin }: Place): string => join(bin, 'dkm');

/** With the mark of a service's processes, it would be taken for one and ended with the console (src/supervisor/strays.ts). */
function ownEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, [STRAY_VARIABLE]: undefined };
}

/** Why a command did not do what it should, in its own words where it said some. Pure. */
export function complaintOf(ending: DkmEnding): string {
  switch (ending.kind) {
    case 'busy':
      return 'Too many commands are under way. Try again in a moment.';
    case 'under-way':
      return 'It is still under way; what comes of it will be shown here.';
    case 'failed':
      return ending.message;
    case 'ended': {
      const { stdout, stderr, code, signal } = ending;
      const said = lastLines(stderr.trim() === '' ? stdout : stderr, 4)
        .replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
        .replace(/^Error: /, '');
      return said === '' ? `It ended with ${signal === null ? `exit code ${code ?? '?'}` : `signal ${signal}`} and said nothing.` : said;
    }
  }
}
