import type { ServiceState } from '../contract/status.ts';

/*
 * What a service's life may look like: one table, state × event. Everything the supervisor does to a service it
 * does because a cell of this table says so.
 */

/** What can happen to a service. */
export const SERVICE_EVENTS = [
  /** Somebody wants it to run. */
  'start',
  /** Somebody wants it not to run. */
  'stop',
  /** Its readiness probe succeeded. */
  'ready',
  /** It did not become ready in time. */
  'late',
  /** It was ready, and its health probe failed too often in a row. */
  'sick',
  /** It used more memory than it may. */
  'too-big',
  /** Its process ended while it is wanted. */
  'exit-wanted',
  /** Its process ended while it is not wanted. */
  'exit-unwanted',
  /** Its process ended as it was told to, and meanwhile somebody wanted it again. */
  'exit-again',
  /** Its process ended by itself with success, and its manifest says that this is how it ends. */
  'exit-final',
  /** Its process could not be started at all. */
  'launch-failed',
  /** The pause before its next try is over. */
  'retry',
  /** It failed too often in a row. */
  'give-up',
] as const;
export type ServiceEvent = (typeof SERVICE_EVENTS)[number];

/** What the supervisor does on a transition, in this order. */
export type ServiceAction = 'cancel-retry' | 'launch' | 'terminate' | 'plan-retry' | 'plan-slow-retry';

export interface Transition {
  to: ServiceState;
  actions: readonly ServiceAction[];
}

const go = (to: ServiceState, ...actions: ServiceAction[]): Transition => ({ to, actions });

/** Cells that are not here change nothing. */
const TABLE: Record<ServiceState, Partial<Record<ServiceEvent, Transition>>> = {
  STOPPED: {
    start: go('STARTING', 'launch'),
  },
  STARTING: {
    ready: go('RUNNING'),
    late: go('STOPPING', 'terminate'),
    'too-big': go('STOPPING', 'terminate'),
    stop: go('STOPPING', 'terminate'),
    'launch-failed': go('BACKOFF', 'plan-retry'),
    'exit-wanted': go('BACKOFF', 'plan-retry'),
    'exit-unwanted': go('STOPPED'),
    'exit-final': go('EXITED'),
  },
  RUNNING: {
    sick: go('STOPPING', 'terminate'),
    'too-big': go('STOPPING', 'terminate'),
    stop: go('STOPPING', 'terminate'),
    'exit-wanted': go('BACKOFF', 'plan-retry'),
    'exit-unwanted': go('STOPPED'),
    'exit-final': go('EXITED'),
  },
  BACKOFF: {
    start: go('STARTING', 'cancel-retry', 'launch'),
    stop: go('STOPPED', 'cancel-retry'),
    retry: go('STARTING', 'launch'),
    'give-up': go('FATAL', 'cancel-retry', 'plan-slow-retry'),
  },
  // Whether the end of its process means STOPPED or another try depends on whether it is still wanted: `late`,
  // `sick` and `too-big` leave it wanted, `stop` does not.
  STOPPING: {
    'exit-again': go('STARTING', 'launch'),
    'exit-wanted': go('BACKOFF', 'plan-retry'),
    'exit-unwanted': go('STOPPED'),
    'exit-final': go('STOPPED'),
  },
  EXITED: {
    start: go('STARTING', 'launch'),
    stop: go('STOPPED'),
  },
  FATAL: {
    start: go('STARTING', 'cancel-retry', 'launch'),
    stop: go('STOPPED', 'cancel-retry'),
    retry: go('STARTING', 'launch'),
  },
};

/** Where an event takes a service and what is to be done; undefined when it changes nothing. */
export function transition(state: ServiceState, event: ServiceEvent): Transition | undefined {
  return TABLE[state][event];
}

/** A service that fails this often in a row, without having been well for `WELL_AFTER_MS` in between, is FATAL. */
export const TRIES_BEFORE_FATAL = 5;
/** A service that ran this long since it became ready starts with a clean slate. */
export const WELL_AFTER_MS = 60_000;
/** A FATAL service is tried again after this long. */
export const SLOW_RETRY_MS = 300_000;

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** The pause before the try after `failures` failures in a row (1 for the first), in milliseconds: doubling, capped. */
export function pauseBeforeRetryMs(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1));
}
