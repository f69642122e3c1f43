import { isAbsolute, join } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { readIfPresent } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { parseToml } from '../base/structured.ts';
import type { Settings } from '../contract/settings.ts';
import type { Dialect } from '../whisper/aggregation.ts';
import { readSections } from './sections.ts';

/*
 * Which store an installation has, and where it keeps what. Its own configuration is asked, as that may be edited;
 * what it does not say is as templates/<store> has it.
 */

export interface Store {
  dialect: Dialect;
  schemasFile: string;
  aggregationFile: string;
  /** Where the whisper files are. */
  directory: string;
  /** True when it locks a file while it writes to it: without that nothing may be changed while it runs. */
  locksFiles: boolean;
  /** What to change where it does not. */
  lockSetting: string;
}

/** The whisper store of an installation; throws `usage` when it has none. */
export async function storeOf(layout: Layout, settings: Settings): Promise<Store> {
  const name = settings.install.providers['store'];
  if (name === 'go-carbon') return goCarbon(layout);
  if (name === 'carbon-cache') return carbonCache(layout);
  const has = name === undefined ? `has no store of its own` : `has the store ${name}, which does not keep whisper files that dkm knows`;
  throw new DkmError('usage', `This installation (${settings.install.type}) ${has}.`, { hint: 'Ask on the machine that stores the metrics.' });
}

/** True when `storeOf` would find one. */
export function hasWhisperStore(settings: Settings): boolean {
  return ['go-carbon', 'carbon-cache'].includes(settings.install.providers['store'] ?? '');
}

async function goCarbon(layout: Layout): Promise<Store> {
  const file = join(layout.conf, 'go-carbon', 'go-carbon.toml');
  const { whisper = {} } = parseToml((await readIfPresent(file)) ?? '', file) as { whisper?: Record<string, unknown> };
  const path = (key: string, usual: string): string => inLayout(layout, whisper[key], usual);
  return {
    dialect: 'go-carbon',
    schemasFile: path('schemas-file', join(layout.conf, 'whisper', 'storage-schemas.conf')),
    aggregationFile: path('aggregation-file', join(layout.conf, 'whisper', 'storage-aggregation.conf')),
    directory: path('data-dir', join(layout.storage, 'whisper')),
    locksFiles: whisper['flock'] === true,
    lockSetting: `flock = true under [whisper] in ${file}`,
  };
}

async function carbonCache(layout: Layout): Promise<Store> {
  const file = join(layout.conf, 'carbon-cache', 'carbon.conf');
  const cache = readSections((await readIfPresent(file)) ?? '', file, 'carbon-cache').find(({ name }) => name === 'cache')?.values;
  const configured = inLayout(layout, cache?.get('conf_dir'), join(layout.conf, 'whisper'));
  return {
    dialect: 'carbon-cache',
    schemasFile: join(configured, 'storage-schemas.conf'),
    aggregationFile: join(configured, 'storage-aggregation.conf'),
    directory: inLayout(layout, cache?.get('local_data_dir'), join(layout.storage, 'whisper')),
    locksFiles: /^(true|yes|on|1)$/i.test(cache?.get('whisper_lock_writes') ?? ''),
    lockSetting: `WHISPER_LOCK_WRITES = True under [cache] in ${file}`,
  };
}

/** A path as a store's configuration has it; services run in the installed directory. */
function inLayout(layout: Layout, value: unknown, usual: string): string {
  if (typeof value !== 'string' || value === '') return usual;
  return isAbsolute(value) ? value : join(layout.root, value);
}
