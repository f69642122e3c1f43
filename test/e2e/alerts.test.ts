import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readBundle } from '../../src/contract/bundle.ts';
import { lines, now, sendTcp, type Datapoint } from '../helpers/graphite.ts';
import { install, type Installation } from '../helpers/installation.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

/*
 * Every rule of docs/alerts.md with data that must not break it, and with data that must: as a promise, asked of each query
 * service, and as a rule of Grafana where there is one. The collector does not run: what is stored is what is sent here.
 */

const BUNDLES = [
  { name: 'carbon-cache and graphite-web', bundle: inject('fallbackBundle'), skip: '' },
  { name: 'go-carbon and carbonapi', bundle: inject('firstChoiceBundle'), skip: inject('withoutFirstChoice') },
];

const [WELL, ILL] = ['collectd.org.example.well', 'collectd.org.example.ill'];
const TELEGRAF = 'telegraf.org.example.ill';
/** This host, which other promises look at. */
const OWN = 'collectd.org.example.probe';
const HOUR = 3600;

/** A value every so many seconds; times are seconds before now. */
function sent(name: string, value: number | ((ago: number) => number), { from = 1200, to = 0, step = 10 } = {}): Datapoint[] {
  const newest = Math.floor(now() / step) * step - to;
  return Array.from({ length: Math.floor((from - to) / step) }, (_, index) => {
    const ago = index * step;
    return [name, typeof value === 'number' ? value : value(ago + to), newest - ago];
  });
}

interface Case {
  rule: string;
  well: () => Datapoint[];
  ill: () => Datapoint[];
  /** What is told to be ill: a part of its series' name, and of the promise's message. */
  told: string;
}

const heap = (instance: string, used: number, span = {}): Datapoint[] => [
  ...sent(`${instance}.backend.server.jvm.memory.heap.used`, used, { from: 2400, ...span }),
  ...sent(`${instance}.backend.server.jvm.memory.heap.max`, 100, { from: 2400, ...span }),
];
const load = (host: string, value: number): Datapoint[] => [
  ...sent(`${host}.load.load.longterm`, value),
  ...[0, 1].flatMap((cpu) => sent(`${host}.cpu.${cpu}.cpu.idle`, 50)),
];
const each = (metric: string, well: number, ill: number): Pick<Case, 'well' | 'ill' | 'told'> => ({
  well: () => sent(`${WELL}.${metric}`, well),
  ill: () => sent(`${ILL}.${metric}`, ill),
  told: `${ILL}.${metric}`,
});
const DAYS_3 = { from: 75 * HOUR, step: 600 };

const CASES: Case[] = [
  {
    rule: 'hosts-send',
    well: () => sent(`${WELL}.load.load.shortterm`, 1),
    ill: () => sent(`${ILL}.load.load.shortterm`, 1, { from: 2 * HOUR, to: 900 }),
    told: 'ill',
  },
  { rule: 'hosts-disk', ...each('df.root.percent_bytes.free', 40, 2) },
  {
    rule: 'hosts-disk-forecast',
    well: () => sent(`${WELL}.df.root.df_complex.free`, (ago) => 1e12 + 1e5 * ago, DAYS_3),
    ill: () => sent(`${ILL}.df.root.df_complex.free`, (ago) => 1e10 + 1e5 * ago, DAYS_3),
    told: `${ILL}.df.root.df_complex.free`,
  },
  { rule: 'hosts-memory', ...each('memory.percent.used', 60, 97) },
  // With Telegraf, which sends the same below another prefix.
  { rule: 'hosts-load', well: () => load(WELL, 4), ill: () => load(TELEGRAF, 12), told: `${TELEGRAF}.load.per_core` },
  { rule: 'hosts-swap', ...each('swap.swap_io.in', 20, 4000) },
  { rule: 'hosts-clock', ...each('chrony.time_offset_ntp.chrony', 0.002, -30) },
  {
    rule: 'dss-backend',
    // One that runs, a host that has none, and one that is silent as a whole.
    well: () => [
      ...sent('collectd.org.example.plain-silent.processes.dss_backend.ps_count.processes', 1, { from: 3 * HOUR, to: HOUR }),
      ...sent(`${WELL}.processes.dss_backend.ps_count.processes`, 1, { from: 2 * HOUR }),
      ...sent('collectd.org.example.plain.processes.dss_backend.ps_count.processes', 0, { from: 2 * HOUR }),
    ],
    ill: () => sent(`${ILL}.processes.dss_backend.ps_count.processes`, (ago) => (ago > 900 ? 1 : 0), { from: 2 * HOUR }),
    told: `${ILL}.dss_backend.running`,
  },
  { rule: 'dss-sends', well: () => heap('dss.well', 50), ill: () => heap('dataiku.dss.ill', 50, { from: 2 * HOUR, to: HOUR }), told: 'ill' },
  { rule: 'dss-jek', ...each('processes.dss_jek.ps_count.processes', 12, 90) },
  { rule: 'dss-heap', well: () => heap('dataiku.dss.well', 80), ill: () => heap('dss.full', 97), told: 'dss.full.backend.heap_percent' },
  {
    rule: 'dss-backend-files',
    well: () => sent(`${WELL}.processes.dss_backend.file_handles`, 900),
    ill: () => sent(`${ILL}.processes.dss_backend.file_handles.mapped`, 64_000),
    told: `${ILL}.processes.dss_backend.file_handles.mapped`,
  },
];

/** Looked at every minute, and without patience after a start: a test has less. */
const QUICKLY = `[defaults]
frequency = "* * * * *"
${['hosts-send', 'dss-sends'].map((id) => `[promises.${id}]\nfrequency = "* * * * *"\nsettings = { grace_s = 0 }`).join('\n')}
[promises.hosts-disk-forecast]
frequency = "* * * * *"
[promises.store-takes-points]
settings = { grace_s = 0 }
`;

interface Rule {
  uid: string;
  name: string;
  state: string;
  health: string;
  lastError?: string;
  lastEvaluation: string;
  labels: Record<string, string>;
  alerts?: { state: string; labels: Record<string, string>; annotations: Record<string, string> }[];
}

interface Checked {
  id: string;
  state: string;
  message: string;
}

describe.each(BUNDLES)('alert rules with $name', ({ name, bundle, skip }) => {
  if (skip !== '') console.log(`Skipped: alert rules with ${name}: ${skip}.`);

  describe.skipIf(skip !== '')('', async () => {
    const components = skip === '' ? (await readBundle(bundle)).components : [];
    const hasGrafana = components.some((component) => component.name === 'grafana');
    if (skip === '' && !hasGrafana)
      console.log(`Skipped: alert rules of Grafana with ${name}: the bundle has none; set DKM_TEST_ARTIFACTS to a folder that holds grafana.`);
    const store = components.find(({ role }) => role === 'store')?.name ?? '';
    const query = components.find(({ role }) => role === 'query')?.name ?? '';
    const root = workDirectory('alerts');
    let target: Installation;

    const overflow: Case = {
      rule: 'store-drops-nothing',
      well: () => [],
      // Before the store began to tell of itself.
      ill: () => sent(`carbon.agents.${store === 'go-carbon' ? 'org.example.probe' : 'another'}.cache.overflow`, 7, { from: 540, to: 120, step: 60 }),
      told: 'cache.overflow',
    };
    const cases = [...CASES, overflow];
    const ids = cases.map(({ rule }) => rule);
    const feed = (which: readonly ('well' | 'ill')[]): Promise<void> =>
      sendTcp(target.port + 1, lines([...cases.flatMap((one) => which.flatMap((how) => one[how]())), ...sent(`${OWN}.memory.percent.used`, 99)]));
    const checked = async (): Promise<Map<string, Checked>> => {
      const { stdout } = await target.dkm('check', '--json', ...ids);
      return new Map((JSON.parse(stdout) as { promises: Checked[] }).promises.map((promise) => [promise.id, promise]));
    };
    const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${target.port}${path}`, {
        ...init,
        headers: { 'Content-Type': 'application/json', Authorization: `Basic ${btoa(`admin:${target.read('conf/secrets/admin-password').trim()}`)}` },
      });
    const rules = async (): Promise<Map<string, Rule>> => {
      const { data } = (await (await ask('/api/prometheus/grafana/api/v1/rules')).json()) as { data: { groups: { file: string; rules: Rule[] }[] } };
      expect(data.groups.map(({ file }) => file).filter((folder) => folder !== 'dkm')).toEqual([]);
      return new Map(data.groups.flatMap((group) => group.rules).map((rule) => [rule.labels['promise'] ?? rule.name, rule]));
    };
    /** Series of a rule for which its condition holds. */
    const firing = (rule: Rule | undefined): string[] =>
      (rule?.alerts ?? []).filter(({ state }) => /^(Alerting|Pending)/.test(state)).map(({ labels }) => labels['name'] ?? '(nothing)');
    /** Waits until rules are so, and feeds them all the while; fails with what they were. */
    const untilRules = (what: string, which: readonly ('well' | 'ill')[], look: (all: Map<string, Rule>) => void): Promise<unknown> =>
      eventually(
        what,
        async () => {
          await feed(which);
          look(await rules());
          return true;
        },
        300_000,
      );

    beforeAll(async () => {
      target = await install(bundle, root, '--hostname', 'probe.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
      writeFileSync(join(root, 'conf/promises.toml'), QUICKLY);
      expect(await target.dkm('reconfigure')).toMatchObject({ code: 0 });
      expect(await target.dkm('start', store, query, ...(hasGrafana ? ['grafana'] : []))).toMatchObject({ code: 0 });
    });
    afterAll(async () => {
      await target?.stop();
      removeTree(root);
    });

    it('are kept where nobody sends anything', async () => {
      for (const { id, state, message } of (await checked()).values()) expect([id, state, message]).toEqual([id, 'ok', message]);
    });

    it('are kept with hosts and instances that are well, and were looked at', async () => {
      await eventually(
        'all are kept by what they found',
        async () => {
          await feed(['well']);
          const found = await checked();
          for (const { rule } of CASES) {
            const { state, message } = found.get(rule)!;
            expect([rule, state, /There is no point|No host has sent/.test(message)]).toEqual([rule, 'ok', false]);
          }
          return true;
        },
        180_000,
      );
      expect((await checked()).get('store-drops-nothing')?.state).toBe('ok');
    });

    it.skipIf(!hasGrafana)('are in Grafana, in the folder dkm, and none fires with what is well', async () => {
      await untilRules('each was looked at, and fires for nobody but this host', ['well'], (all) => {
        expect([...all.keys()].sort()).toEqual([...ids, 'store-takes-points'].sort());
        for (const [id, rule] of all) {
          expect([id, rule.health, rule.lastError ?? '', rule.lastEvaluation.startsWith('0001')]).toEqual([id, 'ok', '', false]);
          // No other promise is Grafana's: this host is not left out there.
          expect([id, firing(rule)]).toEqual([id, id === 'hosts-memory' ? [`${OWN}.memory.percent.used`] : []]);
        }
      });
    });

    it('are broken by what is ill, and say what it is', async () => {
      await eventually(
        'each is broken',
        async () => {
          await feed(['well', 'ill']);
          const found = await checked();
          for (const { rule, told } of cases) {
            const { state, message } = found.get(rule)!;
            expect([rule, state, message.includes(told), /well|plain|probe\.memory/.test(message)]).toEqual([rule, 'failed', true, false]);
          }
          return true;
        },
        180_000,
      );
    });

    it.skipIf(!hasGrafana)('fire in Grafana for what is ill alone, with links to a dashboard and to the console', async () => {
      await untilRules('each fires', ['well', 'ill'], (all) => {
        for (const { rule, told } of cases) {
          const names = firing(all.get(rule)).filter((series) => series !== `${OWN}.memory.percent.used`);
          expect([rule, names.length, names.every((series) => series.includes(told))]).toEqual([rule, 1, true]);
        }
      });
      const alert = (await rules()).get('dss-backend')?.alerts?.find(({ state }) => state.startsWith('Alerting'));
      expect(alert).toMatchObject({ labels: { source: 'dkm', severity: 'critical' } });
      expect(alert?.annotations['summary']).toBe(`A DSS backend is down: ${ILL}.dss_backend.running`);
      expect(alert?.annotations['runbook_url']).toBe(`http://127.0.0.1:${target.port + 5}/promises/dss-backend`);
    });

    it.skipIf(!hasGrafana)('cannot be changed in Grafana, and tell nobody that was not there before', async () => {
      const read = async (): Promise<object> => (await (await ask('/api/v1/provisioning/alert-rules/dkm-dss-jek')).json()) as object;
      const rule = await read();
      expect(rule).toMatchObject({ provenance: 'file', annotations: { dashboard: `http://127.0.0.1:${target.port}/d/dkm-dss-backend` } });
      const changed = await ask('/api/v1/provisioning/alert-rules/dkm-dss-jek', { method: 'PUT', body: JSON.stringify({ ...rule, title: 'Mine' }) });
      expect(changed.ok).toBe(false);
      expect(await read()).toEqual(rule);
      const points = (await (await ask('/api/v1/provisioning/contact-points')).json()) as { name: string; type: string }[];
      expect(points.map((point) => [point.name, point.type])).toEqual([['email receiver', 'email']]);
      expect(target.read('run/logs/grafana.log')).not.toContain('Return nodata');
    });

    it('take up what conf/promises.toml changes', async () => {
      const changed = `[promises.hosts-memory]\nsettings = { threshold = 50, except = ["ill.example.org"] }\n[promises.hosts-load]\nenabled = false\n`;
      const gone = '[promises.store-takes-points]\nsettings = { grace_s = 0, target = "carbon.agents.gone.x" }';
      writeFileSync(join(root, 'conf/promises.toml'), `${QUICKLY.replace(/\[promises\.store-takes-points\]\n.*\n/, '')}${changed}${gone}`);
      expect(await target.dkm('reload')).toMatchObject({ code: 0 });
      expect(await target.dkm('reconfigure')).toMatchObject({ code: 0 });
      await feed(['well', 'ill']);
      const { stdout } = await target.dkm('check', '--json', 'hosts-memory', 'store-takes-points');
      const promises = (JSON.parse(stdout) as { promises: Checked[] }).promises.map(({ id, state, message }) => [id, state, message]);
      expect(Object.fromEntries(promises.map(([id, ...rest]) => [id, rest]))).toEqual({
        'hosts-memory': ['failed', `${WELL}.memory.percent.used is not as it should be: the average of 10 m must be < 50.`],
        'store-takes-points': ['no-data', 'There is no point of carbon.agents.gone.x within 5 m.'],
      });
      if (!hasGrafana) return;
      await untilRules("Grafana's rules took it up", ['well', 'ill'], (all) => {
        expect(firing(all.get('hosts-memory')).sort()).toEqual([`${OWN}.memory.percent.used`, `${WELL}.memory.percent.used`]);
        expect(firing(all.get('store-takes-points'))).toHaveLength(1);
      });
      const paused = (await (await ask('/api/v1/provisioning/alert-rules')).json()) as { uid: string; isPaused: boolean }[];
      expect(paused.filter(({ isPaused }) => isPaused).map(({ uid }) => uid)).toEqual(['dkm-hosts-load']);
    });
  });
});
