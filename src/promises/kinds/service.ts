import { spanInWords } from '../../base/terminal.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import type { ServiceStatus } from '../../contract/status.ts';
import type { RunKind } from './kind.ts';
import { broken, kept, namesInWords, unknown } from './outcome.ts';

/** Services are as they are wanted. */
export interface ServiceSettings {
  /** By name; empty: all. */
  services: string[];
  /** True: one that somebody stopped is as it is wanted. */
  may_be_stopped: boolean;
  /** Restarts by dkm since it was last started, from which on it counts as not staying up. */
  max_restarts?: number | undefined;
  /** Seconds that a service must stay up after its last restart to count as well again. */
  settled_s: number;
}

export const service: RunKind<ServiceSettings> = (settings, context) => Promise.resolve(serviceOutcome(settings, context.services(), context.now()));

/** What the services' account means. Pure. */
export function serviceOutcome(settings: ServiceSettings, all: readonly ServiceStatus[], nowMs: number): PromiseOutcome {
  const wanted = settings.services;
  const missing = wanted.filter((name) => !all.some((each) => each.name === name));
  if (missing.length > 0 && all.length > 0) return broken(`There is no service ${namesInWords(missing)} here.`);
  const services = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  if (services.length === 0) return unknown('No service is known: dkm does not run.');
  const values = {
    services: services.length,
    running: services.filter(({ state }) => state === 'RUNNING').length,
    restarts: services.reduce((sum, { restarts }) => sum + restarts, 0),
  };
  const faults = services.flatMap((each) => {
    const fault = serviceFault(settings, each, nowMs);
    return fault === undefined ? [] : [`${each.name} ${fault}`];
  });
  if (faults.length > 0) return broken(`${namesInWords(faults, 10)}.`, values);
  return kept(services.length === 1 ? `${services[0]?.name ?? ''} is as it should be.` : 'All services are as they should be.', values);
}

function serviceFault({ may_be_stopped, max_restarts, settled_s }: ServiceSettings, each: ServiceStatus, nowMs: number): string | undefined {
  const fault = stateFault(each, may_be_stopped);
  if (fault !== undefined) return fault;
  const isUnsettled = each.startedAtMs !== null && nowMs - each.startedAtMs < settled_s * 1000;
  if (max_restarts !== undefined && each.restarts >= max_restarts && isUnsettled)
    return `does not stay up: it was restarted ${max_restarts === 1 ? 'at least once' : `${max_restarts} times or more`}, the last time less than ${spanInWords(settled_s)} ago`;
  return undefined;
}

/** Why it is as it is, `reason`, is left out where it holds figures that move. */
function stateFault({ state, health, held, reason, restarts }: ServiceStatus, mayBeStopped: boolean): string | undefined {
  switch (state) {
    case 'FATAL':
      return 'does not stay up and was given up (FATAL)';
    case 'BACKOFF':
      return 'ended and is to be started again (BACKOFF)';
    case 'STARTING':
      // A start takes its time, and has a limit of its own; one after the other without success is another thing.
      return restarts > 0 && reason !== '' ? 'is started again after it failed (STARTING)' : undefined;
    case 'STOPPED':
      if (held === true) return 'was stopped by dkm until there is space on the disk';
      return mayBeStopped ? undefined : 'is stopped';
    case 'STOPPING':
    case 'EXITED':
      return undefined;
    case 'RUNNING':
      return health === 'unhealthy' ? 'runs and does not answer as it should (unhealthy)' : undefined;
  }
}
