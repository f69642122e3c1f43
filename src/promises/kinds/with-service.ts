import type { PromiseOutcome } from '../../contract/promise.ts';
import type { ServiceStatus } from '../../contract/status.ts';
import type { RunKind } from './kind.ts';
import { kept } from './outcome.ts';

/** What every kind but `service` may be told: the service that it is about. */
export interface OfService {
  service?: string | undefined;
}

/**
 * A check that is about a service is not made while that is stopped by somebody, or just starts: what it should do then,
 * it does not do yet. While it fails the check is made, as whoever looks at the promise should see that it is broken.
 */
export function withService<Settings>(check: RunKind<Settings>): RunKind<Settings & OfService> {
  return async (settings, context) => pauseFor(settings.service, context.services()) ?? check(settings, context);
}

/** Why a check about this service is not to be made now, as an outcome; undefined when it is. Pure. */
export function pauseFor(name: string | undefined, services: readonly ServiceStatus[]): PromiseOutcome | undefined {
  const about = services.find((each) => each.name === name);
  if (about === undefined) return undefined;
  const isFirstStart = about.state === 'STARTING' || (about.state === 'RUNNING' && !about.ready);
  if (isFirstStart && (about.restarts === 0 || about.reason === '')) return kept(`Not looked at: ${about.name} is starting.`);
  if (about.state === 'STOPPING') return kept(`Not looked at: ${about.name} is stopping.`);
  const isStopped = (about.state === 'STOPPED' && about.held !== true) || about.state === 'EXITED';
  return isStopped ? kept(`Not looked at: ${about.name} is stopped, as somebody wanted.`) : undefined;
}
