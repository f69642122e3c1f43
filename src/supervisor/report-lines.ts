import type { PromiseState } from '../contract/promise.ts';
import type { ServiceStatus } from '../contract/status.ts';

/*
 * What the supervisor says of itself in Graphite, once a minute. Names and units stand in docs/metrics.md, and the
 * dashboard "dkm itself" is made of them.
 */

/** What there is to say at one time. */
export interface Scene {
  services: readonly ServiceStatus[];
  /** The last outcome of each promise; `pending` before its first. */
  promises: readonly (PromiseState | 'pending')[];
  /** Resident bytes of a process and what it started; null when nobody knows. */
  memoryOf: (pid: number) => number | null;
  supervisor: { pid: number; startedAtMs: number };
  nowMs: number;
}

/** A metric's name after the prefix, and its value. */
export type Measured = [name: string, value: number];

/** Everything that is said. A service that is stopped on purpose is neither wanted nor up. Pure but for `memoryOf`. */
export function measured({ services, promises, memoryOf, supervisor, nowMs }: Scene): Measured[] {
  const count = (state: PromiseState | 'pending'): number => promises.filter((one) => one === state).length;
  return [
    ...known('supervisor.memory_bytes', residentOf(supervisor.pid)),
    ['supervisor.uptime_seconds', secondsSince(supervisor.startedAtMs, nowMs)],
    ['services.wanted', services.filter(isWanted).length],
    ['services.up', services.filter(isUp).length],
    ...services.flatMap((service) => ofService(service, memoryOf, nowMs)),
    ['promises.ok', count('ok')],
    ['promises.failed', count('failed')],
    ['promises.no_data', count('no-data')],
    ['promises.pending', count('pending')],
  ];

  /** Of the supervisor alone: what it started are the services, which are told one by one. */
  function residentOf(pid: number): number | null {
    const children = services.reduce((sum, service) => sum + (service.pid === null ? 0 : (memoryOf(service.pid) ?? 0)), 0);
    const all = memoryOf(pid);
    return all === null ? null : Math.max(0, all - children);
  }
}

function ofService(service: ServiceStatus, memoryOf: Scene['memoryOf'], nowMs: number): Measured[] {
  const name = `service.${service.name.replace(/[^\w-]/g, '_')}`;
  return [
    [`${name}.up`, isUp(service) ? 1 : 0],
    [`${name}.restarts`, service.restarts],
    ...known(`${name}.memory_bytes`, service.pid === null ? null : memoryOf(service.pid)),
    [`${name}.uptime_seconds`, service.startedAtMs === null ? 0 : secondsSince(service.startedAtMs, nowMs)],
  ];
}

function known(name: string, value: number | null): Measured[] {
  return value === null ? [] : [[name, value]];
}

function isUp({ state, ready, health }: ServiceStatus): boolean {
  return state === 'RUNNING' && ready && health !== 'unhealthy';
}

/** Stopped and ended ones are as they should be, unless the supervisor holds them back itself. */
function isWanted({ state, held = false }: ServiceStatus): boolean {
  return held || (state !== 'STOPPED' && state !== 'STOPPING' && state !== 'EXITED');
}

function secondsSince(thenMs: number, nowMs: number): number {
  return Math.max(0, Math.round((nowMs - thenMs) / 1000));
}

/** In carbon's plaintext protocol: `name value time`, a line each. Pure. */
export function carbonLines(prefix: string, metrics: readonly Measured[], nowMs: number): string {
  return metrics.map(([name, value]) => `${prefix}.${name} ${value} ${Math.floor(nowMs / 1000)}\n`).join('');
}
