import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { processStartTime } from '../../../src/base/process-identity.ts';
import type { ServiceSpec } from '../../../src/contract/service.ts';
import { Service, type Engine } from '../../../src/supervisor/service.ts';
import { SLOW_RETRY_MS } from '../../../src/supervisor/states.ts';
import { beforeRemoval, temporaryDirectory } from '../../helpers/temporary.ts';

/*
 * A service over half an hour, on a clock that is moved on: its processes are real, and ready as soon as they are there.
 */

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const engine: Engine = {
  launch: () => {
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    const { promise: ended, resolve } = Promise.withResolvers<{ code: number | null; signal: string | null }>();
    child.once('exit', (code, signal) => resolve({ code, signal }));
    return Promise.resolve({ pid: child.pid!, startTime: processStartTime(child.pid!), ended });
  },
};

function specIn(directory: string): ServiceSpec {
  const { logs } = layoutOf(directory);
  mkdirSync(logs, { recursive: true });
  const file = join(directory, 'ready');
  writeFileSync(file, '');
  const probe = { kind: 'file', path: file } as const;
  const log = join(logs, 'flappy.log');
  return {
    name: 'flappy',
    title: 'Flappy',
    version: '1',
    role: 'extra',
    command: ['/bin/sleep', '1000'],
    beforeStart: [],
    check: [],
    environment: {},
    directory,
    after: [],
    ready: probe,
    health: { probe, intervalMs: 10_000, timeoutMs: 1000, failures: 3 },
    startTimeoutMs: 10_000,
    stop: { signal: 'SIGTERM', timeoutMs: 5000 },
    reopen: 'restart',
    restart: 'always',
    ports: [],
    outputFile: log,
    logFiles: [log],
    autostart: true,
    limits: {},
    storesIn: [],
  };
}

/** Moves the clock on in small steps, with real time in between for real processes, until a state is there. */
async function until(service: Service, state: string): Promise<void> {
  for (let turns = 0; service.state !== state; turns += 1) {
    if (turns > 20_000) throw new Error(`it is ${service.state}, not ${state}`);
    await vi.advanceTimersByTimeAsync(20);
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

describe('a service that flaps', () => {
  it('is parked, tried again slowly, and released by a start', async () => {
    const service = new Service(specIn(temporaryDirectory()), engine, () => undefined);
    beforeRemoval(async () => {
      vi.useRealTimers();
      service.stop();
      await vi.waitUntil(() => service.state === 'STOPPED');
    });
    const die = async (): Promise<void> => {
      await vi.advanceTimersByTimeAsync(70_000);
      process.kill(service.status().pid!, 'SIGKILL');
      await vi.waitUntil(() => service.state !== 'RUNNING', { timeout: 5000 });
    };
    service.start();
    for (let restarts = 0; restarts < 8; restarts += 1) {
      await until(service, 'RUNNING');
      await die();
      expect(service.state).toBe('BACKOFF');
    }
    await until(service, 'RUNNING');
    await die();
    await until(service, 'FATAL');
    expect(service.status().reason).toMatch(/^it does not stay up: it was restarted 8 times in 1\d minutes: it ended \(SIGKILL\): /);

    await vi.advanceTimersByTimeAsync(SLOW_RETRY_MS - 5000);
    expect(service.state).toBe('FATAL');
    await vi.advanceTimersByTimeAsync(6000);
    await until(service, 'RUNNING');
    await die();
    await until(service, 'FATAL');

    service.start();
    await until(service, 'RUNNING');
    await die();
    expect(service.state).toBe('BACKOFF');
  });
});
