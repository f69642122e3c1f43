import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from '../base/exec.ts';

/** The directories of PATH. */
export function searchPath(path: string = process.env.PATH ?? ''): string[] {
  return path.split(delimiter).filter((folder) => folder.startsWith('/'));
}

/** The first executable file of this name in the folders; undefined when there is none. */
export function findProgram(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A Python on this machine. */
export interface Python {
  path: string;
  /** Such as 3.11.2 */
  version: string;
  /** Of the modules asked for, those it cannot import. */
  missingModules: string[];
}

// One line of JSON, whatever the modules print when they are imported.
const PYTHON_QUESTION = `
import importlib, json, sys
missing = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception:
        missing.append(name)
print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "missingModules": missing}))`;

/** Every python3 and python3.x in the folders that starts, with what it lacks of `modules`. */
export async function findPythons(folders: readonly string[], modules: readonly string[]): Promise<Python[]> {
  const names = folders.flatMap((folder) => pythonsIn(folder).map((name) => join(folder, name)));
  const found = await Promise.all([...new Set(names)].map((path) => askPython(path, modules)));
  return found.filter((python) => python !== undefined);
}

function pythonsIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^python3(\.\d+)?$/.test(name));
  } catch {
    return [];
  }
}

async function askPython(path: string, modules: readonly string[]): Promise<Python | undefined> {
  try {
    const { code, stdout } = await run(path, ['-c', PYTHON_QUESTION, ...modules], { timeoutMs: 15_000 });
    if (code !== 0) return undefined;
    return { path, ...(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Omit<Python, 'path'>) };
  } catch {
    return undefined;
  }
}
