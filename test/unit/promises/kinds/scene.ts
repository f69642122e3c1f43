import { layoutOf } from '../../../../src/base/layout.ts';
import type { ServiceStatus } from '../../../../src/contract/status.ts';
import type { KindContext } from '../../../../src/promises/kinds/kind.ts';

/** The time at which everything here happens, milliseconds since the epoch. */
export const NOW_MS = 1_790_000_000_000;
export const NOW_S = NOW_MS / 1000;

/** A service that has been well for an hour, and how it differs. */
export function serviceOf(name: string, change: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    name,
    title: name,
    version: '1.0.0',
    role: 'store',
    state: 'RUNNING',
    pid: 4711,
    pidStartTime: '1',
    startedAtMs: NOW_MS - 3_600_000,
    restarts: 0,
    ready: true,
    health: 'healthy',
    reason: '',
    lastExit: null,
    ports: [],
    logFiles: [],
    ...change,
  };
}

/** What a kind is handed, with these services. */
export function contextWith(services: ServiceStatus[] = [], change: Partial<KindContext> = {}): KindContext {
  return { layout: layoutOf('/srv/dkm'), signal: new AbortController().signal, timeoutMs: 5_000, now: () => NOW_MS, services: () => services, ...change };
}
