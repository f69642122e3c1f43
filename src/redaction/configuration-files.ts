import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { byCodeUnits } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';

/** What stands below conf/. */
export interface ConfigurationEntry {
  /** Relative to the installed directory. */
  path: string;
  kind: 'file' | 'link' | 'other';
}

const MOST_ENTRIES = 2_000;

/** Every file and link below conf/, sorted, without conf/secrets; links are not followed. */
export async function configurationEntries({ root, conf, secrets }: Layout): Promise<ConfigurationEntry[]> {
  const entries: ConfigurationEntry[] = [];
  const walk = async (directory: string): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const absolute = join(directory, entry.name);
      if (absolute === secrets || entries.length >= MOST_ENTRIES) continue;
      if (entry.isDirectory()) await walk(absolute);
      else entries.push({ path: absolute.slice(root.length + 1), kind: entry.isFile() ? 'file' : entry.isSymbolicLink() ? 'link' : 'other' });
    }
  };
  if ((await lstat(conf)).isDirectory()) await walk(conf);
  return entries.sort((a, b) => byCodeUnits(a.path, b.path));
}
