import { join } from 'node:path';
import { existsAs, readIfPresent, writeAtomic } from '../../src/base/files.ts';
import { formatSettings } from '../../src/contract/settings.ts';
import type { Perform } from './step.ts';

/** Writes conf/dkm.toml; one of a finished installation is the administrator's. */
export const writeSettings: Perform<'write-settings'> = async ({ path, settings, text }, { layout, isInstalled }) => {
  const absolute = join(layout.root, path);
  if (isInstalled && existsAs(absolute)) return 'present';
  const content = text ?? formatSettings(settings);
  if ((await readIfPresent(absolute)) === content) return 'present';
  await writeAtomic(absolute, content, 0o600);
  return 'made';
};
