import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Finished } from '../../src/base/exec.ts';
import { layoutOf, type Layout } from '../../src/base/layout.ts';
import { freePorts } from './ports.ts';

/** Options every installer run of a test needs: tests run as whoever runs them. */
export const AS_WHO_I_AM: readonly string[] = process.getuid?.() === 0 ? ['--allow-root'] : [];

export interface Installation {
  layout: Layout;
  port: number;
  dkm: (...args: string[]) => Promise<Finished>;
  /** Stops everything; for `afterAll`. */
  stop: () => Promise<void>;
  /** Text of an installed file. */
  read: (path: string) => string;
}

/** Runs a bundle's installer, as a user would. */
export function installer(bundle: string, ...args: string[]): Promise<Finished> {
  return run(join(bundle, 'installer'), [...args, ...AS_WHO_I_AM], { timeoutMs: 180_000 });
}

/** Installs a bundle into a directory on free ports; fails with what the installer printed. */
export async function install(bundle: string, root: string, ...args: string[]): Promise<Installation> {
  const port = await freePorts();
  const finished = await installer(bundle, '-d', root, '-p', String(port), ...args);
  if (finished.code !== 0) throw new Error(`installer ended with ${finished.code}: ${finished.stdout}\n${finished.stderr}`);
  return installation(root, port);
}

/** An installed directory, to work with. */
export function installation(root: string, port: number): Installation {
  const layout = layoutOf(root);
  const dkm = (...args: string[]): Promise<Finished> => run(join(layout.bin, 'dkm'), args, { timeoutMs: 180_000 });
  return { layout, port, dkm, stop: async () => void (await dkm('stop')), read: (path) => readFileSync(join(root, path), 'utf8') };
}

/** Starts everything; fails with what dkm printed and the ends of all logs. */
export async function startAll(target: Installation): Promise<void> {
  const started = await target.dkm('start');
  if (started.code !== 0)
    throw new Error(`dkm start ended with ${started.code}: ${started.stdout}\n${started.stderr}\n${(await target.dkm('logs', '-n', '15')).stdout}`);
}
