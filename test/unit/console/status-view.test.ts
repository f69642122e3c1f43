import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readStatus, statusAnswer, wellbeingOf } from '../../../src/console/picture/status-view.ts';
import type { ServiceStatus, SupervisorStatus } from '../../../src/contract/status.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const SERVICE: ServiceStatus = {
  name: 'collectd',
  title: 'collectd',
  version: '5.12.0',
  role: 'collector',
  state: 'RUNNING',
  pid: 77,
  pidStartTime: '1',

  startedAtMs: 5000,
  restarts: 2,
  ready: true,
  health: 'healthy',
  reason: '',
  lastExit: null,
  ports: [],
  logFiles: ['/secret/place.log'],
};
const STATUS: SupervisorStatus = { schema: 1, version: '0.1.0', pid: 42, pidStartTime: '1', bootId: '', startedAtMs: 1000, services: [SERVICE] };

it.each<[Partial<ServiceStatus>, string, string]>([
  [{}, 'good', 'Healthy'],
  [{ health: 'unknown' }, 'good', 'Running'],
  [{ health: 'unhealthy' }, 'bad', 'Unhealthy'],
  [{ ready: false, health: 'unknown' }, 'busy', 'Starting'],
  [{ state: 'STARTING' }, 'busy', 'Starting'],
  [{ state: 'STOPPING' }, 'busy', 'Stopping'],
  [{ state: 'BACKOFF' }, 'bad', 'Trying again'],
  [{ state: 'FATAL' }, 'bad', 'Failed'],
  [{ state: 'STOPPED' }, 'off', 'Stopped'],
  [{ state: 'EXITED' }, 'off', 'Ended'],
])('%j is %s: %s', (change, wellbeing, word) => {
  expect(wellbeingOf({ ...SERVICE, reason: 'why', ...change })).toEqual({ wellbeing, word, reason: 'why' });
});

describe('the status', () => {
  it('of a living supervisor is shown as it is, without names of files', () => {
    const answer = statusAnswer(STATUS, () => true, 9000);
    expect(answer.supervisor).toEqual({ state: 'running', message: '', version: '0.1.0', startedAtMs: 1000, pid: 42 });
    expect(answer.services).toMatchObject([{ name: 'collectd', word: 'Healthy', startedAtMs: 5000, restarts: 2 }]);
    expect(JSON.stringify(answer)).not.toContain('/secret');
  });

  it('of a supervisor that is gone is not believed', () => {
    const answer = statusAnswer(STATUS, (pid) => pid === 77);
    expect(answer.supervisor).toMatchObject({ state: 'dead', message: expect.stringContaining('process 42') as string });
    expect(answer.services).toMatchObject([{ wellbeing: 'unknown', reason: 'Last known state: RUNNING. Its process is still there, unwatched.' }]);
    expect(statusAnswer(STATUS, () => false).services[0]?.reason).toContain('not there');
  });

  it.each([
    ['missing', undefined],
    ['unreadable', '{'],
    ['unreadable', JSON.stringify({ ...STATUS, schema: 2 })],
  ])('%s is said: %s', async (state, text) => {
    const file = join(temporaryDirectory(), 'status.json');
    if (text !== undefined) writeFileSync(file, text);
    expect(await readStatus(file)).toMatchObject({ supervisor: { state }, services: [] });
  });
});
