import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listTree } from '../../../src/base/files.ts';
import { monitorTree } from '../../../src/monitor/tree.ts';
import { readHistory } from '../../../src/monitor/read.ts';
import { monitored, monitoredDirectory } from '../../helpers/monitored.ts';
import { monitorSpecOf, promiseSpecOf, resultOf } from '../../helpers/monitored-specs.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

const json = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

describe('what is there no more', () => {
  it('goes, with everything of it; what others put stays', async () => {
    const [one, two] = [promiseSpecOf('one.sh'), promiseSpecOf('two.sh')];
    const { layout, monitor } = await monitored([one, two]);
    for (const spec of [one, two]) await monitor.record(resultOf(spec));
    await monitor.end();
    const tree = monitorTree(layout);
    const foreign = {
      title: 'theirs',
      name: 'theirs.py',
      path: '/x',
      'execution-time': 0,
      result: { type: 'Test Result', failed: false, date: '2026-11-21T10:00:00+0000', message: '' },
    };
    writeFileSync(join(tree.results, 'theirs.status.json'), JSON.stringify(foreign));
    writeFileSync(join(tree.public, 'report.txt'), '');
    const later = await monitored([two], {}, layout);
    await later.monitor.end();
    const names = await listTree(tree.root);
    expect(names.filter((name) => name.includes('one'))).toEqual([]);
    expect(names.filter((name) => /two|theirs|report/.test(name))).toHaveLength(7);
    expect(json<object>(tree.privateState)).toMatchObject({ state: { success: 2 } });
    expect(readFileSync(tree.haljson, 'utf8')).not.toContain('one.sh');
  });

  it('of two with one title each keeps its own', async () => {
    const promises = ['a.sh', 'a.py'].map((id) => promiseSpecOf(id));
    const { layout, monitor } = await monitored(promises);
    for (const spec of promises) await monitor.record(resultOf(spec, { message: spec.id }));
    await monitor.end();
    expect(promises.map(({ id }) => readHistory(layout, id)[0]?.message)).toEqual(['a.sh', 'a.py']);
    // Alone, it is called by its short title.
    const later = await monitored(promises.slice(0, 1), {}, layout);
    await later.monitor.record(resultOf(promises[0]!, { message: 'again' }));
    await later.monitor.end();
    expect((await listTree(monitorTree(layout).results)).sort()).toEqual(['a.status.json']);
  });
});

describe('promises of a partition', () => {
  const partition = { kind: 'slapos', program: '/x', configuration: '/y', partition: '/srv/slappart0' } as const;
  const container = promiseSpecOf('slappart0', { check: partition });
  const derived = promiseSpecOf('check_disk.py', { check: partition });

  it('are known from their first result until the partition is configured no more', async () => {
    const { layout, monitor } = await monitored([container]);
    await monitor.record(resultOf(derived, { state: 'failed' }));
    await monitor.end();
    const tree = monitorTree(layout);
    expect(readFileSync(tree.haljson, 'utf8')).toContain('check_disk.py');
    const again = await monitored([container], {}, layout);
    await again.monitor.end();
    expect(readHistory(layout, derived.id)).toHaveLength(1);
    expect(json<object>(tree.publicState)).toMatchObject({ status: 'ERROR' });
    const without = await monitored([], {}, layout);
    await without.monitor.end();
    expect((await listTree(tree.root)).filter((name) => name.includes('check_disk'))).toEqual([]);
    expect(json<object>(tree.publicState)).toMatchObject({ status: 'OK' });
  });
});

describe('writes', () => {
  it('are few: what did not change is not written again', async () => {
    const spec = promiseSpecOf('one');
    const { layout, monitor } = await monitored([spec]);
    const tree = monitorTree(layout);
    const paths = [
      'public/one.status.json',
      'public/one.history.json',
      'public/feed',
      'private/_promise_status',
      'monitor.haljson',
      'monitor.conf',
      'public/_document_list',
    ];
    const inodes = (): number[] => paths.map((path) => statSync(join(tree.root, path)).ino);
    await monitor.record(resultOf(spec, {}, 1_000_000_000_000));
    await monitor.configure(monitorSpecOf(), [spec]);
    await eventually('a build', () => existsSync(tree.feed) && existsSync(join(tree.documents, '_document_list')));
    const before = inodes();
    await monitor.record(resultOf(spec, {}, 1_000_000_060_000));
    await monitor.configure(monitorSpecOf(), [spec]);
    await monitor.end();
    expect(inodes()).toEqual(before);
    expect(json<{ result: { date: string } }>(join(tree.results, 'one.status.json')).result.date).toBe('2001-09-09T01:47:40+0000');
  });

  it('that somebody undid are made up for by the next run', async () => {
    const spec = promiseSpecOf('one');
    const { layout, monitor } = await monitored([spec]);
    const { public: open } = monitorTree(layout);
    await monitor.record(resultOf(spec));
    const { rmSync } = await import('node:fs');
    rmSync(join(open, 'one.status.json'));
    await monitor.configure(monitorSpecOf(), [spec]);
    await eventually('a build', () => existsSync(join(open, 'feed')));
    await monitor.record(resultOf(spec));
    await monitor.end();
    expect(json<object>(join(open, 'one.status.json'))).toEqual({ status: 'OK', message: 'all is well' });
  });

  it('of one promise come one after the other, the last one last', async () => {
    const spec = promiseSpecOf('one');
    const { layout, monitor } = await monitored([spec]);
    await Promise.all(Array.from({ length: 50 }, (_, run) => monitor.record(resultOf(spec, { message: `run ${run}` }))));
    await monitor.end();
    expect(json<object>(join(monitorTree(layout).results, 'one.status.json'))).toMatchObject({ result: { message: 'run 49' } });
  });

  it('that fail are logged once and never thrown', async () => {
    const spec = promiseSpecOf('one');
    const { layout, monitor, log } = await monitored([spec]);
    const { results } = monitorTree(layout);
    await monitor.record(resultOf(spec));
    const { renameSync } = await import('node:fs');
    renameSync(results, `${results}.away`);
    for (let run = 0; run < 3; run += 1) await monitor.record(resultOf(spec));
    expect(log).toEqual([expect.stringMatching(/^monitor: results: ENOENT/)]);
    renameSync(`${results}.away`, results);
    await monitor.record(resultOf(spec));
    await monitor.end();
    expect(log.at(-1)).toBe('monitor: results: it works again');
  });

  it('before it is configured are none', async () => {
    const { createMonitor } = await import('../../../src/monitor/monitor.ts');
    const layout = monitoredDirectory();
    const monitor = createMonitor(layout, () => undefined);
    await monitor.record(resultOf(promiseSpecOf('one')));
    await monitor.end();
    expect(existsSync(layout.monitor)).toBe(false);
  });
});

describe('links', () => {
  it('lead to what is to be shown, never to secrets, and go when they are not configured any more', async () => {
    const layout = monitoredDirectory();
    const shown = join(temporaryDirectory(), 'report');
    writeFileSync(shown, '');
    const disguised = join(temporaryDirectory(), 'disguised');
    symlinkSync(layout.secrets, disguised);
    const spec = promiseSpecOf('one', { publicPaths: [shown], privatePaths: [layout.logs] });
    const taken = promiseSpecOf('promise', { publicPaths: [shown] });
    const publicPaths = [shown, layout.root, join(layout.secrets, 'admin-password'), disguised, '/', layout.monitor];
    const { monitor, log } = await monitored([spec, taken], { publicPaths, privatePaths: [layout.conf] }, layout);
    await monitor.end();
    const tree = monitorTree(layout);
    expect(readlinkSync(join(tree.public, 'report'))).toBe(shown);
    expect(readlinkSync(join(tree.public, 'one', 'report'))).toBe(shown);
    expect(readlinkSync(join(tree.private, 'one', 'logs'))).toBe(layout.logs);
    expect(log.filter((line) => line.includes('secrets, or is one'))).toHaveLength(5);
    expect(log.filter((line) => line.includes('promise promise'))).toHaveLength(1);
    expect(statSync(join(tree.webdav, 'private', 'monitor.global.json')).isFile()).toBe(true);
    const again = await monitored([promiseSpecOf('one')], {}, layout);
    await again.monitor.end();
    expect(['report', 'one'].map((name) => existsSync(join(tree.public, name)))).toEqual([false, false]);
    expect(existsSync(shown)).toBe(true);
  });

  it('do not take the place of a file', async () => {
    const layout = monitoredDirectory();
    const tree = monitorTree(layout);
    mkdirSync(tree.public, { recursive: true });
    writeFileSync(join(tree.public, 'report'), 'mine');
    const { monitor, log } = await monitored([], { publicPaths: ['/srv/report'] }, layout);
    await monitor.end();
    expect(readFileSync(join(tree.public, 'report'), 'utf8')).toBe('mine');
    expect(log).toEqual([expect.stringContaining('something else has the name of a link')]);
    expect(readlinkSync(join(tree.public, 'promise'))).toBe('../.slapgrid/promise/result');
  });
});

describe('its files', () => {
  it('are for their owner alone', async () => {
    const { layout, monitor } = await monitored([promiseSpecOf('one')]);
    await monitor.record(resultOf(promiseSpecOf('one')));
    await monitor.end();
    const tree = monitorTree(layout);
    for (const name of await listTree(tree.root)) expect(statSync(join(tree.root, name)).mode & 0o077, name).toBe(0);
    chmodSync(layout.root, 0o700);
  });
});
