import { layoutOf } from '../../src/base/layout.ts';
import type { BootService, InstallationFacts } from '../../src/boot/facts.ts';
import type { BootRequest } from '../../src/boot/plan.ts';

/** A service, as far as starting at boot looks at it. */
export function service(name: string, more: Partial<BootService> = {}): BootService {
  return {
    name,
    role: 'store',
    after: [],
    startTimeoutMs: 60_000,
    stop: { signal: 'SIGTERM', timeoutMs: 20_000 },
    ports: [],
    reopen: 'restart',
    logFiles: [`/srv/monitoring/run/logs/${name}.log`],
    ...more,
  };
}

/** The services of an installation of type `all`, with their real times. */
export const SERVICES: BootService[] = [
  service('go-carbon', {
    stop: { signal: 'SIGUSR2', timeoutMs: 60_000 },
    reopen: 'self',
    ports: [{ name: 'carbon', title: 'metrics', address: '0.0.0.0', port: 15_001, protocols: ['tcp'] }],
  }),
  service('carbonapi', { role: 'query', after: ['go-carbon'], stop: { signal: 'SIGTERM', timeoutMs: 15_000 }, reopen: 'self' }),
  service('grafana', {
    role: 'dashboards',
    after: ['carbonapi'],
    startTimeoutMs: 120_000,
    stop: { signal: 'SIGTERM', timeoutMs: 35_000 },
    reopen: 'SIGHUP',
    logFiles: ['/srv/monitoring/run/logs/grafana/grafana.log', '/srv/monitoring/run/logs/grafana.log'],
  }),
  service('console', { role: 'dashboards', after: ['carbonapi'] }),
  service('collectd', { role: 'collector', after: ['go-carbon'], stop: { signal: 'SIGTERM', timeoutMs: 15_000 }, reopen: 'self' }),
];

export function facts(more: Partial<InstallationFacts> = {}, root = '/srv/monitoring'): InstallationFacts {
  return {
    layout: layoutOf(root),
    owner: { userId: 1001, groupId: 1001, user: 'monitor', group: 'monitor' },
    services: SERVICES,
    writtenElsewhere: [],
    needsHomes: false,
    ...more,
  };
}

export function request(more: Partial<BootRequest> = {}): BootRequest {
  return {
    unit: 'dkm-monitoring',
    scope: 'system',
    start: false,
    logrotate: false,
    userConfiguration: '/home/monitor/.config',
    home: '/home/monitor',
    ...more,
  };
}
