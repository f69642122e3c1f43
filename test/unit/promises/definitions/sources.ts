import { join } from 'node:path';
import { layoutOf } from '../../../../src/base/layout.ts';
import { INSTALL_TYPES, TYPES_WITHOUT_STORE, type InstallType } from '../../../../src/contract/install-type.ts';
import type { Settings } from '../../../../src/contract/settings.ts';
import { loadHostPromises } from '../../../../src/manifest/host-promises.ts';
import { loadManifests } from '../../../../src/manifest/load.ts';
import { collectPromises, type PromiseSources } from '../../../../src/promises/definitions/collect.ts';
import type { FolderEntry } from '../../../../src/promises/definitions/folder.ts';
import { filler } from '../../../../src/promises/definitions/shipped.ts';

const FOLDER = join(import.meta.dirname, '../../../../vendor-manifests');
export const MANIFESTS = await loadManifests(FOLDER);
export const HOST = await loadHostPromises(FOLDER);
export const TYPES = INSTALL_TYPES;
export const LAYOUT = layoutOf('/srv/dkm');

/** The two sets of providers that dkm knows. */
export const PROVIDERS = {
  first: { store: 'go-carbon', query: 'carbonapi', dashboards: 'grafana', collector: 'collectd' },
  second: { store: 'carbon-cache', query: 'graphite-web', dashboards: 'console', collector: 'collectd' },
};

export function settingsOf(type: InstallType, providers: Record<string, string>): Settings {
  return {
    install: {
      type,
      port: 15_000,
      hostname: 'host.example.org',
      listen: { dashboards: '127.0.0.1', carbon: '127.0.0.1', query: '127.0.0.1' },
      ...(TYPES_WITHOUT_STORE.includes(type) && { carbon_server: { host: 'metrics.example.org', port: 2003, query_port: 8080 } }),
      providers,
    },
    services: {},
  };
}

/** What an installation of this type promises, with these files of its own. */
export function collected({
  type = 'all',
  providers = PROVIDERS.second,
  entries = [],
  text,
  ...change
}: {
  type?: InstallType;
  providers?: Record<string, string>;
  entries?: FolderEntry[];
  text?: string;
} & Partial<Pick<PromiseSources, 'manifests' | 'host'>> = {}): ReturnType<typeof collectPromises> {
  const settings = settingsOf(type, providers);
  return collectPromises({
    manifests: MANIFESTS,
    host: HOST,
    settings,
    layout: LAYOUT,
    folder: { root: '/srv/dkm', path: 'conf/promises.d', entries, fill: filler('dkm', settings, LAYOUT, 'conf/promises.d') },
    promiseSettings: { text, file: 'conf/promises.toml' },
    ...change,
  });
}
