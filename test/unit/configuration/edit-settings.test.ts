import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseToml } from '../../../src/base/structured.ts';
import { flattened, keyParts, valueAt, withKey, withoutKey } from '../../../src/configuration/edit-settings.ts';

const TEXT = `# heading
#   [services.collectd]

[install]
type = "all" # all of it
port = 15000
hostname = "host.example.org"

[install.listen]
dashboards = "0.0.0.0"
carbon = "0.0.0.0"
query = "127.0.0.1"

[install.providers]
store = "go-carbon"

# mine
[services.collectd]
autostart = false # for now
environment = { TZ = "UTC" }
`;
const set = (key: string, value: string): string => withKey(TEXT, 'dkm.toml', key, value);
const parsed = (text: string): unknown => parseToml(text, 'dkm.toml');

describe('setting a key of dkm.toml', () => {
  it.each<[string, string, unknown]>([
    ['install.port', '16000', 16000],
    ['install.hostname', 'other.example.org', 'other.example.org'],
    ['install.hostname', '"quoted.example.org"', 'quoted.example.org'],
    ['install.hostname', '10', '10'], // a number where text belongs is text
    ['install.listen.query', '0.0.0.0', '0.0.0.0'],
    ['install.python', '/usr/bin/python3', '/usr/bin/python3'],
    ['services.collectd.autostart', 'true', true],
    ['services.collectd.start_timeout_s', '1.5', 1.5],
    ['services.grafana.autostart', 'false', false],
    ['services.collectd.environment.LANG', 'C', 'C'],
    ['services.collectd.environment."a.b"', 'x y', 'x y'],
    ['services.grafana.environment.GF_X', '{"a"}', '{"a"}'],
  ])('%s = %s', (key, value, expected) => {
    expect(valueAt(parsed(set(key, value)), keyParts(key))).toEqual(expected);
  });

  it('leaves comments, order and everything else as they are', () => {
    expect(set('install.port', '16000')).toBe(TEXT.replace('15000', '16000'));
    expect(set('services.grafana.autostart', 'false')).toBe(`${TEXT}\n[services.grafana]\nautostart = false\n`);
  });

  it.each([
    ['install.port', 'many', /install\.port/],
    ['install.port', '70000', /install\.port/],
    ['install.nonsense', '1', /install\.nonsense: unknown key/],
    ['services.collectd.autostart', '"no"', /services\.collectd\.autostart/],
    ['install.port.deeper', '1', /port is a value, not a table/],
    ['__proto__.polluted', '1', /is not a key/],
    ['services.__proto__.autostart', 'false', /is not a key/],
    ['services.collectd.environment."__proto__"', 'x', /is not a key/],
    ['a..b', '1', /is not a key/],
    ['', '1', /is not a key/],
  ])('refuses %s = %s', (key, value, message) => {
    expect(() => set(key, value)).toThrow(message);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('takes a key or a table out', () => {
    expect(withoutKey(TEXT, 'dkm.toml', 'services.collectd.autostart')).not.toContain('autostart');
    expect(parsed(withoutKey(TEXT, 'dkm.toml', 'services.collectd'))).toEqual({ ...(parsed(TEXT) as object), services: {} });
    expect(() => withoutKey(TEXT, 'dkm.toml', 'services.grafana')).toThrow(/is not set/);
    expect(() => withoutKey(TEXT, 'dkm.toml', 'install.port')).toThrow(/install\.port/);
  });

  it('sets what is asked for and nothing else, or refuses', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,8}$/), fc.string({ maxLength: 20 }), (name, value) => {
        const key = `services.collectd.environment.${JSON.stringify(name)}`;
        const before = flattened(parsed(TEXT) as Record<string, unknown>).filter(([other]) => other !== key);
        const text = set(key, JSON.stringify(value));
        expect(valueAt(parsed(text), keyParts(key))).toBe(value);
        expect(flattened(parsed(text) as Record<string, unknown>)).toEqual(expect.arrayContaining(before));
      }),
      { numRuns: 300 },
    );
  });
});
