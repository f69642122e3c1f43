import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { templateContext } from '../../../src/manifest/context.ts';
import { chooseComponents, installedComponents, portsOf } from '../../../src/manifest/installed.ts';
import { loadManifests } from '../../../src/manifest/load.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import type { ServicePort } from '../../../src/contract/service.ts';
import { formatSettings, readSettings, type Settings } from '../../../src/contract/settings.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';
import { renderTemplates } from '../../helpers/render-templates.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const MANIFESTS = await loadManifests(join(import.meta.dirname, '../../../vendor-manifests'));
const ALL = new Set(MANIFESTS.map(({ name }) => name));
const without = (...names: string[]): Set<string> => new Set([...ALL].filter((name) => !names.includes(name)));

describe("StatsD's port", () => {
  const collectd = MANIFESTS.find(({ name }) => name === 'collectd')!;
  const portsWith = (statsd?: Settings['statsd']): ServicePort[] =>
    portsOf(collectd, templateContext('collectd', { ...fixedSettings('all'), ...(statsd && { statsd }) }, layoutOf('/srv/dkm')));

  it.each<[string, Settings['statsd'], Partial<ServicePort>[]]>([
    ['is not open by itself', undefined, []],
    ['is on loopback when it is open', { port: 8125 }, [{ name: 'statsd', address: '127.0.0.1', port: 8125, protocols: ['udp'] }]],
    ['is where it is wanted', { port: 8126, listen: '10.0.0.5' }, [{ name: 'statsd', address: '10.0.0.5', port: 8126, protocols: ['udp'] }]],
  ])('%s', (_, statsd, ports) => expect(portsWith(statsd)).toMatchObject(ports));

  it.each([
    ['', /Include "..\/collectd.d"/, /statsd/],
    ['statsd', /<Plugin statsd>\n {2}Host "::1"\n {2}Port "8125"\n/, /<Plugin statsd>\n {2}Host "127/],
  ])('is in the configuration: %s', async (statsd, has, hasNot) => {
    const settings = { ...fixedSettings('all'), ...(statsd !== '' && { statsd: { port: 8125, listen: '::1' } }) };
    const files = await renderTemplates('collectd', templateContext('collectd', settings, layoutOf('/srv/dkm')));
    expect(files.get('conf/collectd/collectd.conf')).toMatch(has);
    expect(files.get('conf/collectd/collectd.conf')).not.toMatch(hasNot);
  });

  it.each([
    ['without a port', '[statsd]\nlisten = "127.0.0.1"\n'],
    ['on a name', '[statsd]\nport = 8125\nlisten = "localhost"\n'],
    ['on no port at all', '[statsd]\nport = 0\n'],
  ])('is refused %s', async (_, text) => {
    const file = join(temporaryDirectory(), 'dkm.toml');
    writeFileSync(file, `${formatSettings(fixedSettings('all'))}\n${text}`);
    await expect(readSettings(file)).rejects.toThrow(/statsd\.(port|listen)/);
  });
});

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
