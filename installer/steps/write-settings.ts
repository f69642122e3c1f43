import { join } from 'node:path';
import { existsAs, writeAtomic } from '../../src/base/files.ts';
import { formatSettings } from '../../src/contract/settings.ts';
import type { Perform } from './step.ts';

/** Writes conf/dkm.toml; one of a finished installation is the administrator's. */
export const writeSettings: Perform<'write-settings'> = async ({ path, settings }, { layout, isInstalled }) => {
  const absolute = join(layout.root, path);
  if (isInstalled && existsAs(absolute)) return 'present';
  await writeAtomic(absolute, formatSettings(settings), 0o600);
  return 'made';
};
