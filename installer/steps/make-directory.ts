import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Perform } from './step.ts';

/** Makes a directory with exactly this mode, whatever the umask. */
export const makeDirectory: Perform<'make-directory'> = ({ path, mode }, { layout }) => {
  const absolute = join(layout.root, path);
  const present = statSync(absolute, { throwIfNoEntry: false });
  if (present?.isDirectory() && (present.mode & 0o777) === mode) return 'present';
  if (present === undefined) mkdirSync(absolute, { mode });
  chmodSync(absolute, mode);
  return 'made';
};
