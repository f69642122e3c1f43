import { describe, expect, it } from 'vitest';
import { setbackOf } from '../../../src/change/watch.ts';
import type { ServiceStatus } from '../../../src/contract/status.ts';

function account(changes: Partial<ServiceStatus> = {}): { services: ServiceStatus[] } {
  const well = { name: 'store', state: 'RUNNING', health: 'healthy', reason: '', pid: 7, pidStartTime: '70', lastExit: null } as ServiceStatus;
  return {
    services: [
      { ...well, ...changes },
      { ...well, name: 'other', state: 'FATAL' },
    ],
  };
}

describe('a watched service', () => {
  it.each<[string, Partial<ServiceStatus>, boolean, RegExp | undefined]>([
    ['that is well', {}, true, undefined],
    ['that crashed', { state: 'BACKOFF', reason: 'it ended (SIGSEGV)', pid: null }, false, /store is BACKOFF: it ended \(SIGSEGV\)/],
    ['that runs again', { pid: 8, pidStartTime: '80', lastExit: 'exit code 3' }, false, /store was restarted \(it ended with exit code 3\)/],
    ['whose process id came again', { pidStartTime: '80' }, false, /store was restarted/],
    ['that is unhealthy for a moment', { health: 'unhealthy', reason: 'no answer' }, false, undefined],
    ['that is unhealthy in the end', { health: 'unhealthy', reason: 'no answer' }, true, /store is unhealthy: no answer/],
    ['that was never asked', { health: 'unknown' }, true, /store is not known to be healthy/],
  ])('%s', (_, changes, isLast, expected) => {
    const setback = setbackOf(['store'], account(), account(changes), isLast);
    if (expected) expect(setback).toMatch(expected);
    else expect(setback).toBeUndefined();
  });

  it('speaks against a change when it or the supervisor is gone, and not when nobody required it', () => {
    expect(setbackOf(['store'], account(), undefined, false)).toBe('the supervisor ended');
    expect(setbackOf(['store'], account(), { services: [] }, false)).toBe('store is not there');
    expect(setbackOf([], account(), account({ state: 'FATAL' }), true)).toBeUndefined();
  });
});
