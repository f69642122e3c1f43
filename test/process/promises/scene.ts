import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import { parsePromisesStatus, type CheckedPromise, type PromiseResult, type PromiseSpec, type PromiseStatus } from '../../../src/contract/promise.ts';
import { startRunner, type Runner } from '../../../src/promises/runner.ts';
import { beforeRemoval, temporaryDirectory } from '../../helpers/temporary.ts';

export interface Scene {
  layout: Layout;
  /** For scripts. */
  scripts: string;
  runner: Runner;
  results: PromiseResult[];
  /** What it told to be there, each time. */
  promises: PromiseSpec[][];
  lines: string[];
  check: (...ids: string[]) => Promise<CheckedPromise[]>;
  status: (id: string) => PromiseStatus | undefined;
}

/** An installed directory with a runner, which is ended after the test. */
export function scene(root = join(temporaryDirectory(), 'install')): Scene {
  const layout = layoutOf(root);
  const scripts = join(root, 'scripts');
  for (const directory of [layout.run, scripts]) mkdirSync(directory, { recursive: true });
  const results: PromiseResult[] = [];
  const promises: PromiseSpec[][] = [];
  const lines: string[] = [];
  const runner = startRunner({
    layout,
    environment: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    services: () => [],
    log: (line) => lines.push(line),
    onResult: (result) => results.push(result),
    onPromises: (specs) => promises.push(specs),
  });
  beforeRemoval(() => runner.end());
  const check = async (...ids: string[]): Promise<CheckedPromise[]> => {
    const found: CheckedPromise[] = [];
    await runner.check(ids, (promise) => found.push(promise));
    return found;
  };
  return { layout, scripts, runner, results, promises, lines, check, status: (id) => statuses(layout).find((promise) => promise.id === id) };
}

/** What run/promises.json says; it is whole whenever it is read. */
export function statuses(layout: Layout): PromiseStatus[] {
  const text = existsSync(layout.promisesStatus) ? readFileSync(layout.promisesStatus, 'utf8') : undefined;
  if (text === undefined) return [];
  const status = parsePromisesStatus(text);
  if (!status) throw new Error(`run/promises.json is not whole: ${text.slice(0, 200)}`);
  return status.promises;
}

/** Processes with this text in their command line, as they are now. */
export function processesWith(text: string): number[] {
  const commandLine = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && commandLine(name).includes(text))
    .map(Number);
}
