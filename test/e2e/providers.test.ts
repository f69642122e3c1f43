import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readBundle } from '../../src/contract/bundle.ts';
import { readTail } from '../../src/log-files/logs.ts';
import { expand, lines, now, render, sendPickle, sendTcp, sendUdp, values, type Datapoint, type Series } from '../helpers/graphite.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';
import { eventually } from '../helpers/wait.ts';

/*
 * What every pair of store and query providers promises: the same tests for go-carbon + carbonapi and for
 * carbon-cache + graphite-web, fed by hand and by a real collectd.
 */

const BUNDLES = [
  { name: 'carbon-cache and graphite-web', bundle: inject('fallbackBundle'), skip: '' },
  { name: 'go-carbon and carbonapi', bundle: inject('firstChoiceBundle'), skip: inject('withoutFirstChoice') },
];

describe.each(BUNDLES)('$name', ({ name, bundle, skip }) => {
  if (skip !== '') console.log(`Skipped: ${name}: ${skip}.`);

  describe.skipIf(skip !== '')('', () => {
    const root = workDirectory('providers');
    let target: Installation;
    const carbon = (): number => target.port + 1;
    const query = (): number => target.port + 2;
    const hostPrefix = 'collectd.org.example.probe';

    beforeAll(async () => {
      target = await install(bundle, root, '--hostname', 'probe.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
      await startAll(target);
    });
    afterAll(async () => {
      await target?.stop();
      removeTree(root);
    });

    it('is ready and healthy', async () => {
      expect(await target.dkm('status')).toMatchObject({ code: 0 });
    });

    it.each([
      ['plaintext over TCP', (points: Datapoint[]) => sendTcp(carbon(), lines(points))],
      ['plaintext over UDP', (points: Datapoint[]) => sendUdp(carbon(), lines(points))],
      ['pickle', (points: Datapoint[]) => sendPickle(target.port + 4, points)],
    ])('takes %s and answers within 5 s', async (protocol, send) => {
      const metric = `dataiku.dss.x.${protocol.replaceAll(' ', '_')}`;
      await send([[metric, 42.5, now()]]);
      await eventually(`${metric} can be read`, async () => (await values(query(), metric)).includes(42.5), 5_000);
    });

    it('finds all of 10,000 distinct metrics', async () => {
      const time = now();
      const names = Array.from({ length: 10_000 }, (_, index) => `many.g${index % 100}.m${index}`);
      await sendTcp(carbon(), lines(names.map((metric, index): Datapoint => [metric, index, time])));
      const found = await eventually(
        '10,000 metrics are found',
        async () => {
          const all = await expand(query(), 'many.*.*');
          return all.length === names.length && all;
        },
        120_000,
      );
      expect(new Set(found)).toEqual(new Set(names));
      expect(await eventually('a value among them', async () => (await values(query(), 'many.g42.m4242'))[0])).toBe(4242);
    });

    it('understands globs, braces and the functions the dashboards use', async () => {
      const time = now();
      await sendTcp(
        carbon(),
        lines([
          ['fn.a.cpu', 1, time],
          ['fn.b.cpu', 2, time],
          ['fn.c.cpu', 4, time],
          ['fn.a.mem', 8, time],
        ]),
      );
      const latest = async (target: string): Promise<Record<string, number>> =>
        Object.fromEntries(
          (await render(query(), target)).map((series) => [
            series.target,
            series.datapoints.flatMap(([value]) => (value === null ? [] : [value])).at(-1) ?? Number.NaN,
          ]),
        );
      const becomes = (target: string, expected: Record<string, number>): Promise<unknown> =>
        eventually(
          `${target} is ${JSON.stringify(expected)}`,
          async () => {
            expect(await latest(target)).toEqual(expected);
            return true;
          },
          15_000,
        );
      await becomes('fn.*.cpu', { 'fn.a.cpu': 1, 'fn.b.cpu': 2, 'fn.c.cpu': 4 });
      await becomes('fn.{a,c}.cpu', { 'fn.a.cpu': 1, 'fn.c.cpu': 4 });
      await becomes('fn.[a-b].cpu', { 'fn.a.cpu': 1, 'fn.b.cpu': 2 });
      await becomes('aliasByNode(fn.*.cpu, 1)', { a: 1, b: 2, c: 4 });
      await becomes('aliasByNode(sumSeriesWithWildcards(fn.{a,b,c}.cpu, 1), 0, 1)', { 'fn.cpu': 7 });
      await becomes('aliasByNode(averageSeriesWithWildcards(fn.{a,b}.cpu, 1), 1)', { cpu: 1.5 });
      await becomes('alias(sumSeries(fn.*.cpu), "all")', { all: 7 });
    });

    it('answers an unknown metric with nothing and an unknown function with an error', async () => {
      expect(await render(query(), 'no.such.metric')).toEqual([]);
      await sendTcp(carbon(), lines([['known.metric', 1, now()]]));
      await eventually('a metric to ask with', async () => (await values(query(), 'known.metric')).length > 0, 10_000);
      await expect(render(query(), 'noSuchFunction(known.metric)')).rejects.toThrow(/render answered (4|5)\d\d/);
    });

    it('survives malformed lines and keeps account of them', async () => {
      const before = await malformedSeen(target);
      await sendTcp(
        carbon(),
        `\n\0\nonly-a-name\nname notanumber ${now()}\nname 1 notatime\n${'x'.repeat(5_000)}\n../../../etc/passwd 1 ${now()}\nafter.malformed 7 ${now()}\n`,
      );
      await eventually('the good line after them', async () => (await values(query(), 'after.malformed')).includes(7), 10_000);
      await sendTcp(carbon(), `${'y'.repeat(1_000_000)}\n`).catch(() => undefined); // a store may hang up on such a line
      await eventually('they are counted', async () => (await malformedSeen(target)) > before, 90_000);
      expect(await target.dkm('status')).toMatchObject({ code: 0 });
    });

    it('keeps what it stored over a restart', async () => {
      const time = now();
      const points = Array.from({ length: 50 }, (_, index): Datapoint => [`kept.m${index}`, index + 0.5, time]);
      await sendTcp(carbon(), lines(points));
      await eventually('all are there', async () => (await render(query(), 'kept.*')).length === points.length, 60_000);
      expect(await target.dkm('restart')).toMatchObject({ code: 0 });
      await eventually(
        'all are there again, with their values',
        async () => {
          const series = await render(query(), 'kept.*');
          const found = Object.fromEntries(series.map(({ target: metric, datapoints }) => [metric, datapoints.find(([value]) => value !== null)?.[0]]));
          expect(found).toEqual(Object.fromEntries(points.map(([metric, value]) => [metric, value])));
          return true;
        },
        30_000,
      );
    });

    it("stores every agent plugin's metrics of this host, every 10 s", async (context) => {
      const collector = (await readBundle(bundle)).components.find((component) => component.role === 'collector');
      if (!collector) context.skip('the bundle has no collector');
      for (const plugin of expectedPlugins()) {
        await eventually(
          `a metric of ${plugin} has two points 10 s apart`,
          async () => {
            const found = await metricsOfPlugin(query(), hostPrefix, plugin);
            const series = found.length === 0 ? [] : await render(query(), found.slice(0, MOST_METRICS_AT_ONCE), '-5min');
            return series.some(hasTwoPointsInARow);
          },
          120_000,
        );
      }
      expect(await values(query(), `${hostPrefix}.load.load.shortterm`)).not.toEqual([]);
    });
  });
});

/** A machine with many processors has thousands of metrics; some of them tell as much as all. */
const MOST_METRICS_AT_ONCE = 40;
const INTERVAL_S = 10;

/**
 * Every metric of a plugin. Asked for from the host down: for a pattern that goes deeper than what is there,
 * go-carbon 0.19.1 answers 500.
 */
async function metricsOfPlugin(port: number, host: string, plugin: string): Promise<string[]> {
  const found = await Promise.all(['*.*', '*.*.*', '*.*.*.*'].map((rest) => expand(port, `${host}.${rest}`)));
  return found.flat().filter((metric) => metric.startsWith(`${host}.${plugin}.`));
}

function hasTwoPointsInARow({ datapoints }: Series): boolean {
  const times = datapoints.flatMap(([value, time]) => (value === null ? [] : [time]));
  return times.some((time, index) => index > 0 && time - times[index - 1]! === INTERVAL_S);
}

/** What this machine can be asked for: a container has no swap, perhaps, and no disks. */
function expectedPlugins(): string[] {
  const has = (path: string, pattern: RegExp): boolean => pattern.test(readFileSync(path, 'utf8'));
  return ['cpu', 'df', 'interface', 'load', 'memory', 'processes', 'swap', ...(has('/proc/diskstats', /\b(?:vd|sd|nvme|xvd)\w+/) ? ['disk'] : [])];
}

/** How many malformed lines the store has accounted for: in its own metrics or in its log. */
async function malformedSeen(target: Installation): Promise<number> {
  const counted = await values(target.port + 2, 'carbon.agents.org.example.probe.tcp.errors', '-10min').catch(() => []);
  const log = await readTail(join(target.layout.logs, 'carbon-cache.log'), 10_000);
  return counted.reduce((sum, value) => sum + value, 0) + (log.match(/invalid line/gi)?.length ?? 0);
}
