import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf, run, type Finished } from '../../src/base/exec.ts';

/* Python programs as their publishers release them, from PyPI, to test against. They are fetched once and kept in build/python. */

const KEPT = join(import.meta.dirname, '..', '..', 'build', 'python');
const FETCHED_WITHIN_MS = 300_000;
/** How long a beforeAll that fetches may take. */
export const PACKAGES_WITHIN_MS = FETCHED_WITHIN_MS + 20_000;

export interface PythonPackages {
  /** Where they are. */
  site: string;
  /** Runs a program of the packages, from this directory: `monitor.genstate`. */
  tool: (name: string, args: readonly string[], cwd?: string) => Promise<Finished>;
  /** Runs Python; what it prints is read as JSON. */
  evaluate: <T>(script: string, args?: readonly string[]) => Promise<T>;
}

/** The packages, kept under this name, which has their version; undefined where they cannot be had. */
export async function pythonPackages(name: string, packages: readonly string[]): Promise<PythonPackages | undefined> {
  const python = outputOf('python3', ['-c', 'import sys; print(sys.executable)'])?.trim();
  if (python === undefined) return undefined;
  const site = join(KEPT, name);
  if (!existsSync(site) && !(await fetched(python, site, packages))) return undefined;
  const env = { ...process.env, PYTHONPATH: site, PYTHONDONTWRITEBYTECODE: '1' };
  const start = (args: readonly string[], cwd?: string): Promise<Finished> => run(python, args, { env, timeoutMs: 100_000, ...(cwd && { cwd }) });
  return {
    site,
    tool: (program, args, cwd) => start([join(site, 'bin', program), ...args], cwd),
    evaluate: async <T>(script: string, args: readonly string[] = []): Promise<T> => {
      const { code, stdout, stderr } = await start(['-c', script, ...args]);
      if (code !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as T;
    },
  };
}

/** Several tests may fetch at once: the first one's stays. */
async function fetched(python: string, site: string, packages: readonly string[]): Promise<boolean> {
  mkdirSync(KEPT, { recursive: true });
  const target = mkdtempSync(`${site}.`);
  try {
    const { code } = await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', target, ...packages], {
      timeoutMs: FETCHED_WITHIN_MS,
    });
    if (code === 0 && !existsSync(site)) renameSync(target, site);
    return code === 0;
  } catch {
    return existsSync(site);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}
