import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Checked } from '../../src/dss/check.ts';
import { dssProcesses } from '../helpers/dss-processes.ts';
import { lines, now, render, sendTcp, values } from '../helpers/graphite.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

/*
 * DSS as this installation sees it: processes whose command lines are those of DSS, found by a real collectd; metrics as
 * DSS sends them; and the queries of dkumonitor's dashboards (contract of dkumonitor, section 5), through every pair of
 * store and query service.
 */

const BUNDLES = [
  { name: 'carbon-cache and graphite-web', bundle: inject('fallbackBundle'), skip: '' },
  { name: 'go-carbon and carbonapi', bundle: inject('firstChoiceBundle'), skip: inject('withoutFirstChoice') },
];

const HOST = 'org_example_probe';
const RUNNING = { backend: 1, fek: 2, jek: 3 } as const;
const WITHIN_MS = 180_000;
/** What DSS's server sends, below its prefix. */
const OF_DSS = ['dku.collaboration.activeUsers', 'catalog.indexAll.datasets.count', 'catalog.indexAll.recipes', 'jvm.memory.heap.used'];

const hasDisks = (names: RegExp): boolean => names.test(readFileSync('/proc/diskstats', 'utf8'));

interface LegacyQuery {
  panel: string;
  target: string;
  /** What each series is called. */
  called: RegExp;
  skip?: string | undefined;
}

const NO_DISK = hasDisks(/\b(?:vd|sd|nvme|xvd)\w+/) ? undefined : 'this machine has no disks of its own to be measured';
const NO_OLD_DISK = hasDisks(/\s(?:m|s|xv)d[a-z]\s/) ? undefined : 'this machine has no disk called sda, xvda or so';

/** "Dataiku DSS - System view" and "Dataiku DSS - Backend view": below dss.$host, where a host has one part. */
const DSS_VIEWS: LegacyQuery[] = [
  {
    panel: 'Average CPU usage, A',
    target: 'aliasByNode(averageSeriesWithWildcards(sumSeriesWithWildcards(dss.$host.collectd.cpu.[0-128].{user,system,guest,steal}, 5), 4), 1)',
    called: /^org_example_probe$/,
  },
  {
    panel: 'RAM usage (%)',
    target: 'aliasByNode(sumSeriesWithWildcards(dss.$host.collectd.memory.percent.{used,buffered,cached}, 5), 1)',
    called: /^org_example_probe$/,
  },
  {
    panel: 'RAM usage (bytes)',
    target: 'aliasByNode(sumSeriesWithWildcards(dss.$host.collectd.memory.{used,buffered,cached}, 4),  1)',
    called: /^org_example_probe$/,
  },
  {
    panel: 'Network I/O, rx',
    target: 'aliasByNode(sumSeriesWithWildcards(dss.$host.collectd.interface.*.if_octets.rx, 4), 1, 4, 5)',
    called: /^org_example_probe\.if_octets\.rx$/,
  },
  {
    panel: 'Network I/O, tx',
    target: 'aliasByNode(sumSeriesWithWildcards(dss.$host.collectd.interface.*.if_octets.tx, 4), 1, 4, 5)',
    called: /^org_example_probe\.if_octets\.tx$/,
  },
  { panel: 'Disk usage', target: 'aliasByNode(dss.$host.collectd.df.*.df_complex.used, 1, 4)', called: /^org_example_probe\.[\w-]+$/ },
  {
    panel: 'Disk I/O latency',
    target: 'aliasByNode(sumSeriesWithWildcards(dss.$host.collectd.disk.*.disk_io_time.weighted_io_time, 4), 1)',
    called: /^org_example_probe$/,
    skip: NO_DISK,
  },
  { panel: 'Nb jobs, fek', target: 'aliasByNode(dss.$host.collectd.processes.dss_fek.ps_count.processes, 1, 4)', called: /^org_example_probe\.dss_fek$/ },
  { panel: 'Nb jobs, jek', target: 'aliasByNode(dss.$host.collectd.processes.dss_jek.ps_count.processes, 1, 4)', called: /^org_example_probe\.dss_jek$/ },
  { panel: 'Backend open files', target: 'aliasByNode(dss.$host.collectd.processes.dss_backend.file_handles.mapped, 1)', called: /^org_example_probe$/ },
  ...OF_DSS.map((metric) => ({ panel: metric, target: `aliasByNode(dss.$host.backend.server.${metric}, 1)`, called: /^org_example_probe$/ })),
];

/** "Collectd System view": below collectd.<domain>.<host>, with a domain of two parts; hidden queries of a panel are [hidden]. */
const COLLECTD_VIEW: LegacyQuery[] = [
  {
    panel: 'Average CPU usage [hidden]',
    target: 'aliasByNode(averageSeriesWithWildcards(sumSeriesWithWildcards($prefix.$host.cpu.[0-128].cpu.{user,system,guest,steal}, 7), 5), 3)',
    called: /^probe$/,
  },
  {
    panel: 'RAM usage (%) [hidden]',
    target: 'aliasByNode(sumSeriesWithWildcards($prefix.$host.memory.percent.{used,buffered,cached}, 6), 3)',
    called: /^probe$/,
  },
  { panel: 'RAM usage (%)', target: 'aliasByNode(sumSeriesWithWildcards($prefix.$host.memory.percent.used, 6), 3)', called: /^probe$/ },
  {
    panel: 'RAM usage (bytes)',
    target: 'aliasByNode(sumSeriesWithWildcards($prefix.$host.memory.memory.{used,buffered,cached}, 6),  3)',
    called: /^probe$/,
  },
  { panel: 'Network I/O, rx', target: 'aliasByNode(sumSeriesWithWildcards($prefix.$host.interface.*.if_octets.rx, 5), 3, 6)', called: /^probe\.rx$/ },
  { panel: 'Network I/O, tx', target: 'aliasByNode(sumSeriesWithWildcards($prefix.$host.interface.*.if_octets.tx, 5), 3, 6)', called: /^probe\.tx$/ },
  { panel: 'Disk usage [hidden]', target: 'aliasByNode($prefix.$host.df.*.df_complex.used, 3, 5)', called: /^probe\.[\w-]+$/ },
  { panel: 'Disk usage', target: 'aliasByNode($prefix.$host.df.*.percent_bytes.used, 3, 5)', called: /^probe\.[\w-]+$/ },
  {
    panel: 'Disk I/O latency [hidden]',
    target: 'aliasByNode($prefix.$host.disk.*.disk_io_time.weighted_io_time, 3, 5)',
    called: /^probe\.\w+$/,
    skip: NO_DISK,
  },
  {
    panel: 'Disk I/O latency',
    target: 'aliasByNode($prefix.$host.disk.{m,s,xv}d[a-z].disk_io_time.weighted_io_time, 3, 5)',
    called: /^probe\.\w+$/,
    skip: NO_OLD_DISK,
  },
];

/** Empty as long as collectd measures CPUs in their own unit, and not in percent. */
const PERCENT: LegacyQuery[] = [
  {
    panel: 'System view: average CPU usage, B',
    target: 'aliasByNode(averageSeriesWithWildcards(sumSeriesWithWildcards(dss.$host.collectd.cpu.[0-128].percent.{user,system,guest,steal}, 6), 4), 1)',
    called: /^org_example_probe$/,
  },
  {
    panel: 'Collectd System view: average CPU usage',
    target:
      'aliasByNode(averageSeriesWithWildcards(sumSeriesWithWildcards(collectd.org.example.probe.cpu.[0-128].percent.{user,system,guest,steal}, 7), 5), 3)',
    called: /^probe$/,
  },
];

describe.each(BUNDLES)('DSS with $name', ({ name, bundle, skip }) => {
  if (skip !== '') console.log(`Skipped: DSS with ${name}: ${skip}.`);

  describe.skipIf(skip !== '')('', () => {
    const root = workDirectory('dss');
    const dss = dssProcesses();
    let target: Installation;
    const query = (): number => target.port + 2;

    const sendAsDss = async (prefix: string): Promise<void> => {
      await sendTcp(target.port + 1, lines(OF_DSS.map((metric, index) => [`${prefix}.backend.server.${metric}`, index + 1, now()])));
    };
    /** Every series has points, and is called as the panel's legend has it. */
    const answers = ({ panel, target: legacy, called }: LegacyQuery, host: string): Promise<unknown> =>
      eventually(
        `${panel} is answered`,
        async () => {
          const series = await render(query(), legacy.replace('$prefix', 'collectd.org.example').replace('$host', host));
          const withPoints = series.filter(({ datapoints }) => datapoints.some(([value]) => value !== null));
          for (const each of withPoints) expect(each.target).toMatch(called);
          return withPoints.length > 0;
        },
        WITHIN_MS,
      );

    beforeAll(async () => {
      target = await install(bundle, root, '--hostname', 'probe.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
      const legacy = await target.dkm('dss', 'legacy');
      expect(legacy).toMatchObject({ code: 0, stderr: '' });
      writeFileSync(join(target.layout.conf, 'collectd.d', 'dss-legacy.conf'), legacy.stdout);
      for (const [kind, count] of Object.entries(RUNNING)) for (let index = 0; index < count; index += 1) dss.start(kind as keyof typeof RUNNING);
      await startAll(target);
    });
    afterAll(async () => {
      dss.stop();
      await target?.stop();
      removeTree(root);
    });

    it('says that nothing was received while only collectd sends', async () => {
      await eventually('collectd sends', async () => (await values(query(), `dss.${HOST}.collectd.load.shortterm`)).length > 0, WITHIN_MS);
      const { code, stdout } = await target.dkm('dss', 'check');
      expect(code).toBe(1);
      expect(stdout).toContain(`Below dss.${HOST} a collectd sends what it measures, and DSS itself nothing`);
    });

    it.each(Object.entries(RUNNING))('counts and measures the processes of dss_%s', async (kind, count) => {
      const place = `collectd.org.example.probe.processes.dss_${kind}`;
      await eventually(`${count} of ${kind}`, async () => (await values(query(), `${place}.ps_count.processes`)).at(-1) === count, WITHIN_MS);
      for (const metric of ['ps_rss', 'ps_vm', 'file_handles', 'file_handles.mapped', 'ps_count.threads'])
        await eventually(`${metric} of ${kind}`, async () => ((await values(query(), `${place}.${metric}`)).at(-1) ?? 0) > 0, WITHIN_MS);
      // Rates: there once two rounds were measured; of processes that wait they are zero.
      for (const metric of ['contextswitch.voluntary', 'contextswitch.involuntary', 'ps_cputime.user', 'ps_pagefaults.minflt', 'disk_octets.read'])
        await eventually(`${metric} of ${kind}`, async () => (await values(query(), `${place}.${metric}`)).length > 0, WITHIN_MS);
    });

    it('sees what DSS sends, and what runs', async () => {
      await sendAsDss('dataiku.dss.design');
      const checked = await eventually(
        'all is well',
        async () => {
          const { code, stdout } = await target.dkm('dss', 'check', '--json');
          return code === 0 && (JSON.parse(stdout) as Checked);
        },
        WITHIN_MS,
      );
      expect(checked.instances).toMatchObject([
        { prefix: 'dataiku.dss.design', kind: 'DSS backend', state: 'sends', metrics: OF_DSS.length, parts: [{ name: 'backend' }] },
        { prefix: `dss.${HOST}`, kind: 'host only', state: 'sends' },
      ]);
      for (const { ageSeconds } of checked.instances) expect(ageSeconds).toBeLessThan(300);
      expect(checked.processes).toMatchObject([{ host: 'probe.example.org', counts: RUNNING }]);
    });

    it('shows a line that somebody tried', async () => {
      await sendTcp(target.port + 1, `dkm.test.dss 1 ${now()}\n`);
      await eventually('it is shown', async () => (await target.dkm('dss', 'check', '--prefix', 'dkm.test')).code === 0, WITHIN_MS);
      expect((await target.dkm('dss', 'check', '--prefix', 'dkm.other')).code).toBe(1);
    });

    it.for(DSS_VIEWS)("answers dkumonitor's DSS views: $panel", async (legacy, context) => {
      if (legacy.skip !== undefined) context.skip(legacy.skip);
      await sendAsDss(`dss.${HOST}`);
      await answers(legacy, HOST);
      // What Grafana makes of several hosts, and of "All".
      await answers(legacy, `{${HOST},nobody}`);
      await answers(legacy, '*');
    });

    it.for(COLLECTD_VIEW)("answers dkumonitor's Collectd view: $panel", async (legacy, context) => {
      if (legacy.skip !== undefined) context.skip(legacy.skip);
      await answers(legacy, 'probe');
    });

    it("finds the hosts of dkumonitor's variables", async () => {
      const found = await fetch(`http://127.0.0.1:${query()}/metrics/find?query=dss.*&format=treejson`);
      expect(((await found.json()) as { text: string }[]).map(({ text }) => text)).toEqual([HOST]);
    });

    it('answers percents of CPUs where collectd is told to measure them', async () => {
      for (const { target: legacy } of PERCENT) expect(await render(query(), legacy.replace('$host', HOST))).toEqual([]);
      writeFileSync(join(target.layout.conf, 'collectd.d', 'cpu-percent.conf'), '<Plugin cpu>\n  ValuesPercentage true\n</Plugin>\n');
      expect(await target.dkm('restart', 'collectd')).toMatchObject({ code: 0 });
      for (const legacy of PERCENT) await answers(legacy, HOST);
    });

    it('notices that a job ended', async () => {
      const another = dss.start('jek');
      const jobs = 'collectd.org.example.probe.processes.dss_jek.ps_count.processes';
      await eventually('four jobs', async () => (await values(query(), jobs)).at(-1) === RUNNING.jek + 1, WITHIN_MS);
      another.stdin?.end();
      await eventually('three jobs', async () => (await values(query(), jobs)).at(-1) === RUNNING.jek, WITHIN_MS);
    });
  });
});
