import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { INSTALL_TYPES, type InstallType } from '../../../src/contract/install-type.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { parseManifest } from '../../../src/manifest/load.ts';
import { installedComponents } from '../../../src/manifest/installed.ts';
import { servicesOf } from '../../../src/supervisor/services.ts';

const manifest = (name: string, role: string, more = ''): ReturnType<typeof parseManifest> =>
  parseManifest(
    `name = "${name}"\ntitle = "${name}"\ndescription = "."\nhomepage = "https://example.org"\nversion = "1"\nlicence = "MIT"\nrole = "${role}"\npreference = 1\n` +
      `[[sources]]\nkind = "built-in"\n[[ports]]\nname = "carbon"\nlisten = "carbon"\ntitle = "x"\nprotocols = ["tcp", "udp"]\n` +
      `[service]\ncommand = ["{{component}}/bin/${name}", "-c", "{{dir.conf}}/x"]\nready = { kind = "tcp", port = "carbon" }\n${more}`,
    `${name}.toml`,
  );

const MANIFESTS = [
  manifest('collectd', 'collector', 'after = ["store"]'),
  manifest('grafana', 'dashboards', 'after = ["query"]'),
  manifest('carbonapi', 'query', 'after = ["store"]'),
  manifest('go-carbon', 'store'),
  manifest('carbon-cache', 'store'),
];
const PROVIDERS = { store: 'go-carbon', query: 'carbonapi', dashboards: 'grafana', collector: 'collectd' };
const LAYOUT = layoutOf('/srv/dkm');

const settings = (type: InstallType, more: Partial<Settings> = {}): Settings => ({
  install: { type, port: 15000, hostname: 'a.example.org', listen: { dashboards: '0.0.0.0', carbon: '0.0.0.0', query: '127.0.0.1' }, providers: PROVIDERS },
  services: {},
  ...more,
});

describe('installedComponents', () => {
  it.each([
    ['all', 'go-carbon carbonapi grafana collectd'],
    ['server', 'go-carbon carbonapi grafana'],
    ['agent', 'collectd'],
    ['backend', 'go-carbon carbonapi'],
    ['frontend', 'grafana'],
    ['backend-agent', 'go-carbon carbonapi collectd'],
  ] as const)('%s runs %s', (type, expected) => {
    expect(new Set(installedComponents(MANIFESTS, settings(type)).map(({ name }) => name))).toEqual(new Set(expected.split(' ')));
  });

  it('covers every install type', () => {
    expect(INSTALL_TYPES).toHaveLength(6);
  });
});

describe('servicesOf', () => {
  it('fills in templates and sorts by role', () => {
    const services = servicesOf(MANIFESTS, settings('all'), LAYOUT);
    expect(services.map(({ name, after }) => [name, ...after])).toEqual([
      ['go-carbon'],
      ['carbonapi', 'go-carbon'],
      ['grafana', 'carbonapi'],
      ['collectd', 'go-carbon'],
    ]);
    expect(services[0]).toMatchObject({
      command: ['/srv/dkm/current/components/go-carbon/bin/go-carbon', '-c', '/srv/dkm/conf/x'],
      ready: { kind: 'tcp', host: '127.0.0.1', port: 15001 },
      ports: [{ name: 'carbon', address: '0.0.0.0', port: 15001, protocols: ['tcp', 'udp'] }],
      outputFile: '/srv/dkm/run/logs/go-carbon.log',
      autostart: true,
    });
  });

  it('probes the address a service listens on, not always loopback', () => {
    const { install } = settings('all');
    const services = servicesOf(MANIFESTS, settings('all', { install: { ...install, listen: { ...install.listen, carbon: '192.0.2.7' } } }), LAYOUT);
    expect(services[0]?.ready).toMatchObject({ host: '192.0.2.7' });
  });

  it("takes conf/dkm.toml's overrides", () => {
    const overrides = { 'go-carbon': { autostart: false, start_timeout_s: 7, stop_timeout_s: 8, environment: { TZ: 'UTC' } } };
    expect(servicesOf(MANIFESTS, settings('backend', { services: overrides }), LAYOUT)[0]).toMatchObject({
      autostart: false,
      startTimeoutMs: 7000,
      stop: { timeoutMs: 8000 },
      environment: { TZ: 'UTC' },
    });
  });

  it('refuses overrides of services that are not there, naming those that are', () => {
    expect(() => servicesOf(MANIFESTS, settings('agent', { services: { 'go-carbon': {} } }), LAYOUT)).toThrow(
      '/srv/dkm/conf/dkm.toml: services.go-carbon: there is no such service here',
    );
  });

  it('refuses a program that is not an absolute path', () => {
    const odd = parseManifest(
      `name = "odd"\ntitle = "odd"\ndescription = "."\nhomepage = "https://example.org"\nversion = "1"\nlicence = "MIT"\nrole = "extra"\npreference = 1\n[[sources]]\nkind = "built-in"\n[service]\ncommand = ["odd"]\nready = { kind = "file", path = "x" }`,
      'odd.toml',
    );
    expect(() => servicesOf([odd], settings('agent'), LAYOUT)).toThrow('odd.toml: service.command: expected an absolute path, found "odd"');
  });
});
