import type { Settings } from '../../src/contract/settings.ts';

/**
 * The same settings at every run, for golden files: `all` keeps everything on loopback, `server` listens everywhere
 * (IPv6 too), `agent` sends to another host.
 */
export function fixedSettings(type: 'all' | 'server' | 'agent'): Settings {
  const listen = {
    all: { dashboards: '127.0.0.1', carbon: '127.0.0.1', query: '127.0.0.1' },
    server: { dashboards: '0.0.0.0', carbon: '::', query: '10.1.2.3' },
  };
  return {
    install: {
      type,
      port: 15000,
      hostname: 'host.example.org',
      listen: type === 'server' ? listen.server : listen.all,
      ...(type === 'agent' && { carbon_server: { host: 'metrics.example.org', port: 2003, query_port: 8080 } }),
      python: '/usr/bin/python3',
      providers: {},
    },
    services: {},
  };
}
