import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { metricOf } from '../../../src/retention/metric-files.ts';
import { toRegExp } from '../../../src/retention/patterns.ts';
import { decide, parseRules, type Rules } from '../../../src/retention/rules.ts';
import { lossInWords, retentionsInWords } from '../../../src/retention/words.ts';
import type { Dialect } from '../../../src/whisper/aggregation.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';
import { renderTemplates } from '../../helpers/render-templates.ts';
import { templateContext } from '../../../src/manifest/context.ts';
import { loadRetention } from '../../../src/manifest/retention.ts';
import { layoutOf } from '../../../src/base/layout.ts';

const rulesOf = (dialect: Dialect, schemas: string, aggregations = ''): Rules =>
  parseRules({ schemas, aggregations }, { dialect, schemasFile: 'storage-schemas.conf', aggregationFile: 'storage-aggregation.conf' });

function ruling(rules: Rules, metric: string): string {
  const decision = decide(metric, rules);
  if (decision.kind !== 'ruled') return decision.kind;
  const { shape, rule, aggregation } = decision;
  return `${rule.name} ${shape.archives.map(({ stepSeconds, points }) => `${stepSeconds}x${points}`).join(',')} ${aggregation.methodName} ${shape.xFilesFactor}`;
}

const BOTH: Dialect[] = ['go-carbon', 'carbon-cache'];

describe.each(BOTH)('rules of %s', (dialect) => {
  it.each([
    ['the first that matches', '[a]\npattern = ^x\\.\nretentions = 1m:1d\n[b]\npattern = .*\nretentions = 10s:1h', 'x.y', 'a 60x1440 average 0.5'],
    ['a pattern is searched for', '[a]\npattern = cpu\nretentions = 1m:1d', 'host.cpu0', 'a 60x1440 average 0.5'],
    ['large letters are others', '[a]\npattern = CPU\nretentions = 1m:1d\n[b]\npattern = .\nretentions = 1s:1h', 'host.cpu', 'b 1x3600 average 0.5'],
    ['comments, capitals, spaces', '# one\n; two\n[ a ]\nPattern=.*\nRETENTIONS = 60s:1d , 5m:7d', 'x', 'a 60x1440,300x2016 average 0.5'],
    ['seconds and points as numbers', '[a]\npattern = .*\nretentions = 60:1440', 'x', 'a 60x1440 average 0.5'],
    ['in any order', '[a]\npattern = .*\nretentions = 5m:7d,60s:1d', 'x', 'a 60x1440,300x2016 average 0.5'],
  ])('%s', (_, schemas, metric, expected) => expect(ruling(rulesOf(dialect, schemas), metric)).toBe(expected));

  it.each([
    ['[a]\npattern = .*\nretentions = often', 'retentions "often"'],
    ['[a]\npattern = .*\nretentions = 0s:1d', 'retentions "0s:1d"'],
    ['pattern = .*', 'line 1: expected a section'],
    ['[a]\nwords', 'line 2: expected "key = value"'],
  ])('%j is refused', (schemas, message) => expect(() => rulesOf(dialect, schemas)).toThrow(message));

  it('that cannot be read leave alone what comes to them, and nothing before', () => {
    const rules = rulesOf(dialect, '[a]\npattern = ^a\nretentions = 1m:1d\n[b]\npattern = ^\\p{Lu}\nretentions = 1m:2d\n[c]\npattern = .*\nretentions = 1m:3d');
    expect(['a.b', 'x'].map((metric) => ruling(rules, metric))).toEqual(['a 60x1440 average 0.5', 'undecided']);
    expect(rules.schemas[1]?.fault).toContain('dkm cannot tell what \\p means');
  });

  it('say how points are thinned out', () => {
    const rules = rulesOf(dialect, '[a]\npattern = .*\nretentions = 1m:1d', '[min]\npattern = \\.min$\nxFilesFactor = 0.1\naggregationMethod = min\n');
    expect(['x.min', 'x.minimum'].map((metric) => ruling(rules, metric))).toEqual(['a 60x1440 min 0.1', 'a 60x1440 average 0.5']);
    expect(() => rulesOf(dialect, '', '[a]\npattern = .*\nxFilesFactor = 2\naggregationMethod = min')).toThrow('expected a number from 0 to 1, found "2"');
    expect(() => rulesOf(dialect, '', '[a]\npattern = .*\nxFilesFactor = 0\naggregationMethod = median')).toThrow('has no method "median"');
  });

  it('that dkm ships can be read', async () => {
    const context = templateContext(
      dialect,
      fixedSettings('all'),
      layoutOf('/srv/dkm'),
      await loadRetention(join(import.meta.dirname, '../../../vendor-manifests')),
    );
    const files = await renderTemplates(dialect, context);
    const rules = rulesOf(dialect, files.get('conf/whisper/storage-schemas.conf')!, files.get('conf/whisper/storage-aggregation.conf'));
    expect(rules.schemas.concat().every(({ fault }) => fault === undefined)).toBe(true);
    const [self, host, dss, rest] = [
      'self 60x20160,600x52560',
      'host 10x8640,60x20160,600x52560',
      'dss 10x2160,60x43200,600x52560,3600x26280',
      'default 10x2160,60x10080,600x52560',
    ];
    const expected: Record<string, string> = {
      'carbon.agents.x.tcp.metricsReceived': `${self} average 0`,
      'dkm.org.example.host.service.collectd.restarts': `${self} last 0`,
      'dkm.org.example.host.service.collectd.memory_bytes': `${self} average 0`,
      'collectd.org.example.host.cpu.0.cpu.user': `${host} average 0`,
      'collectd.org.example.host.users.count': `${host} average 0`,
      'telegraf.org.example.host.net.eth0.bytes_recv': `${host} last 0`,
      'telegraf.org.example.host.mem.used': `${host} average 0`,
      'dss.design.collectd.cpu.0.cpu.user': `${host} average 0`,
      'dss.design.backend.server.dku.jvm.memory.heap.used': `${dss} average 0`,
      'dataiku.dss.design.backend.http.requests.count': `${dss} last 0`,
      'dataiku.dss.design.backend.http.requests.p99': `${dss} max 0`,
      'dataiku.dss.design.collectd.load.load.shortterm': `${host} average 0`,
      'dss.org.example.design.11200.collectd.load.load.shortterm': `${host} average 0`,
      'dss.org.example.design.11200.backend.jobs': `${dss} average 0`,
      'host.cpu.max': `${rest} max 0`,
      'stats.timers.login.upper_90': `${rest} max 0`,
      'stats.timers.login.lower': `${rest} min 0`,
      'stats.counters.logins.count': `${rest} sum 0`,
      'stats_counts.logins': `${rest} sum 0`,
      'collectdx.a': `${rest} average 0`,
    };
    expect(Object.fromEntries(Object.keys(expected).map((metric) => [metric, ruling(rules, metric)]))).toEqual(expected);
  });
});

describe('where the stores differ', () => {
  it.each<[string, string, Dialect, string]>([
    ['a number after a unit: seconds for go-carbon', '[a]\npattern = .*\nretentions = 10s:1440', 'go-carbon', 'a 10x144 average 0.5'],
    ['a number after a unit: points for carbon', '[a]\npattern = .*\nretentions = 10s:1440', 'carbon-cache', 'a 10x1440 average 0.5'],
    ['quotes go', '[a]\npattern = "^x$"\nretentions = 1m:1d', 'go-carbon', 'a 60x1440 average 0.5'],
    ['quotes stay', '[a]\npattern = "^x$"\nretentions = 1m:1d', 'carbon-cache', '(carbon) 60x10080 average 0.5'],
    ['priority', '[a]\npattern = .*\nretentions = 1m:1d\n[b]\npattern = .*\nretentions = 1m:2d\npriority = 5', 'go-carbon', 'b 60x2880 average 0.5'],
    ['no priority', '[a]\npattern = .*\nretentions = 1m:1d\n[b]\npattern = .*\nretentions = 1m:2d\npriority = 5', 'carbon-cache', 'a 60x1440 average 0.5'],
    ['no rule, no file', '[a]\npattern = y\nretentions = 1m:1d', 'go-carbon', 'unruled'],
    ['no rule, a week of minutes', '[a]\npattern = y\nretentions = 1m:1d', 'carbon-cache', '(carbon) 60x10080 average 0.5'],
    ['retentions that whisper refuses', '[a]\npattern = .*\nretentions = 10s:1h,15s:2h', 'go-carbon', 'undecided'],
    ['retentions that whisper refuses, passed over', '[a]\npattern = .*\nretentions = 10s:1h,15s:2h', 'carbon-cache', '(carbon) 60x10080 average 0.5'],
  ])('%s', (_, schemas, dialect, expected) => expect(ruling(rulesOf(dialect, schemas), 'x')).toBe(expected));

  it('carbon refuses a section or a key that stands twice', () => {
    expect(() => rulesOf('carbon-cache', '[a]\npattern = .\nretentions = 1m:1d\n[a]\n')).toThrow('two sections [a]');
    expect(() => rulesOf('carbon-cache', '[a]\npattern = .\npattern = x')).toThrow('pattern stands in [a] twice');
    expect(rulesOf('go-carbon', '[a]\npattern = .\npattern = x\nretentions = 1m:1d').schemas[0]?.pattern).toBe('x');
  });

  it('carbon passes over what is not whole, go-carbon refuses it', () => {
    expect(rulesOf('carbon-cache', '[a]\nretentions = 1m:1d').ignored).toEqual(['storage-schemas.conf: [a] has no pattern, so carbon passes it over']);
    expect(() => rulesOf('go-carbon', '[a]\nretentions = 1m:1d')).toThrow('[a]: expected pattern, found none');
  });
});

describe('a pattern', () => {
  it.each([
    ['^carbon\\.', 'carbon.x', true],
    ['(?i)CPU', 'host.cpu', true],
    ['(?P<host>web\\d+)\\.', 'a.web12.b', true],
    ['\\Aweb\\Z', 'web', true],
    ['\\Aweb\\z', 'webs', false],
    ['[\\w-]+\\.a_b', 'x-y.a_b', true],
    ['a{2,3}$', 'caa', true],
  ])('%s in %s', (pattern, metric, expected) => {
    const found = toRegExp(pattern);
    expect('why' in found ? found.why : found.test(metric)).toBe(expected);
  });

  it.each(['(', '[[:alpha:]]', '\\pN', '\\Qa.b\\E', '(?#note)x', '(?>a)', 'a++', 'x(?i)y', '[]a]', 'a{,3}'])('%s is not guessed at', (pattern) => {
    expect(toRegExp(pattern)).toHaveProperty('why');
  });
});

describe('the metric of a file', () => {
  it.each([
    ['host/cpu/0.wsp', 'host.cpu.0'],
    ['carbon/agents/a/cpu.wsp', 'carbon.agents.a.cpu'],
    ['_tagged/eff/aae/some_DOT_metric;tag1=value_DOT_2.wsp', 'some.metric;tag1=value.2'],
    [`_tagged/eff/aae/${'0123456789abcdef'.repeat(4)}.wsp`, undefined],
    ['host.example.org/cpu.wsp', undefined],
    ['host/a.b.wsp', undefined],
  ])('%s', (file, metric) => expect(metricOf(file)).toBe(metric));
});

describe('in words', () => {
  it.each([
    [
      'retentions',
      retentionsInWords([
        { stepSeconds: 10, points: 2160 },
        { stepSeconds: 60, points: 10_080 },
        { stepSeconds: 600, points: 52_560 },
      ]),
      'every 10 s for 6 h, every 1 m for 7 d, every 10 m for 1 y',
    ],
    ['odd ones', retentionsInWords([{ stepSeconds: 90, points: 7 }]), 'every 90 s for 630 s'],
    ['a loss of age', lossInWords({ fromSeconds: 86_400, untilSeconds: 172_800, stepSeconds: 60, newStepSeconds: undefined }), 'what is older than 1 d goes'],
    [
      'a loss of detail',
      lossInWords({ fromSeconds: 0, untilSeconds: 3600, stepSeconds: 10, newStepSeconds: 60 }),
      'up to 1 h back, a point every 1 m in place of every 10 s',
    ],
  ])('%s', (_, words, expected) => expect(words).toBe(expected));
});
