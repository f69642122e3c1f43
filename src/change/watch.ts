import { setTimeout as pause } from 'node:timers/promises';
import { DkmError } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import type { ServiceStatus, SupervisorStatus } from '../contract/status.ts';
import { liveAccount } from './services.ts';

/*
 * After a change, services must stay well for a while before it counts: a program that crashes after ten seconds, or
 * that answers but not rightly, is noticed now and not on Monday.
 */

type Account = Pick<SupervisorStatus, 'services'>;
type Seen = Pick<ServiceStatus, 'name' | 'state' | 'health' | 'reason' | 'pid' | 'pidStartTime' | 'lastExit'>;

/**
 * What speaks against a change at this moment, in words; undefined when nothing does. A service that is briefly
 * unhealthy may recover, but must have by the end. Pure.
 */
export function setbackOf(required: readonly string[], first: Account, now: Account | undefined, isLast: boolean): string | undefined {
  if (now === undefined) return 'the supervisor ended';
  for (const name of required) {
    const [before, service] = [named(first, name), named(now, name)];
    const setback = service === undefined ? `${name} is not there` : setbackOfService(before, service, isLast);
    if (setback !== undefined) return setback;
  }
  return undefined;
}

function setbackOfService(before: Seen | undefined, { name, state, health, reason, pid, pidStartTime, lastExit }: Seen, isLast: boolean): string | undefined {
  const because = reason === '' ? '' : `: ${reason}`;
  if (state !== 'RUNNING') return `${name} is ${state}${because}`;
  if (before?.pid !== pid || before.pidStartTime !== pidStartTime) return `${name} was restarted${lastExit === null ? '' : ` (it ended with ${lastExit})`}`;
  if (isLast && health !== 'healthy') return `${name} is ${health === 'unknown' ? 'not known to be healthy' : health}${because}`;
  return undefined;
}

function named({ services }: Account, name: string): Seen | undefined {
  return services.find((service) => service.name === name);
}

const POLL_MS = 200;

/** Watches services for so long; throws `change-failed` at the first setback, and when the signal comes. */
export async function watchServices(
  layout: Layout,
  required: readonly string[],
  watchMs: number,
  signal: AbortSignal,
  onTick: (leftMs: number) => void,
): Promise<void> {
  const end = Date.now() + watchMs;
  const first = (await liveAccount(layout)) ?? { services: [] };
  for (;;) {
    const leftMs = end - Date.now();
    const setback = setbackOf(required, first, await liveAccount(layout), leftMs <= 0);
    if (setback !== undefined) throw new DkmError('change-failed', setback);
    if (leftMs <= 0) return;
    onTick(leftMs);
    await pause(Math.min(POLL_MS, leftMs), undefined, { signal });
  }
}
