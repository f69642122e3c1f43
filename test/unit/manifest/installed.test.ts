import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseComponents } from '../../../src/manifest/installed.ts';
import { loadManifests } from '../../../src/manifest/load.ts';

const MANIFESTS = await loadManifests(join(import.meta.dirname, '../../../vendor-manifests'));
const ALL = new Set(MANIFESTS.map(({ name }) => name));
const without = (...names: string[]): Set<string> => new Set([...ALL].filter((name) => !names.includes(name)));

describe('the components of an installation', () => {
  it.each([
    ['all', ALL, { store: 'go-carbon', query: 'carbonapi', dashboards: 'grafana', collector: 'collectd' }],
    ['all', without('go-carbon'), { store: 'carbon-cache', query: 'graphite-web', dashboards: 'grafana', collector: 'collectd' }],
    ['all', without('carbonapi', 'grafana'), { store: 'go-carbon', query: 'graphite-web', dashboards: 'console', collector: 'collectd' }],
    ['server', ALL, { store: 'go-carbon', query: 'carbonapi', dashboards: 'grafana' }],
    ['agent', ALL, { collector: 'collectd' }],
    ['frontend', ALL, { dashboards: 'grafana' }],
  ] as const)('%s', (type, available, providers) => {
    expect(chooseComponents(type, MANIFESTS, available).providers).toEqual(providers);
  });

  it('lack what nothing is available for', () => {
    expect(chooseComponents('all', MANIFESTS, without('go-carbon', 'graphite-web')).lacking).toEqual(['query']);
  });
});
