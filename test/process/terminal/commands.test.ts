import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, type Finished } from '../../../src/base/exec.ts';
import { widthOf } from '../../../src/terminal/text.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { fakeStore, type FakeStore } from './fake-store.ts';

/*
 * dkm graph, metrics and top as programs call them, against a store and a query service that are stood in for.
 */

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts');
const LOAD = 'collectd.org.example.web.load.load.shortterm';

interface Scene {
  installation: FakeInstallation;
  store: FakeStore;
  dkm: (args: string[], options?: { env?: NodeJS.ProcessEnv; input?: string }) => Promise<Finished>;
}

async function scene(): Promise<Scene> {
  const installation = await fakeInstallation();
  const store = await fakeStore({ carbon: installation.port + 1, query: installation.port + 2 });
  const dkm: Scene['dkm'] = (args, { env = {}, input } = {}) =>
    run(process.execPath, [MAIN, 'dkm', '--directory', installation.layout.root, ...args], {
      timeoutMs: 90_000,
      env: { ...process.env, LC_ALL: 'C.UTF-8', TERM: 'xterm', COLUMNS: '', ...env },
      ...(input !== undefined && { input }),
    });
  return { installation, store, dkm };
}

const loads = Array.from({ length: 60 }, (_, index) => 1 + Math.sin(index / 8));

describe('dkm graph', () => {
  it('draws what there is, 80 columns wide in a pipe, without colours', async () => {
    const { store, dkm } = await scene();
    store.add(LOAD, loads);
    const { code, stdout, stderr } = await dkm(['graph', LOAD, '--from', '-10min']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(Math.max(...lines.map(widthOf))).toBe(80);
    expect(stdout).toContain(LOAD);
    expect(stdout).toMatch(/[\u2801-\u28ff]/);
    expect(stdout).not.toContain('\u001b');
  });

  it('is as wide as $COLUMNS or --width, and ASCII where the locale is not UTF-8', async () => {
    const { store, dkm } = await scene();
    store.add(LOAD, loads);
    const widest = (text: string): number => Math.max(...text.split('\n').map(widthOf));
    expect(widest((await dkm(['graph', LOAD], { env: { COLUMNS: '57' } })).stdout)).toBe(57);
    expect(widest((await dkm(['graph', LOAD, '--width', '33'], { env: { COLUMNS: '57' } })).stdout)).toBe(33);
    expect((await dkm(['graph', LOAD], { env: { LC_ALL: 'C' } })).stdout).toMatch(/^[ -~\n]+$/);
    expect((await dkm(['graph', LOAD, '--ascii'])).stdout).toMatch(/^[ -~\n]+$/);
  });

  it('gives points as JSON and as CSV', async () => {
    const { store, dkm } = await scene();
    store.add('a.one', [1, null, 3], 1_795_272_000);
    const times = ['--from', '1795271000', '--until', '1795272000'];
    const { stdout } = await dkm(['graph', 'a.one', ...times, '--json']);
    expect(JSON.parse(stdout)).toEqual({
      schema: 1,
      from: 1_795_271_000,
      until: 1_795_272_000,
      series: [
        {
          target: 'a.one',
          figures: { last: 3, min: 1, avg: 2, max: 3 },
          datapoints: [
            [1, 1_795_271_980],
            [null, 1_795_271_990],
            [3, 1_795_272_000],
          ],
        },
      ],
    });
    expect((await dkm(['graph', 'a.one', ...times, '--csv'])).stdout).toBe(
      'time,a.one\r\n2026-11-21T14:39:40Z,1\r\n2026-11-21T14:39:50Z,\r\n2026-11-21T14:40:00Z,3\r\n',
    );
  });

  it('says why there is nothing, and what there is near', async () => {
    const { store, dkm } = await scene();
    store.add(LOAD, loads);
    store.add('a.old', [1], Math.floor(Date.now() / 1000) - 7200);
    const said = async (...targets: string[]): Promise<string> => {
      const { code, stdout, stderr } = await dkm(['graph', ...targets]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      return stderr;
    };
    expect(await said('collectd.org.exmaple.web.load')).toMatch(
      /No metric is named collectd\.org\.exmaple\.web\.load\. Below collectd\.org is example\. Did you mean "example"\?/,
    );
    expect(await said('collectd.org')).toMatch(/is no metric, but a folder\. Below it is example\./);
    expect(await said('a.old')).toMatch(/a\.old is known, and has no point of this time; its newest one is about 2 h old/);
    expect(await said('sumSeries(nothing.*)')).toMatch(/No metric is named nothing\.\*\. At the top are a, collectd\./);
  });

  it('says what the query service says, and where it does not answer what to do', async () => {
    const { store, dkm, installation } = await scene();
    store.mode = 'refuses';
    expect(await dkm(['graph', 'f(a.b)'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/The query service refused the query: "unknown function"/) as string,
    });
    store.mode = 'fails';
    expect(await dkm(['graph', 'a.b'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/answered with status 500: "out of order"/) as string });
    await store.close();
    expect(await dkm(['graph', 'a.b'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/does not answer[^]*dkm status/) as string });
    asAgentOf(installation, 'agent');
    expect(await dkm(['graph', 'a.b'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/type agent[^]*On 127\.0\.0\.1 it must run and listen/) as string,
    });
  });

  it.each([
    [['a', '--from', 'soon'], /--from: expected a time back/],
    [['a', '--from', 'now', '--until', '-1h'], /--from must be before --until/],
    [['a', '--csv', '--json'], /contradict/],
    [['a', '--watch', '2', '--csv'], /--watch draws/],
    [['a', '--min', '5', '--max', '5'], /--min must be less/],
    [['a', '--width', '3'], /from 20 to 1000/],
    [[], /missing required argument/],
  ])('refuses %j', async (args, message) => {
    const { dkm } = await scene();
    const { code, stderr } = await dkm(['graph', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

/** Turns it into one whose metrics are on another host: here the loopback address, ten ports further on. */
function asAgentOf(installation: FakeInstallation, type: 'agent' | 'frontend', queryPort = 9): void {
  const text = readFileSync(installation.layout.settings, 'utf8');
  const server = `[install.carbon_server]\nhost = "127.0.0.1"\nport = 9\nquery_port = ${queryPort}\n`;
  writeFileSync(installation.layout.settings, `${text.replace(/^type = .*$/m, `type = "${type}"`)}\n${server}`);
}

describe('dkm metrics', () => {
  it.each(['agent', 'frontend'] as const)('asks the server of an installation of type %s', async (type) => {
    const { installation, dkm } = await scene();
    const other = await fakeStore();
    other.add('there.a', [1]);
    asAgentOf(installation, type, other.queryPort);
    expect(await dkm(['metrics', 'find', '*.*'])).toMatchObject({ code: 0, stdout: 'there.a\n' });
  });

  it('finds names, those in folders, and with their newest values', async () => {
    const { store, dkm } = await scene();
    const nowS = Math.floor(Date.now() / 10_000) * 10;
    store.add(LOAD, [1, 2], nowS);
    store.add('collectd.org.example.web.memory.percent.used', [40], nowS - 7200);
    store.add('collectd.org.example.web.never', [null], nowS);
    store.add('b', [1], nowS);
    expect(await dkm(['metrics', 'find'])).toMatchObject({ code: 0, stdout: 'b\ncollectd.\n' });
    const leaves = await dkm(['metrics', 'find', 'collectd.*', '--leaves', '--long']);
    expect(leaves.stdout).toMatch(/load\.shortterm +2 +\d+ s/);
    expect(leaves.stdout).toMatch(/percent\.used +40 % +2 h/);
    expect(leaves.stdout).toMatch(/web\.never +– +more than 30 d/);
    const limited = await dkm(['metrics', 'find', '*', '--leaves', '--limit', '2']);
    expect(limited.stdout.trimEnd().split('\n').length).toBe(2);
    expect(limited.stderr).toMatch(/There are more; these are the first 2/);
    expect(JSON.parse((await dkm(['metrics', 'find', 'b', '--long', '--json'])).stdout)).toEqual({
      schema: 1,
      pattern: 'b',
      more: false,
      nodes: [{ path: 'b', metric: true, folder: false, newest: { value: 1, at: nowS } }],
    });
    expect(await dkm(['metrics', 'find', 'colectd.x'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/Did you mean "collectd"\?/) as string,
    });
  });

  it('sends one value, or lines, and reads them again', async () => {
    const { store, dkm } = await scene();
    expect(await dkm(['metrics', 'send', 'my.a', '-4.5', '-5min', '--check'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Sent my\.a = -4\.5 of .* to 127\.0\.0\.1:\d+\.\nIt can be read again\./) as string,
    });
    expect(store.received.at(-1)).toMatch(/^my\.a -4\.5 \d{10}$/);
    const lines = await dkm(['metrics', 'send', '--check', '--json'], { input: 'my.b 1 1795272000\n# nothing\nmy.c 2\n' });
    expect(JSON.parse(lines.stdout)).toMatchObject({
      unread: [],
      sent: [
        { name: 'my.b', value: 1, time: 1_795_272_000 },
        { name: 'my.c', value: 2 },
      ],
    });
    store.mode = 'forgets';
    expect(await dkm(['metrics', 'send', 'my.lost', '1', '--check'])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/Not read again within 30 s: my\.lost/) as string,
    });
  });

  it('sends nothing when anything of it is wrong', async () => {
    const { store, dkm } = await scene();
    expect(await dkm(['metrics', 'send', 'my.a', '1', '1795272000000'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/milliseconds; seconds are expected: 1795272000/) as string,
    });
    expect(await dkm(['metrics', 'send'], { input: 'my.a 1\nmy b\n' })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/line 2: "b" is no value[^]*Nothing was sent/) as string,
    });
    expect(await dkm(['metrics', 'send', 'my.a'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/value of my\.a is missing/) as string });
    expect(await dkm(['metrics', 'send'], { input: '' })).toMatchObject({ code: 2 });
    expect(store.received).toEqual([]);
    await store.close();
    expect(await dkm(['metrics', 'send', 'my.a', '1'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Not sent: the store at 127\.0\.0\.1:\d+ cannot be reached/) as string,
    });
  });
});

describe('dkm top without a terminal', () => {
  it('prints services and hosts once, as text or JSON', async () => {
    const { store, dkm } = await scene();
    store.add(LOAD, [0.5]);
    store.add('collectd.org.example.web.cpu.0.cpu.idle', [10]);
    store.add('collectd.org.example.db.load.load.shortterm', [1], Math.floor(Date.now() / 1000) - 50_000);
    const { code, stdout } = await dkm(['top']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/nothing is running/);
    expect(stdout).toMatch(/2 hosts, 1 silent; the worst first\n.*\ndb\.example\.org .*13 h\nweb\.example\.org .* 90 % /);
    const { hosts, services, fault } = JSON.parse((await dkm(['top', '--json', '--sort', 'cpu'])).stdout) as {
      hosts: object[];
      services: object[];
      fault: unknown;
    };
    expect(hosts[0]).toMatchObject({ name: 'web.example.org', cpu: 90, cores: 1, silent: false });
    expect(services).toMatchObject([{ name: 'store', state: 'STOPPED' }, { name: 'web' }]);
    expect(fault).toBeNull();
  });

  it('says when nobody tells of hosts, and shows the services all the same', async () => {
    const { store, dkm } = await scene();
    await store.close();
    const { code, stdout } = await dkm(['top', '--once']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/SERVICE[^]*store[^]*does not answer/);
  });
});
