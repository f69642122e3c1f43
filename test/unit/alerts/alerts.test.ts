import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alertsOf, type Alert } from '../../../src/alerts/alerts.ts';
import { grafanaGroups, hostExpression, type GrafanaRule } from '../../../src/alerts/grafana.ts';
import { targetsForHosts } from '../../../src/promises/kinds/hosts.ts';
import type { InstallType } from '../../../src/contract/install-type.ts';
import { collected, HOST, LAYOUT, MANIFESTS, PROVIDERS, settingsOf, TYPES } from '../promises/definitions/sources.ts';

function alerts(text?: string, type: InstallType = 'all', providers: Record<string, string> = PROVIDERS.first): Alert[] {
  return alertsOf({ manifests: MANIFESTS, host: HOST, settings: settingsOf(type, providers), layout: LAYOUT, promiseSettings: text });
}

function rules(...of: Parameters<typeof alerts>): GrafanaRule[] {
  return grafanaGroups(alerts(...of)).flatMap((group) => group.rules);
}

function rule(id: string, ...of: Parameters<typeof alerts>): GrafanaRule {
  return rules(...of).find(({ promise }) => promise === id)!;
}

const conditionOf = ({ data, condition }: GrafanaRule): unknown => data.find(({ refId }) => refId === condition)?.model['expression'];
const targetOf = ({ data }: GrafanaRule): string => String(data[0]?.model['target']);

describe('alert rules', () => {
  it.each(TYPES)('of %s are whole: each once, with a condition, and nothing left to fill in', (type) => {
    const all = rules(undefined, type);
    expect(new Set(all.map(({ uid }) => uid)).size).toBe(all.length);
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
    // Grafana refuses longer ones.
    expect(all.filter(({ uid }) => uid.length > 40)).toEqual([]);
    for (const { promise, data, condition } of all) {
      expect([promise, data.at(-1)?.refId]).toEqual([promise, condition]);
      for (const { model, from, to } of data)
        expect([promise, from >= to, JSON.stringify(model).match(/\{host\}|\{last\}|\{\{|NaN|undefined/)]).toEqual([promise, true, null]);
    }
  });

  it('look at the targets of their promises, each at its own', () => {
    const targets = rules().map((each) => JSON.stringify(each.data.filter(({ datasource }) => datasource === 'graphite').map(({ model }) => model['target'])));
    expect(new Set(targets).size).toBe(targets.length);
  });

  it.each(['first', 'second'] as const)('are, with the %s providers, the promises that are checked here, with their settings', (providers) => {
    const promises = new Map(collected({ providers: PROVIDERS[providers] }).promises.map((promise) => [promise.id, promise]));
    for (const { promise } of alerts(undefined, 'all', PROVIDERS[providers])) expect(promise).toEqual(promises.get(promise.id));
  });

  it('are there on a frontend, which has Grafana and no store; those of a store are not', () => {
    const ids = alerts(undefined, 'frontend', { dashboards: 'grafana' }).map(({ promise }) => promise.id);
    expect(ids).toContain('hosts-send');
    expect(ids.filter((id) => id.startsWith('store-'))).toEqual([]);
  });

  it('lead to the console: to the promise where it is checked here, else to all', () => {
    expect(rule('hosts-send').page).toBe('http://127.0.0.1:15005/promises/hosts-send');
    expect(rule('hosts-send', undefined, 'frontend').page).toBe('http://127.0.0.1:15005/promises');
  });

  it('ask the query service as promises with addresses that gunicorn takes (4094 bytes in a line)', () => {
    for (const { promise } of alerts()) {
      const { target, pattern, most_parts } = promise.check.settings as { target?: string[]; pattern?: string[]; most_parts: number };
      const asked = new URLSearchParams(targetsForHosts(target ?? pattern ?? [], most_parts).map((each): [string, string] => ['target', each]));
      expect([promise.id, asked.toString().length < 3900]).toEqual([promise.id, true]);
    }
  });

  it('say what is kept where nobody sends: of DSS, of chrony, of a store that drops nothing', () => {
    const noisy = rules().filter(({ noDataState }) => noDataState !== 'OK');
    expect(noisy.map(({ promise }) => promise)).toEqual(['store-takes-points']);
  });
});

describe('what conf/promises.toml changes', () => {
  it('reaches the rule: a threshold, a severity, how often', () => {
    const text = '[promises.hosts-memory]\nseverity = "critical"\nfrequency = "*/2 * * * *"\nsettings = { threshold = 80, window_s = 1200 }';
    expect(conditionOf(rule('hosts-memory'))).toBe('$B >= 92');
    const changed = rule('hosts-memory', text);
    expect([conditionOf(changed), changed.severity, changed.data[0]?.from]).toEqual(['$B >= 80', 'critical', 1200]);
    const group = grafanaGroups(alerts(text)).find((each) => each.rules.some(({ promise }) => promise === 'hosts-memory'));
    expect(group).toMatchObject({ name: 'every 2 minutes', minutes: 2 });
  });

  it('pauses the rule of a promise that is switched off', () => {
    expect(
      rules('[promises.hosts-load]\nenabled = false')
        .filter(({ paused }) => paused)
        .map(({ promise }) => promise),
    ).toEqual(['hosts-load']);
  });

  it('is written so that Grafana starts with it', () => {
    const text = '[promises.hosts-send]\nfrequency = "13 3 * * 1"\nsettings = { grace_s = 0.5, max_age_s = 1.5, forget_h = 0.01 }';
    const changed = rule('hosts-send', text);
    expect([changed.for, changed.data.map(({ from, to }) => [from, to])]).toEqual([
      1,
      [
        [36, 0],
        [2, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    ]);
    expect(grafanaGroups(alerts(text)).at(-1)).toMatchObject({ name: 'every 10080 minutes', minutes: 10_080 });
  });

  it('leaves hosts out', () => {
    expect(targetOf(rule('hosts-memory', '[promises.hosts-memory]\nsettings = { except = ["db.example.org"] }'))).toMatch(
      /^exclude\(group\(.*\),"\[\.\]org\[\.\]example\[\.\]db\[\.\]"\)$/,
    );
  });

  it.each([
    ['a threshold that is none', '[promises.hosts-memory]\nsettings = { threshold = "much" }'],
    ['no TOML', '[promises'],
  ])('is as if it were not there when it is faulty: %s', (_, text) => expect(rules(text)).toEqual(rules()));
});

describe('conditions', () => {
  it.each([
    ['hosts-disk', '$B < 5'],
    ['hosts-load', '$B > 4'],
    ['hosts-clock', '$B < -1 || $B > 1'],
    ['store-takes-points', '$B < 1'],
    ['hosts-send', '$C > 0 && $D < 1'],
    ['hosts-disk-forecast', '$C < $D && $C + ($C - $D) * 2.33333 < 0'],
  ])('%s: %s', (id, condition) => expect(conditionOf(rule(id))).toBe(condition));

  it.each([
    ['>', '$B <= 92'],
    ['>=', '$B < 92'],
    ['<', '$B >= 92'],
    ['<=', '$B > 92'],
  ])('of %s is its opposite', (operator, condition) =>
    expect(conditionOf(rule('hosts-memory', `[promises.hosts-memory]\nsettings = { operator = "${operator}" }`))).toBe(condition),
  );

  it('of any series that will do looks at all together', () => {
    expect(targetOf(rule('store-takes-points', undefined, 'all', PROVIDERS.second))).toBe('sumSeries(carbon.agents.*.metricsReceived)');
  });

  it('is refused for a promise that does not ask the store', () => {
    const [first] = HOST.filter(({ alert }) => alert);
    const host = [{ ...first!, kind: 'tcp', settings: { host: 'a', port: 1 } }];
    const all = alertsOf({ manifests: [], host, settings: settingsOf('all', {}), layout: LAYOUT, promiseSettings: undefined });
    expect(() => grafanaGroups(all)).toThrow('promises."hosts-send".alert: expected kind metric, freshness or forecast, found "tcp"');
  });
});

describe('hosts as regular expressions', () => {
  it.each<[string, string[], string[]]>([
    ['web.example.org', ['collectd.org.example.web.load'], ['collectd.org.example.web1.load', 'collectd.org.example.db.load', 'collectd.web.load']],
    ['laptop-*', ['collectd.laptop-1.load', 'collectd.org.example.laptop-22.load'], ['collectd.org.example.web.load', 'collectd.org.laptop.load']],
    ['*.example.org', ['collectd.org.example.web.load', 'collectd.org.example.a.b.load'], ['collectd.org.other.web.load']],
    ['w+b', ['collectd.w+b.load'], ['collectd.wb.load', 'collectd.wwwb.load']],
  ])('%s', (glob, yes, no) => {
    const expression = new RegExp(hostExpression(glob, true));
    expect(yes.filter((name) => !expression.test(name))).toEqual([]);
    expect(no.filter((name) => expression.test(name))).toEqual([]);
  });

  it('in their own order', () => expect(new RegExp(hostExpression('a.*', false)).test('dss.a.b.c.load')).toBe(true));
});

describe('docs/alerts.md', async () => {
  const text = await readFile(join(import.meta.dirname, '../../../docs/alerts.md'), 'utf8');
  const sections = new Map(
    text
      .split(/^### /m)
      .slice(1)
      .map((section) => [/^`([a-z-]+)`/.exec(section)?.[1], section]),
  );

  it('has every rule, and no other', () => {
    const ids = new Set([...MANIFESTS.flatMap(({ promises }) => promises), ...HOST].filter(({ alert }) => alert).map(({ id }) => id));
    expect([...sections.keys()].sort()).toEqual([...ids].sort());
  });

  it.each(rules().map((each) => [each.promise, each] as const))('says of %s what Grafana calls it, and its threshold', (id, { title }) => {
    const section = sections.get(id)!;
    expect(section).toContain(title);
    const { settings } = alerts().find(({ promise }) => promise.id === id)!.promise.check;
    for (const key of ['threshold', 'window_s', 'max_age_s', 'min_days', 'window_h', 'forget_h']) {
      // Where only the age of the newest point counts, the window is of no matter.
      const value = key === 'window_s' && settings['operator'] === undefined ? undefined : settings[key];
      if (value !== undefined) expect([id, key, section.includes(`\`${key} = ${JSON.stringify(value).replace(',', ', ')}\``)]).toEqual([id, key, true]);
    }
  });
});
