import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import picomatch from 'picomatch';
import { DkmError } from '../base/errors.ts';
import { byCodeUnits, existsAs, listTree } from '../base/files.ts';
import type { FileRules } from '../manifest/schema.ts';

/** True for paths that one of the globs names, itself or by a directory above; dot files are files like others. */
export function matcherOf(globs: readonly string[], options: { nocase?: boolean } = {}): (path: string) => boolean {
  if (globs.length === 0) return () => false;
  const matches = picomatch([...globs], { dot: true, nocase: options.nocase ?? false });
  return (path) => {
    const names = path.split('/');
    return names.some((_, index) => matches(names.slice(0, index + 1).join('/')));
  };
}

/** Which of the files the rules take away. Pure. */
export function prunedOf(paths: readonly string[], { keep, prune }: Pick<FileRules, 'keep' | 'prune'>): string[] {
  const isKept = keep.length === 0 ? () => true : matcherOf(keep);
  const isPruned = matcherOf(prune);
  return paths.filter((path) => !isKept(path) || isPruned(path));
}

/** Renames within a component; what is not there (another source lays it out otherwise) is passed over. */
export async function renameFiles(root: string, renames: FileRules['rename']): Promise<void> {
  for (const [from, to] of Object.entries(renames)) {
    if (!existsAs(join(root, from))) continue;
    await mkdir(dirname(join(root, to)), { recursive: true });
    await rename(join(root, from), join(root, to));
  }
}

/** Takes away what the rules do not keep, and the directories that are empty then. */
export async function pruneFiles(root: string, rules: Pick<FileRules, 'keep' | 'prune'>): Promise<void> {
  for (const path of prunedOf(await listTree(root), rules)) await rm(join(root, path));
  await removeEmpty(root);
}

async function removeEmpty(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(directory, entry.name);
    await removeEmpty(path);
    if ((await readdir(path)).length === 0) await rmdir(path);
  }
}

/** Throws `build-failed` naming every required glob that matches nothing. */
export async function requireFiles(component: string, root: string, required: FileRules['require']): Promise<void> {
  const paths = await listTree(root);
  const missing = required.filter((glob) => !paths.some(matcherOf([glob])));
  if (missing.length === 0) return;
  const found = (await readdir(root)).sort(byCodeUnits).slice(0, 12).join(', ');
  throw new DkmError(
    'build-failed',
    `${component}: expected ${missing.join(', ')}; found nothing of that name. At its top there ${found === '' ? 'is nothing' : `are ${found}`}.`,
    {
      hint: `Mend [files] in vendor-manifests/${component}.toml (rename, keep, prune, require), or what was given with --with ${component}=PATH.`,
    },
  );
}
