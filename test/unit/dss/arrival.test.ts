import { describe, expect, it } from 'vitest';
import { adviceOn, type Seen } from '../../../src/dss/advice.ts';
import { withState, type InstanceAge, type PartAge } from '../../../src/dss/ages.ts';
import { inAddresses, nodesOf, type Graphite } from '../../../src/dss/graphite.ts';
import { findInstances, kindOf, spread } from '../../../src/dss/instances.ts';
import { processesIn, runsDss } from '../../../src/dss/processes.ts';

/** Finds among names, as the query service does. */
function graphiteWith(names: readonly string[]): Graphite {
  return {
    url: 'http://127.0.0.1:1',
    find: (pattern) => {
      const wanted = pattern.split('.');
      const nodes = new Map<string, { path: string; isMetric: boolean; isFolder: boolean }>();
      for (const name of names) {
        const parts = name.split('.');
        if (parts.length < wanted.length || wanted.some((part, index) => part !== '*' && part !== parts[index])) continue;
        const path = parts.slice(0, wanted.length).join('.');
        const node = nodes.get(path) ?? { path, isMetric: false, isFolder: false };
        if (parts.length === wanted.length) node.isMetric = true;
        else node.isFolder = true;
        nodes.set(path, node);
      }
      return Promise.resolve([...nodes.values()]);
    },
    render: () => Promise.reject(new Error('nothing is rendered here')),
  };
}

const ROOTS = ['dataiku.dss', 'dss'];
const find = async (names: string[], given: string[] = []): Promise<Record<string, string>> =>
  Object.fromEntries((await findInstances(graphiteWith(names), { roots: ROOTS, given })).map(({ prefix, kind }) => [prefix, kind]));

describe('findInstances', () => {
  it.each<[string, string[], string[], Record<string, string>]>([
    ['nothing', ['collectd.a.load.load.shortterm'], [], {}],
    ['the recommended prefix', ['dataiku.dss.design.backend.server.jvm.memory.heap.used'], [], { 'dataiku.dss.design': 'DSS backend' }],
    [
      "DSS's own prefix, with the host's name and its port",
      ['dss.org.example.dss1.11000.backend.server.dku.x', 'dss.org.example.dss2.11000.collectd.load.load.shortterm'],
      [],
      { 'dss.org.example.dss1.11000': 'DSS backend', 'dss.org.example.dss2.11000': 'host only' },
    ],
    ['one part below dss', ['dss.design.backend.server.x', 'dss.api.apimain.requests.count'], [], { 'dss.api': 'API node', 'dss.design': 'DSS backend' }],
    ['what sends unknown names', ['dataiku.dss.odd.some.thing'], [], { 'dataiku.dss.odd': 'not known' }],
    ['a prefix that was given', ['prod.dss1.backend.server.x'], ['prod.dss1'], { 'prod.dss1': 'DSS backend' }],
    ['instances below a prefix that was given', ['prod.a.backend.x', 'prod.b.c.backend.x'], ['prod'], { 'prod.a': 'DSS backend', 'prod.b.c': 'DSS backend' }],
    ['a single metric', ['dkm.test.dss'], ['dkm.test'], { 'dkm.test': 'not known' }],
    ['a prefix without anything', ['dkm.test.dss'], ['dkm.other'], {}],
  ])('finds %s', async (_, names, given, expected) => {
    expect(await find(names, given)).toEqual(expected);
  });

  it('counts metrics by what sends them, a metric that is also a folder once', async () => {
    const names = ['dataiku.dss.d.backend.a', 'dataiku.dss.d.backend.a.b', 'dataiku.dss.d.backend.c.d.e', 'dataiku.dss.d.collectd.x'];
    const [instance] = await findInstances(graphiteWith(names), { roots: ROOTS, given: [] });
    expect(instance?.parts).toEqual([
      {
        name: 'backend',
        metrics: 3,
        patterns: ['dataiku.dss.d.backend.*', 'dataiku.dss.d.backend.*.*', 'dataiku.dss.d.backend.*.*.*'],
        sample: ['dataiku.dss.d.backend.a', 'dataiku.dss.d.backend.a.b', 'dataiku.dss.d.backend.c.d.e'],
      },
      { name: 'collectd', metrics: 1, patterns: ['dataiku.dss.d.collectd.*'], sample: ['dataiku.dss.d.collectd.x'] },
    ]);
  });

  it('gives up on a forest of names', async () => {
    const names = Array.from({ length: 2000 }, (_, index) => `dss.x.y${index}.z`);
    expect(await find(names)).toEqual({ 'dss.x': 'not known' });
  });

  it.each([
    [['backend', 'collectd', 'jvm'], 'DSS backend'],
    [['apimain'], 'API node'],
    [['collectd'], 'host only'],
    [['jvm'], 'not known'],
  ])('takes %j for %s', (parts, kind) => {
    expect(kindOf(parts)).toBe(kind);
  });
});

describe('withState', () => {
  const part = (name: string, ageSeconds: number | null): PartAge => ({ name, metrics: 2, ageSeconds });
  it.each<[PartAge[], InstanceAge['state'], number | null]>([
    [[part('backend', 12), part('jvm', 400)], 'sends', 12],
    [[part('backend', 400), part('collectd', 5)], 'silent', 400],
    [[part('backend', null), part('collectd', 5)], 'gone', null],
    [[part('collectd', 5)], 'sends', 5],
    [[part('collectd', 301)], 'silent', 301],
  ])('%j: %s', (parts, state, ageSeconds) => {
    expect(withState({ prefix: 'p', kind: 'DSS backend' }, parts)).toMatchObject({ state, ageSeconds, metrics: parts.length * 2 });
  });
});

describe('processesIn', () => {
  const series = (name: string, value: number, atSeconds: number): Parameters<typeof processesIn>[0][number] => ({ name, points: [{ value, atSeconds }] });
  it('tells hosts, newest counts and ages', () => {
    const found = processesIn(
      [
        series('collectd.org.example.b.processes.dss_backend.ps_count.processes', 1, 990),
        series('collectd.org.example.b.processes.dss_jek.ps_count.processes', 3, 980),
        series('collectd.org.example.a.processes.dss_backend.ps_count.processes', 0, 995),
        series('dataiku.dss.design.collectd.processes.dss_fek.ps_count.processes', 2, 1010),
        series('dss.org_example_a.collectd.processes.dss_backend.ps_count.processes', 0, 995),
        series('collectd.org.example.a.processes.other.ps_count.processes', 9, 995),
        { name: 'collectd.c.processes.dss_fek.ps_count.processes', points: [] },
      ],
      1000,
    );
    expect(found).toEqual([
      { host: 'a.example.org', counts: { backend: 0 }, ageSeconds: 5 },
      { host: 'b.example.org', counts: { backend: 1, jek: 3 }, ageSeconds: 10 },
      { host: 'dataiku.dss.design', counts: { fek: 2 }, ageSeconds: 0 },
    ]);
    expect(found.map(runsDss)).toEqual([false, true, true]);
  });
});

describe('adviceOn', () => {
  const sends: InstanceAge = { prefix: 'dataiku.dss.a', kind: 'DSS backend', metrics: 1, ageSeconds: 5, state: 'sends', parts: [] };
  const silent: InstanceAge = {
    prefix: 'dataiku.dss.b',
    kind: 'DSS backend',
    metrics: 2,
    ageSeconds: 3600,
    state: 'silent',
    parts: [
      { name: 'backend', metrics: 1, ageSeconds: 3600 },
      { name: 'collectd', metrics: 1, ageSeconds: 7 },
    ],
  };
  const host: InstanceAge = { ...sends, prefix: 'dss.org_example_a', kind: 'host only' };
  const gone: InstanceAge = { ...sends, state: 'gone', ageSeconds: null };
  const seen = (more: Partial<Seen>): Seen => ({
    instances: [],
    missing: [],
    processes: [],
    carbon: { host: 'mon.example.org', port: 15001, address: 'mon.example.org:15001' },
    isReached: true,
    looked: ROOTS,
    uppermost: [],
    dkm: 'dkm',
    ...more,
  });
  const running = { host: 'dss.example.org', counts: { backend: 1 }, ageSeconds: 3 };
  const idle = { ...running, counts: { backend: 0 } };

  it.each<[string, Partial<Seen>, (string | RegExp)[]]>([
    ['nothing where all is well', { instances: [sends] }, []],
    ['nothing of one that is gone beside one that sends', { instances: [sends, gone] }, []],
    [
      'of one that is silent while its machine is there',
      { instances: [sends, silent], processes: [idle] },
      [
        'dataiku.dss.b has been silent for 1 h. Its collectd sent 7 s ago: the machine is there, and the port is reached.',
        /no process of a DSS backend/,
        /restart/,
      ],
    ],
    ['of a prefix that is not there', { instances: [sends], missing: ['prod'] }, [/^Nothing was ever received at or below prod\./, /restart/]],
    ['nothing of a host beside a DSS that sends', { instances: [sends, host] }, []],
    [
      'of hosts whose DSS does not send',
      { instances: [host] },
      [/^Below dss\.org_example_a a collectd sends what it measures, and DSS itself nothing/, /^Carbon takes connections/, /restart/],
    ],
    ['of all that are gone', { instances: [gone] }, [/^Nothing has come for a week/, /^Carbon takes connections on port 15001/, /restart/]],
    [
      'where nothing ever came',
      { uppermost: ['carbon', 'collectd'], processes: [running] },
      [
        'Nothing was ever received below dataiku.dss or dss. The names that there are begin with: carbon, collectd.',
        /^Carbon takes connections.*nc -vz mon\.example\.org 15001/,
        /echo "dkm\.test\.dss 1 \$\(date \+%s\)" \| nc -q1 mon\.example\.org 15001$/,
        /dkm dss check --prefix dkm\.test$/,
        /--prefix PREFIX/,
        /sees the process of a DSS backend on dss\.example\.org/,
        /restart/,
      ],
    ],
    [
      'where carbon does not listen',
      { isReached: false, instances: [gone] },
      [/a week/, /takes no connections at mon\.example\.org:15001.*dkm status/, /restart/],
    ],
  ])('says %s', (_, more, expected) => {
    expect(adviceOn(seen(more))).toEqual(expected.map((line): unknown => (typeof line === 'string' ? line : expect.stringMatching(line))));
  });
});

describe('what is asked of the query service', () => {
  it('is put into addresses that are short enough', () => {
    const targets = Array.from({ length: 100 }, (_, index) => `dataiku.dss.design.${'x'.repeat(60)}.${index}`);
    const lots = inAddresses(targets);
    expect(lots.flat()).toEqual(targets);
    expect(lots.length).toBeGreaterThan(1);
    for (const lot of lots) expect(lot.map((target) => `&target=${encodeURIComponent(target)}`).join('').length).toBeLessThanOrEqual(3_500);
  });

  it.each<[string, unknown]>([
    ['{"metrics":[{"path":"a.b.","is_leaf":"0"},{"path":"a.b","is_leaf":1}]}', [{ path: 'a.b', isMetric: true, isFolder: true }]],
    ['{"metrics":[]}', []],
    ['<html>', undefined],
    ['[]', undefined],
    ['{"metrics":[{"name":"x"}]}', undefined],
  ])('is read from %s', (body, expected) => {
    expect(nodesOf(body)).toEqual(expected);
  });

  it('is spread over all', () => {
    expect(spread([1, 2, 3, 4, 5, 6], 3)).toEqual([1, 3, 5]);
    expect(spread([1, 2], 3)).toEqual([1, 2]);
  });
});
