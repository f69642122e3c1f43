import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import TOML from '@iarna/toml';
import { isPromiseSpec } from '../../../../src/contract/promise.ts';
import { KINDS } from '../../../../src/promises/kinds/all.ts';
import { KIND_SETTINGS, KINDS_OF_SERVICES } from '../../../../src/promises/definitions/settings.ts';
import { readFrequency } from '../../../../src/promises/definitions/frequency.ts';
import { collected, HOST, MANIFESTS, PROVIDERS, TYPES } from './sources.ts';

const CASES = TYPES.flatMap((type) => Object.entries(PROVIDERS).map(([name, providers]) => [type, name, providers] as const));
const idsOf = ({ promises }: ReturnType<typeof collected>): string[] => promises.map(({ id }) => id);

describe('the promises that come with dkm', () => {
  it.each(CASES)('are whole for %s with the %s providers', (type, _, providers) => {
    const { promises, faults } = collected({ type, providers });
    expect(faults).toEqual([]);
    expect(promises.length).toBeGreaterThan(8);
    expect(promises.filter((promise) => !isPromiseSpec(JSON.parse(JSON.stringify(promise))))).toEqual([]);
    expect(JSON.stringify(promises)).not.toContain('{{');
  });

  it('have the same ids with either providers, but for what only one of them has', () => {
    const [first, second] = [collected({ providers: PROVIDERS.first }), collected({ providers: PROVIDERS.second })].map(idsOf) as [string[], string[]];
    expect(first.filter((id) => !second.includes(id))).toEqual(['dashboards-answer', 'dashboards-log', 'dashboards-source', 'store-answers-queries']);
    expect(second.filter((id) => !first.includes(id))).toEqual([]);
  });

  it.each([
    ['all', true, true, true, false],
    ['server', true, false, true, false],
    ['agent', false, true, false, true],
    ['frontend', false, false, false, false],
    ['backend', true, false, true, false],
    ['backend-agent', true, true, true, false],
  ] as const)('fit %s: store %s, collector %s, hosts %s, carbon server %s', (type, store, collector, hosts, server) => {
    const ids = idsOf(collected({ type, providers: PROVIDERS.first }));
    expect(['store-answers', 'collector-log', 'hosts-send', 'carbon-server'].map((id) => ids.includes(id))).toEqual([store, collector, hosts, server]);
    for (const id of ['dkm-services', 'disk-storage', 'memory', 'clock']) expect(ids).toContain(id);
  });

  it('ask an agent for nothing that only its server knows', () => {
    const { promises } = collected({ type: 'agent', providers: PROVIDERS.first });
    expect(promises.filter(({ check }) => check.kind === 'built-in' && ['metric', 'freshness', 'disk-forecast'].includes(check.name))).toEqual([]);
  });

  it('need few different expressions, as each costs memory', () => {
    expect(new Set(collected({ providers: PROVIDERS.first }).promises.map(({ schedule }) => schedule)).size).toBeLessThanOrEqual(4);
  });

  it('are about their component’s service, and rest while it does', () => {
    const { promises } = collected({ providers: PROVIDERS.first });
    const about = promises.filter(({ origin, check }) => origin !== 'host' && check.kind === 'built-in' && KINDS_OF_SERVICES.includes(check.name));
    expect(about.map(({ origin, check }) => (check.kind === 'built-in' ? [origin, check.settings['service']] : []))).toEqual(
      about.map(({ origin }) => [origin, origin]),
    );
  });

  it('stand in the template of conf/promises.toml, with the settings they have', async () => {
    const text = await readFile(join(import.meta.dirname, '../../../../templates/dkm/conf/promises.toml.hbs'), 'utf8');
    const listed = [...text.matchAll(/^# {3}([a-z][a-z-]+) {3,}/gm)].map(([, id]) => id);
    const shipped = new Set([...HOST, ...MANIFESTS.flatMap(({ promises }) => promises)].map(({ id }) => id));
    expect(HOST.map(({ id }) => id).filter((id) => !listed.includes(id))).toEqual([]);
    expect(listed.filter((id) => !shipped.has(id!))).toEqual([]);
    const rows = text.split(/^# {3}(?=[a-z][a-z-]+ {3,})/m).slice(1);
    for (const row of rows) {
      const id = /^[a-z-]+/.exec(row)![0];
      const settings = Object.assign(
        {},
        ...collected()
          .promises.filter((each) => each.id === id)
          .map(({ check }) => (check.kind === 'built-in' ? check.settings : {})),
      ) as Record<string, unknown>;
      for (const [, key, value] of row.matchAll(/([a-z_]+) = (\[\]|[\w.]+)/g)) expect([id, key, JSON.stringify(settings[key!])]).toEqual([id, key, value]);
    }
  });

  it('have examples in that template that hold', async () => {
    const text = await readFile(join(import.meta.dirname, '../../../../templates/dkm/conf/promises.toml.hbs'), 'utf8');
    const examples = [...text.matchAll(/^# {3}(\[.*\]|[a-z_]+ = .*)$/gm)].map(([, line]) => line).join('\n');
    expect(() => TOML.parse(examples)).not.toThrow();
    const { faults, promises } = collected({ text: examples });
    expect(faults).toEqual([]);
    expect(promises.find(({ id }) => id === 'disk-storage')?.check).toMatchObject({ settings: { min_free_percent: 15 } });
    expect(promises.map(({ id }) => id)).toContain('slapos-slappart0');
  });
});

describe('kinds', () => {
  it('have settings each', () => expect(Object.keys(KIND_SETTINGS).sort()).toEqual(Object.keys(KINDS).sort()));
  it('are what they say they are', async () => {
    const loaded = await Promise.all(Object.values(KINDS).map((load) => load()));
    expect(loaded.map((kind) => typeof kind)).toEqual(loaded.map(() => 'function'));
  });
});

describe('frequencies', () => {
  it.each([
    ['* * * * *', 30_000],
    ['*/5 * * * *', 150_000],
    ['0 3 * * *', 300_000],
    ['0 0 29 2 *', 300_000],
    ['0,1 * * * *', 30_000],
    ['0 4 * * MON-FRI', 300_000],
  ])('%s may begin up to %s ms later', (text, jitterMs) => expect(readFrequency(text)).toEqual({ jitterMs }));

  it.each(['', '*', '* * * *', '* * * * * *', '61 * * * *', '* * * * x', '0 0 30 2 *', '@hourly', '*/0 * * * *', '* * * * *\0'])('%j is none', (text) =>
    expect(readFrequency(text)).toHaveProperty('fault'),
  );
});
