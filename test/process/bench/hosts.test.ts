import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { runOrThrow } from '../../../src/base/exec.ts';
import { hostName, metricNames, sendingMs, STEP_S, type HostLoad } from '../../bench/host-load.ts';
import { readBack, settledReadBack } from '../../bench/host-loss.ts';
import { targetsOf, withVariable } from '../../bench/hosts.ts';
import type { SenderAccount } from '../../bench/host-sender.ts';
import { usageOf } from '../../bench/process-usage.ts';

/* That the benchmark of hosts counts right: its sender sends to a store that loses points on purpose. */

const servers: (Server | TcpServer)[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

interface DroppingStore {
  carbon: number;
  query: number;
  received: () => number;
  dropped: () => number;
  connections: () => number;
}

/** Takes carbon's lines and answers render, as far as the benchmark asks; `fate` says what becomes of the nth point. */
async function droppingStore(fate: (nth: number) => 'keep' | 'drop' | 'falsify'): Promise<DroppingStore> {
  const points = new Map<string, Map<number, number>>();
  const counts = { received: 0, dropped: 0, connections: 0 };
  const take = (line: string): void => {
    const [name = '', value, time] = line.split(' ');
    const what = fate((counts.received += 1));
    if (what !== 'keep') counts.dropped += 1;
    if (what === 'drop') return;
    const slot = Math.floor(Number(time) / STEP_S) * STEP_S;
    const series = points.get(name) ?? new Map<number, number>();
    points.set(name, series.set(slot, Number(value) + (what === 'falsify' ? 1 : 0)));
  };
  const carbon = await listening(
    createServer((socket) => {
      let rest = '';
      counts.connections += 1;
      socket.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\r\n');
        rest = parts.pop() ?? '';
        parts.forEach(take);
      });
    }),
  );
  const query = await listening(
    createHttpServer((request, response) => {
      const targets = new URL(request.url ?? '', 'http://localhost').searchParams.getAll('target');
      const patterns = targets.map((target) => new RegExp(`^${target.replaceAll('.', '\\.').replaceAll('*', '[^.]*')}$`));
      const found = [...points].filter(([name]) => patterns.some((pattern) => pattern.test(name)));
      response.end(JSON.stringify(found.map(([target, series]) => ({ target, datapoints: [...series].map(([time, value]) => [value, time]) }))));
    }),
  );
  return { carbon, query, received: () => counts.received, dropped: () => counts.dropped, connections: () => counts.connections };
}

const SENDER = join(import.meta.dirname, '..', '..', 'bench', 'host-sender.ts');

/** A load whose moments have nearly all passed: the sender does not wait for them. */
function pastLoad(hosts: number, intervals: number): HostLoad {
  const firstSecond = (Math.floor(Date.now() / 1000 / STEP_S) - intervals) * STEP_S;
  return { hosts, metricsPerHost: 300, firstSecond, intervals, seed: 7 };
}

async function send(store: DroppingStore, load: HostLoad): Promise<SenderAccount> {
  return JSON.parse(await runOrThrow(process.execPath, [SENDER, JSON.stringify({ ...load, port: store.carbon })], { timeoutMs: 60_000 })) as SenderAccount;
}

describe('the benchmark of hosts', () => {
  it('counts no point as lost that can be read back', async () => {
    const store = await droppingStore(() => 'keep');
    const load = pastLoad(3, 4);
    const account = await send(store, load);
    expect(account).toMatchObject({ points: 3 * 300 * 4, broken: 0 });
    expect(store.connections()).toBe(3);
    expect(await readBack(store.query, load)).toEqual({ sent: 3600, found: 3600, wrong: 0 });
  });

  it('counts exactly what a store drops', async () => {
    const store = await droppingStore((nth) => (nth % 100 === 0 ? 'drop' : 'keep'));
    const load = pastLoad(3, 4);
    await send(store, load);
    expect(store.dropped()).toBe(36);
    expect(await settledReadBack(store.query, load, 10)).toEqual({ sent: 3600, found: 3600 - 36, wrong: 0 });
  });

  it('takes a value that nobody sent for lost, and says so', async () => {
    const store = await droppingStore((nth) => (nth <= 5 ? 'falsify' : 'keep'));
    const load = pastLoad(1, 2);
    await send(store, load);
    expect(await readBack(store.query, load)).toEqual({ sent: 600, found: 595, wrong: 5 });
  });

  it('counts everything as lost where nothing is kept', async () => {
    const store = await droppingStore(() => 'drop');
    const load = pastLoad(2, 1);
    await send(store, load);
    expect(await settledReadBack(store.query, load, 10)).toEqual({ sent: 600, found: 0, wrong: 0 });
  });
});

describe('the load', () => {
  it('is 300 metrics of a host, each by another name, and what a dashboard of a host asks for is among them', () => {
    const names = metricNames(300);
    expect(new Set(names).size).toBe(300);
    for (const name of [
      'load.load.shortterm',
      'memory.percent.used',
      'cpu.0.cpu.user',
      'df.root.percent_bytes.used',
      'interface.eth0.if_octets.rx',
      'processes.dss_backend.ps_rss',
    ])
      expect(names).toContain(name);
    expect(hostName(3)).toBe('org.example.bench3');
  });

  it('comes once in each interval, at a moment of each host, not all at once', () => {
    const load = { firstSecond: 1_700_000_000, seed: 5 };
    const moments = Array.from({ length: 100 }, (_, host) => Array.from({ length: 60 }, (_, interval) => sendingMs(load, host, interval)));
    for (const own of moments)
      expect(own.map((ms) => Math.floor((ms / 1000 - load.firstSecond) / STEP_S))).toEqual(Array.from({ length: 60 }, (_, interval) => interval));
    const inFirst = moments.map(([first]) => Math.floor((first! / 1000 - load.firstSecond) * 2));
    expect(new Set(inFirst).size, 'half seconds in which hosts send').toBeGreaterThan(15);
    const beats = moments[0]!.map((ms, interval) => ms - interval * STEP_S * 1000);
    expect(Math.max(...beats) - Math.min(...beats), 'jitter in ms').toBeGreaterThan(50);
  });
});

describe('the dashboard that is asked for', () => {
  it('is that of one host, as it is opened', () => {
    const list = [
      { name: 'prefix', type: 'textbox', current: { value: 'collectd' } },
      { name: 'host', type: 'query', current: { value: 'org.example.other' } },
      { name: 'resolution', type: 'interval', current: { value: '$__auto' } },
    ];
    const panels = [
      { targets: [{ target: '$prefix.$host.load.load.shortterm' }, {}] },
      { panels: [{ targets: [{ target: "summarize(${prefix}.${host}.cpu.*.cpu.user, '$resolution', 'avg')" }] }] },
    ];
    const targets = targetsOf({ templating: { list }, panels }).map((target) => withVariable(target, 'host', hostName(1)));
    expect(targets).toEqual(['collectd.org.example.bench1.load.load.shortterm', "summarize(collectd.org.example.bench1.cpu.*.cpu.user, '10s', 'avg')"]);
    expect(withVariable('$hostel.$host', 'host', 'a')).toBe('$hostel.a');
  });
});

describe('the usage of a service', () => {
  it('is that of all its processes', async () => {
    const held = 'const held = Buffer.alloc(100 * 2 ** 20, 1); process.stdout.write("held"); process.stdin.on("data", () => held.fill(2));';
    const shell = spawn('sh', ['-c', '"$0" -e "$1"; true', process.execPath, held], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await once(shell.stdout, 'data');
      const usage = usageOf(shell.pid!);
      expect(usage.memoryMib, 'of the shell and of what it runs').toBeGreaterThan(100);
      expect(usage.cpuSeconds).toBeGreaterThan(0);
    } finally {
      shell.stdin.end(); // ends both
      await once(shell, 'close');
    }
  });
});
