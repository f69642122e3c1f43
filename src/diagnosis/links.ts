import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Layout } from '../base/layout.ts';
import type { Manifest } from '../manifest/schema.ts';

/*
 * The links of an installed directory: `current`, what leads to dkm through it, and what components ask for.
 */

/** The links that lead into current/, by their path relative to the installed directory. Pure. */
export function linksIntoCurrent(components: readonly Pick<Manifest, 'links'>[]): Record<string, string> {
  const own = { 'bin/dkm': '../current/installer', 'bin/dkmadmin': '../current/installer' };
  const asked = components.flatMap(({ links }) => Object.entries(links)).map(([path, target]) => [path, posix.relative(posix.dirname(path), target)] as const);
  return { ...own, ...Object.fromEntries(asked) };
}

/** What is wrong with the links, one line each. */
export function linkFaults({ root, current }: Layout, components: readonly Pick<Manifest, 'links'>[]): string[] {
  const expected = Object.entries(linksIntoCurrent(components)).flatMap(([path, target]) =>
    faultOf(root, path, (found) => found === target, `a link to ${target}`),
  );
  const present = faultOf(root, 'current', (found) => /^versions\/[^/]+$/.test(found), 'a link to a folder of versions/');
  const dangling = present.length === 0 && !existsSync(current) ? [`current: leads to ${readlinkSync(current)}, which is not there`] : [];
  return [...present, ...dangling, ...expected];
}

function faultOf(root: string, path: string, isRight: (target: string) => boolean, expected: string): string[] {
  const absolute = join(root, path);
  const stat = lstatSync(absolute, { throwIfNoEntry: false });
  if (stat === undefined) return [`${path}: is missing, expected ${expected}`];
  const target = stat.isSymbolicLink() ? readlinkSync(absolute) : undefined;
  if (target !== undefined && isRight(target)) return [];
  return [`${path}: expected ${expected}, found ${target === undefined ? 'something else' : `one to ${target}`}`];
}
