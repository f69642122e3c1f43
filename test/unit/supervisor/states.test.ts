import { describe, expect, it } from 'vitest';
import { SERVICE_STATES, type ServiceState } from '../../../src/contract/status.ts';
import { pauseBeforeRetryMs, SERVICE_EVENTS, transition, type ServiceEvent } from '../../../src/supervisor/states.ts';

/** Every cell, in words: where it leads and what is done; `-` for nothing. */
const CELLS: Record<ServiceState, Record<ServiceEvent, string>> = {
  STOPPED: row({ start: 'STARTING launch' }),
  STARTING: row({
    stop: 'STOPPING terminate',
    ready: 'RUNNING',
    late: 'STOPPING terminate',
    'too-big': 'STOPPING terminate',
    'exit-wanted': 'BACKOFF plan-retry',
    'exit-unwanted': 'STOPPED',
    'exit-final': 'EXITED',
    'launch-failed': 'BACKOFF plan-retry',
  }),
  RUNNING: row({
    stop: 'STOPPING terminate',
    sick: 'STOPPING terminate',
    'too-big': 'STOPPING terminate',
    'exit-wanted': 'BACKOFF plan-retry',
    'exit-unwanted': 'STOPPED',
    'exit-final': 'EXITED',
  }),
  BACKOFF: row({
    start: 'STARTING cancel-retry launch',
    stop: 'STOPPED cancel-retry',
    retry: 'STARTING launch',
    'give-up': 'FATAL cancel-retry plan-slow-retry',
  }),
  STOPPING: row({ 'exit-again': 'STARTING launch', 'exit-wanted': 'BACKOFF plan-retry', 'exit-unwanted': 'STOPPED', 'exit-final': 'STOPPED' }),
  EXITED: row({ start: 'STARTING launch', stop: 'STOPPED' }),
  FATAL: row({ start: 'STARTING cancel-retry launch', stop: 'STOPPED cancel-retry', retry: 'STARTING launch' }),
};

function row(cells: Partial<Record<ServiceEvent, string>>): Record<ServiceEvent, string> {
  return Object.fromEntries(SERVICE_EVENTS.map((event) => [event, cells[event] ?? '-'])) as Record<ServiceEvent, string>;
}

describe('the state table', () => {
  const cells = SERVICE_STATES.flatMap((state) => SERVICE_EVENTS.map((event) => [state, event, CELLS[state][event]] as const));

  it.each(cells)('%s × %s -> %s', (state, event, expected) => {
    const next = transition(state, event);
    expect(next ? [next.to, ...next.actions].join(' ') : '-').toBe(expected);
  });

  it('never leaves a service without a way to be stopped or started', () => {
    for (const state of SERVICE_STATES) {
      const ways = SERVICE_EVENTS.filter((event) => transition(state, event));
      expect(ways, state).not.toHaveLength(0);
    }
  });
});

describe('pauseBeforeRetryMs', () => {
  it.each([
    [1, 500],
    [2, 1000],
    [3, 2000],
    [7, 30_000],
    [100, 30_000],
  ])('after %i failures in a row it is %i ms', (failures, expected) => {
    expect(pauseBeforeRetryMs(failures)).toBe(expected);
  });
});
