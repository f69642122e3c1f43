import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Layout } from '../../../src/base/layout.ts';
import type { NotifySpec } from '../../../src/contract/notify.ts';
import { beforeRemoval } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

const SOURCES = join(import.meta.dirname, 'teller.ts');

/** The same as the supervisor runs: bundled, and without V8's compiler, which Node needs to run TypeScript. */
export async function bundledTeller(directory: string): Promise<string[]> {
  const outfile = join(directory, 'teller.mjs');
  const js = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;
  await build({ entryPoints: [SOURCES], bundle: true, platform: 'node', format: 'esm', outfile, banner: { js }, logLevel: 'error' });
  return ['--jitless', outfile];
}

/** teller.ts, running. */
export interface Teller {
  /** Everything it said. */
  said: () => string;
  tell: (...lines: string[]) => void;
  /** As `kill -9`; settles when it is gone. */
  kill: () => Promise<void>;
  /** As when the supervisor ends. */
  end: () => Promise<void>;
}

/** Starts a process that tells, and waits until it takes runs; `program` are Node's arguments in place of those for the sources. */
export async function startTeller(layout: Layout, spec: NotifySpec, program: readonly string[] = [SOURCES]): Promise<Teller> {
  const child = spawn(process.execPath, [...program, layout.root, JSON.stringify(spec)], { stdio: 'pipe' });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stdin.on('error', () => undefined);
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  beforeRemoval(kill);
  await eventually('it takes runs', () => output.includes('ready\n') || (child.exitCode !== null && output), 20_000);
  const tell = (...lines: string[]): void => void child.stdin.write(lines.map((line) => `${line}\n`).join(''));
  return { said: () => output, tell, kill, end: async () => (tell('end'), gone) };
}
