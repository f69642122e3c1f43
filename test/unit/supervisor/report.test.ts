import { createServer, type AddressInfo, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServiceStatus } from '../../../src/contract/status.ts';
import { carbonLines, measured, type Scene } from '../../../src/supervisor/report-lines.ts';
import { Reporter } from '../../../src/supervisor/report.ts';
import { promiseSpecOf, resultOf } from '../../helpers/monitored-specs.ts';
import { freePorts } from '../../helpers/ports.ts';
import { eventually } from '../../helpers/wait.ts';

const service = (name: string, more: Partial<ServiceStatus> = {}): ServiceStatus => ({
  name,
  title: name,
  version: '1',
  role: 'store',
  state: 'RUNNING',
  pid: 100,
  pidStartTime: '1',
  startedAtMs: 1_000_000,
  restarts: 0,
  ready: true,
  health: 'healthy',
  reason: '',
  lastExit: null,
  ports: [],
  logFiles: [],
  ...more,
});

const scene = (more: Partial<Scene> = {}): Scene => ({
  services: [],
  promises: [],
  memoryOf: (pid) => pid * 10,
  supervisor: { pid: 1000, startedAtMs: 1_000_000 },
  nowMs: 1_060_400,
  ...more,
});
const valuesOf = (more: Partial<Scene>): Record<string, number> => Object.fromEntries(measured(scene(more)));

describe('what is measured', () => {
  it('is of each service', () => {
    expect(valuesOf({ services: [service('go-carbon', { restarts: 2, startedAtMs: 1_050_400 })] })).toMatchObject({
      'service.go-carbon.up': 1,
      'service.go-carbon.restarts': 2,
      'service.go-carbon.memory_bytes': 1000,
      'service.go-carbon.uptime_seconds': 10,
    });
  });

  it.each<[Partial<ServiceStatus>, number, number]>([
    [{}, 1, 1],
    [{ health: 'unknown' }, 1, 1],
    [{ ready: false }, 1, 0],
    [{ health: 'unhealthy' }, 1, 0],
    [{ state: 'BACKOFF', pid: null }, 1, 0],
    [{ state: 'FATAL', pid: null }, 1, 0],
    [{ state: 'STOPPED', pid: null }, 0, 0],
    [{ state: 'EXITED', pid: null }, 0, 0],
    [{ state: 'STOPPED', pid: null, held: true }, 1, 0],
  ])('%j: wanted %i, up %i', (more, wanted, up) => {
    expect(valuesOf({ services: [service('a', more)] })).toMatchObject({ 'services.wanted': wanted, 'services.up': up, 'service.a.up': up });
  });

  it('is of the supervisor without what it started', () => {
    expect(valuesOf({ services: [service('a', { pid: 100 }), service('b', { pid: 200 })] })).toMatchObject({
      'supervisor.memory_bytes': 7000,
      'supervisor.uptime_seconds': 60,
    });
  });

  it('leaves out memory that nobody knows', () => {
    const values = valuesOf({ services: [service('a')], memoryOf: () => null });
    expect(Object.keys(values).filter((name) => name.includes('memory'))).toEqual([]);
  });

  it('counts promises by their outcome', () => {
    expect(valuesOf({ promises: ['ok', 'ok', 'failed', 'no-data', 'pending'] })).toMatchObject({
      'promises.ok': 2,
      'promises.failed': 1,
      'promises.no_data': 1,
      'promises.pending': 1,
    });
  });

  it('is one line each, with names of single parts', () => {
    const lines = carbonLines('dkm.org.example.host', measured(scene({ services: [service('a.b c')] })), 1_060_400);
    expect(lines).toContain('dkm.org.example.host.service.a_b_c.up 1 1060\n');
    expect(lines).toMatch(/^(dkm\.org\.example\.host\.[\w.-]+ \d+ 1060\n)+$/);
  });
});

describe('the reporter', () => {
  it('sends again and again, with what is known of promises', async () => {
    const carbon = await listening();
    const reporter = started({ services: () => [service('a')] });
    reporter.present([promiseSpecOf('one'), promiseSpecOf('two')]);
    reporter.record(resultOf(promiseSpecOf('one'), { state: 'failed' }));
    reporter.configure({ host: '127.0.0.1', port: carbon.port, prefix: 'dkm.x' });
    await eventually('two reports', () => carbon.received().split('dkm.x.services.up 1 ').length > 2);
    expect(carbon.received()).toMatch(/dkm\.x\.promises\.failed 1 \d+\ndkm\.x\.promises\.no_data 0 \d+\ndkm\.x\.promises\.pending 1 \d+\n/);
  });

  it('says once that nobody takes it, and goes on', async () => {
    const port = await freePorts(1);
    const said: string[] = [];
    let asked = 0;
    const services = (): ServiceStatus[] => {
      asked += 1;
      return [];
    };
    const reporter = started({ services, log: (line) => said.push(line) });
    reporter.configure({ host: '127.0.0.1', port, prefix: 'dkm.x' });
    await eventually('three tries', () => asked >= 3);
    expect(said).toEqual([expect.stringMatching(/^metrics of dkm could not be sent: .*ECONNREFUSED/)]);
  });
});

function started(more: Partial<ConstructorParameters<typeof Reporter>[0]>): Reporter {
  const reporter = new Reporter({ services: () => [], log: () => undefined, firstAfterMs: 5, everyMs: 20, ...more });
  onTestFinished(() => reporter.end());
  return reporter;
}

async function listening(): Promise<{ port: number; received: () => string }> {
  let text = '';
  const server: Server = createServer((socket) => socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, received: () => text };
}
