import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DkmError } from '../../src/base/errors.ts';
import { replaceLink } from '../../src/change/tree.ts';
import type { Perform } from './step.ts';

/** Makes a symbolic link, replacing one that leads elsewhere in a single step. */
export const link: Perform<'link'> = ({ path, target }, { layout }) => {
  const absolute = join(layout.root, path);
  const present = lstatSync(absolute, { throwIfNoEntry: false });
  if (present?.isSymbolicLink() && readlinkSync(absolute) === target) return 'present';
  if (present !== undefined && !present.isSymbolicLink()) {
    throw new DkmError('install-failed', `${absolute}: expected a link to ${target}, found something else.`, { hint: `Move ${absolute} away and try again.` });
  }
  replaceLink(absolute, target);
  return 'made';
};
