import type { MonitorSpec } from '../../src/contract/monitor.ts';
import type { PromiseOutcome, PromiseResult, PromiseSpec } from '../../src/contract/promise.ts';

/** A monitor, as it is configured. */
export function monitorSpecOf(more: Partial<MonitorSpec> = {}): MonitorSpec {
  return {
    title: 'store 1',
    rootTitle: 'metrics',
    baseUrl: 'http://127.0.0.1:15005',
    instances: [],
    publicPaths: [],
    privatePaths: [],
    parameters: [],
    corsDomains: [],
    hostname: 'host.example.org',
    ...more,
  };
}

/** A promise that is checked each minute. */
export function promiseSpecOf(id: string, more: Partial<PromiseSpec> = {}): PromiseSpec {
  return {
    id,
    title: `Promise ${id}`,
    origin: 'host',
    severity: 'critical',
    schedule: '* * * * *',
    jitterMs: 0,
    timeoutMs: 1000,
    check: { kind: 'built-in', name: 'tcp', settings: {} },
    publicPaths: [],
    privatePaths: [],
    ...more,
  };
}

/** What came of a run. */
export function resultOf(spec: PromiseSpec, outcome: Partial<PromiseOutcome> = {}, startedAtMs = Date.now()): PromiseResult {
  return { spec, outcome: { state: 'ok', message: 'all is well', ...outcome }, startedAtMs, executionTimeMs: 120 };
}
