import type { ServiceSpec } from '../contract/service.ts';
import { probe } from './health.ts';
import { memoryOf, memoryWithSharedOnce } from './memory.ts';

/** What is told about a process that is watched. */
export interface WatchEvents {
  /** It is not ready yet; why. */
  onWaiting: (reason: string) => void;
  onReady: () => void;
  /** It was not ready in time. */
  onLate: (reason: string) => void;
  /** What a health probe found; the reason is empty when all is well. */
  onHealth: (health: 'healthy' | 'unhealthy', reason: string) => void;
  /** Its health probe failed as often in a row as its service bears. */
  onSick: (reason: string) => void;
}

/** Programs in Go are ready within milliseconds, others take seconds: asked often at first, then less. */
const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 200;
const READY_PROBE_TIMEOUT_MS = 2_000;

/** Probes one process of a service: until it is ready, then for its health, until `ended`. Tells nothing after that. */
export async function watchProcess(spec: ServiceSpec, ended: AbortSignal, events: WatchEvents): Promise<void> {
  if (await becomesReady(spec, ended, events)) await watchHealth(spec, ended, events);
}

async function becomesReady({ ready, startTimeoutMs }: ServiceSpec, ended: AbortSignal, events: WatchEvents): Promise<boolean> {
  const deadline = performance.now() + startTimeoutMs; // not by the clock that people set
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(LONGEST_POLL_MS, pauseMs * 1.5)) {
    const result = await probe(ready, READY_PROBE_TIMEOUT_MS);
    if (ended.aborted) return false;
    if (result.ok) {
      events.onReady();
      return true;
    }
    if (performance.now() > deadline) {
      events.onLate(`not ready within ${startTimeoutMs / 1000} s: ${result.reason}`);
      return false;
    }
    events.onWaiting(`not ready yet: ${result.reason}`);
    await pause(pauseMs, ended);
  }
}

async function watchHealth({ health }: ServiceSpec, ended: AbortSignal, events: WatchEvents): Promise<void> {
  let failed = 0;
  while (failed < health.failures) {
    await pause(health.intervalMs, ended);
    if (ended.aborted) return;
    const result = await probe(health.probe, health.timeoutMs);
    if (ended.aborted) return;
    failed = result.ok ? 0 : failed + 1;
    if (result.ok) events.onHealth('healthy', '');
    else events.onHealth('unhealthy', result.reason);
    if (failed === health.failures && !result.ok) events.onSick(`it failed its health check ${failed} times in a row and is restarted: ${result.reason}`);
  }
}

/** How often the memory of a service with a ceiling is looked at, and how often in a row it must be too much: a peak may pass. */
const MEMORY_INTERVAL_MS = 2_000;
const MEMORY_SAMPLES = 3;

/**
 * Watches a service's memory until `ended` or until it was above the ceiling for a while; services without a ceiling
 * are not looked at.
 *
 * Measured, not enforced by the kernel: RLIMIT_AS bounds address space, of which Go and Node reserve gigabytes that they
 * never use, and a memory control group can only be made by root or where root delegated one.
 */
export async function watchMemory(
  { name, limits }: Pick<ServiceSpec, 'name' | 'limits'>,
  pid: number,
  ended: AbortSignal,
  onTooBig: (reason: string) => void,
): Promise<void> {
  const ceiling = limits.memoryBytes;
  if (ceiling === undefined) return;
  for (let above = 0; above < MEMORY_SAMPLES;) {
    await pause(MEMORY_INTERVAL_MS, ended);
    if (ended.aborted) return;
    above = isAbove(pid, ceiling) ? above + 1 : 0;
  }
  const used = memoryWithSharedOnce(pid) ?? ceiling;
  onTooBig(`it used ${mebibytes(used)} MiB, more than services.${name}.memory_mib = ${mebibytes(ceiling)}, and is restarted`);
}

function isAbove(pid: number, ceiling: number): boolean {
  return (memoryOf(pid) ?? 0) > ceiling && (memoryWithSharedOnce(pid) ?? 0) > ceiling;
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}

/** Waits, or less when the signal says that it is no longer of interest. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    resolve();
  };
  const timer = setTimeout(end, milliseconds);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end);
  return promise;
}
