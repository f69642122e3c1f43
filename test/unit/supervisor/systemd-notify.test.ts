import { describe, expect, it } from 'vitest';
import { watchdogPauseMs } from '../../../src/supervisor/systemd-notify.ts';

describe('watchdogPauseMs', () => {
  it.each([
    [{ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '120000000' }, 40_000],
    [{ WATCHDOG_USEC: '120000000' }, undefined],
    [{ NOTIFY_SOCKET: '/run/notify' }, undefined],
    [{ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '0' }, undefined],
    [{ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: 'soon' }, undefined],
    [{}, undefined],
  ])('%j: %s', (environment, pauseMs) => expect(watchdogPauseMs(environment)).toBe(pauseMs));
});
