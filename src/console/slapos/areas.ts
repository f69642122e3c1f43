import { join } from 'node:path';
import type { Layout } from '../../base/layout.ts';
import { monitorTree } from '../../monitor/tree.ts';
import { openPlace, placeOf, type Area, type Found } from './place.ts';

/** The two folders of the monitoring tree that are served, and the one of the web application's own public documents. */
export type SharedArea = 'public' | 'private' | 'jio_public';
/** `root`: the tree itself, of which only files by name are served. */
export type AreaName = SharedArea | 'root';
export const SHARED_AREAS: readonly SharedArea[] = ['public', 'private', 'jio_public'];

/** Where an area is. Passwords are served by none, and what is private by no open one, whatever a path list says. */
export function areaOf(layout: Pick<Layout, 'monitor' | 'secrets'>, name: AreaName): Area {
  const tree = monitorTree(layout);
  switch (name) {
    case 'public':
      return { folder: tree.public, never: [layout.secrets, tree.private] };
    case 'private':
      return { folder: tree.private, never: [layout.secrets] };
    case 'root':
      return { folder: tree.root, never: [layout.secrets] };
    case 'jio_public':
      return { folder: join(tree.webdav, 'jio_public'), never: [layout.secrets, tree.private] };
  }
}

/** True for names of which one begins with a dot: they are there for programs, over WebDAV alone. */
export function isHidden(names: readonly string[]): boolean {
  return names.some((name) => name.startsWith('.'));
}

/** Opens what these names lead to in an area; undefined when there is nothing to show. The caller closes a file. */
export async function openIn(area: Area, names: readonly string[]): Promise<Found | undefined> {
  const place = await placeOf(area, names);
  return place === undefined ? undefined : openPlace(place);
}
