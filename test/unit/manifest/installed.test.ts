import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { templateContext } from '../../../src/manifest/context.ts';
import { chooseComponents, installedComponents, portsOf } from '../../../src/manifest/installed.ts';
import { loadManifests } from '../../../src/manifest/load.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';

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

  it.each([
    ['all', ALL, 'grafana', 15005, 'console'],
    ['frontend', ALL, 'grafana', 15005, 'console'],
    ['all', without('grafana'), 'console', 15000, 'dashboards'],
  ] as const)('%s: the console runs, beside Grafana or in its place', (type, available, dashboards, port, name) => {
    const { components, providers } = chooseComponents(type, MANIFESTS, available);
    expect(components.filter(({ name: each }) => each === 'console')).toHaveLength(1);
    const settings = { ...fixedSettings('all'), services: {} };
    settings.install.type = type;
    settings.install.providers = { ...providers };
    expect(settings.install.providers['dashboards']).toBe(dashboards);
    expect(
      installedComponents(
        MANIFESTS.filter((each) => available.has(each.name)),
        settings,
      ).map((each) => each.name),
    ).toContain('console');
    const ports = portsOf(
      MANIFESTS.find((each) => each.name === 'console')!,
      templateContext('console', settings, layoutOf('/srv/dkm')),
    );
    expect(ports).toMatchObject([{ name, port }]);
  });

  it.each(['agent', 'backend'] as const)('%s: no console where there are no dashboards', (type) => {
    expect(chooseComponents(type, MANIFESTS, ALL).components.map(({ name }) => name)).not.toContain('console');
  });

  it('lack what nothing is available for', () => {
    expect(chooseComponents('all', MANIFESTS, without('go-carbon', 'graphite-web')).lacking).toEqual(['query']);
  });
});
