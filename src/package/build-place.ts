import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { byCodeUnits } from '../base/files.ts';
import { openWorkspace } from '../sources/workspace.ts';

/**
 * The folder that make-package works in. What is finished there is moved into the cache under a key of what it was
 * made from, so that a killed or a concurrent run leaves nothing half-done.
 */
export interface BuildPlace {
  /** Put-together components, by name and key. */
  staged: string;
  /** Finished executables, by key. */
  executables: string;
  /** A new empty directory on the same file system; the caller removes it. */
  scratch(): Promise<string>;
}

/** Opens (and makes) the folder, and clears away what killed runs left in it. */
export async function openBuildPlace(root: string): Promise<BuildPlace> {
  const [staged, executables] = [join(root, 'cache', 'components'), join(root, 'cache', 'executables')];
  for (const folder of [staged, executables]) await mkdir(folder, { recursive: true });
  const workspace = await openWorkspace(join(root, 'under-way'));
  return { staged, executables, scratch: () => workspace.scratch() };
}

/** Marks something in the cache as used now. */
export async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

/** Removes from a cache folder all but the `count` most recently used entries of each group. */
export async function keepNewest(folder: string, count: number, groupOf: (name: string) => string): Promise<void> {
  const groups = new Map<string, { name: string; usedMs: number }[]>();
  for (const name of (await readdir(folder)).sort(byCodeUnits)) {
    const { mtimeMs: usedMs } = await stat(join(folder, name));
    groups.set(groupOf(name), [...(groups.get(groupOf(name)) ?? []), { name, usedMs }]);
  }
  for (const entries of groups.values()) {
    const old = entries.sort((a, b) => b.usedMs - a.usedMs).slice(count);
    for (const { name } of old) await rm(join(folder, name), { recursive: true, force: true });
  }
}
