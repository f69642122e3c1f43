import { lstat, mkdir, readlink, rmdir, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { DkmError, isNotFound } from '../base/errors.ts';
import { resolveExisting } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import type { MonitorSpec } from '../contract/monitor.ts';
import type { PromiseSpec } from '../contract/promise.ts';
import { monitorTree, type MonitorTree } from './tree.ts';

/*
 * Links of the tree: those that the original tools and the web application expect, and those to the files and directories
 * that are to be shown. The latter lead out of the tree to wherever the configuration says.
 */

/** What each link leads to, by its path. */
export type Links = Map<string, string>;

/** What the second generation calls parts of the tree besides. Relative, so that the directory can be moved. */
export function treeLinks(tree: MonitorTree): Links {
  const wanted: [string, string][] = [
    [join(tree.public, 'promise'), tree.results],
    [join(tree.systemLogs, 'monitor', 'promise'), tree.logs],
    [join(tree.private, 'log'), tree.systemLogs],
    [join(tree.webdav, 'public'), tree.public],
    [join(tree.webdav, 'private'), tree.private],
    [join(tree.webdav, 'jio_public'), tree.public],
    [join(tree.webdav, 'jio_private'), tree.private],
    [join(tree.root, 'documents'), tree.documents],
  ];
  return new Map(wanted.map(([path, target]) => [path, relative(dirname(path), target)]));
}

/** Names in public/ and private/ that are the tree's own: a promise called so gets no directory there. */
const TAKEN = new Set(['promise', 'log', 'config', 'documents', 'feed', 'feeds', '_document_list', '_promise_status']);

/** Links to what is to be shown, of the monitor and of each promise; what must not be is told, and left out. */
export function pathLinks(spec: MonitorSpec, promises: readonly PromiseSpec[], layout: Layout, log: (line: string) => void): Links {
  const tree = monitorTree(layout);
  const links: Links = new Map();
  const add = (folder: string, path: string, kept: string[]): void => {
    const name = basename(path);
    const why = name === '' ? 'it has no name' : holdsOneOf(path, kept) ? 'it holds secrets, or is one' : undefined;
    if (why === undefined) links.set(join(folder, name), path.replace(/\/+$/, ''));
    else log(`${path} is not shown through the monitoring interface: ${why}`);
  };
  const addAll = ({ publicPaths, privatePaths }: Pick<MonitorSpec, 'publicPaths' | 'privatePaths'>, name: string): void => {
    for (const path of publicPaths) add(join(tree.public, name), path, [layout.secrets, tree.private]);
    for (const path of privatePaths) add(join(tree.private, name), path, [layout.secrets]);
  };
  addAll(spec, '');
  for (const promise of promises) {
    if (promise.publicPaths.length + promise.privatePaths.length === 0) continue;
    if (TAKEN.has(promise.id)) log(`the files of promise ${promise.id} are not shown: the interface uses its name itself`);
    else addAll(promise, promise.id);
  }
  return links;
}

/** True for a path that is one of these, is in it, or holds it. */
function holdsOneOf(path: string, others: readonly string[]): boolean {
  const isIn = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(outer === '/' ? outer : `${outer}/`);
  const real = resolveExisting(path);
  return others.map(resolveExisting).some((other) => isIn(real, other) || isIn(other, real));
}

/** Makes links. One that leads elsewhere is replaced when it is one of `earlier`, which dkm made; anything else with its name stays, and throws. */
export async function makeLinks(links: Links, earlier: ReadonlySet<string>): Promise<void> {
  const faults: string[] = [];
  for (const [path, target] of links) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const found = await readlink(path).catch((error: unknown) => (isNotFound(error) ? undefined : ''));
    if (found === target) continue;
    if (found !== undefined && found !== '' && earlier.has(path)) await unlink(path);
    else if (found !== undefined) {
      faults.push(path);
      continue;
    }
    await symlink(target, path);
  }
  if (faults.length > 0) throw new DkmError('file-invalid', `something else has the name of a link: ${faults.join(', ')}`);
}

/** Removes links that dkm made, and the directory of a promise that had only those. */
export async function removeLinks(paths: Iterable<string>, tree: MonitorTree): Promise<void> {
  for (const path of paths) {
    if (!path.startsWith(`${tree.root}/`)) continue; // the installed directory was moved: it is no path of ours any more
    const isLink = await lstat(path).then(
      (found) => found.isSymbolicLink(),
      () => false,
    );
    if (!isLink) continue;
    await unlink(path);
    const folder = dirname(path);
    if (folder !== tree.public && folder !== tree.private) await rmdir(folder).catch(() => undefined); // somebody put more there
  }
}
