import { describe, expect, it } from 'vitest';
import type { InstallType } from '../../../src/contract/install-type.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { connectionOf, hostFor, type Meaning } from '../../../src/dss/connection.ts';

const settings = (more: Partial<Settings['install']> = {}): Settings => ({
  install: {
    type: 'all',
    port: 15000,
    hostname: 'mon.example.org',
    listen: { dashboards: '0.0.0.0', carbon: '0.0.0.0', query: '0.0.0.0' },
    providers: {},
    ...more,
  },
  services: {},
});
const FOUND: Meaning = { kind: 'found', addresses: ['192.0.2.7'] };
const listen = (carbon: string, query = '0.0.0.0'): Settings['install']['listen'] => ({ dashboards: '0.0.0.0', carbon, query });

describe('connectionOf', () => {
  it('says what to type for an installation that others reach', () => {
    expect(connectionOf(settings(), { instance: 'design' }, FOUND)).toEqual({
      schema: 1,
      type: 'all',
      instance: 'design',
      graphiteServer: { host: 'mon.example.org', port: 15001, address: 'mon.example.org:15001', isHere: true },
      prefix: 'dataiku.dss.design',
      command: 'bin/dssadmin install-monitoring-integration -graphiteServer mon.example.org:15001 -prefix dataiku.dss.design',
      serverJson: { graphiteCarbonServerURL: 'mon.example.org:15001', graphiteCarbonPrefix: 'dataiku.dss.design' },
      query: { url: 'http://mon.example.org:15002', isHere: true },
      dataSource: { type: 'graphite', access: 'proxy', url: 'http://mon.example.org:15002', jsonData: { graphiteVersion: '1.1', graphiteType: 'default' } },
      notes: [],
    });
  });

  it.each<[string, Partial<Settings['install']>, string | undefined, string]>([
    ['its name', {}, undefined, 'mon.example.org'],
    ['what was said', {}, '192.0.2.9', '192.0.2.9'],
    ['the one address carbon listens on', { listen: listen('192.0.2.7') }, undefined, '192.0.2.7'],
    ['loopback, where carbon listens on nothing else', { listen: listen('127.0.0.1') }, undefined, '127.0.0.1'],
    ['its name, where it listens on every IPv6 address', { listen: listen('::') }, undefined, 'mon.example.org'],
    ['the carbon server', { type: 'agent', carbon_server: { host: 'store', port: 1, query_port: 2 } }, undefined, 'store'],
  ])('calls this machine by %s', (_, install, host, expected) => {
    expect(hostFor(settings(install), host)).toBe(expected);
  });

  it('puts an IPv6 address into brackets', () => {
    const { graphiteServer, query } = connectionOf(settings(), { host: '2001:db8::7', instance: 'x' }, { kind: 'address' });
    expect([graphiteServer.address, query.url]).toEqual(['[2001:db8::7]:15001', 'http://[2001:db8::7]:15002']);
  });

  it.each<[string, Partial<Settings['install']>, Meaning, RegExp]>([
    ['carbon on loopback', { listen: listen('127.0.0.1') }, FOUND, /^Carbon listens on 127\.0\.0\.1 only.*dkm config set install\.listen\.carbon 0\.0\.0\.0/],
    ['the query service on loopback', { listen: listen('0.0.0.0', '::1') }, FOUND, /^The query service listens on ::1 only.*port 15002.*--query-listen/],
    ['a name nobody knows', {}, { kind: 'unknown' }, /^The name mon\.example\.org cannot be looked up.*--host/],
    ['a name that is loopback here', {}, { kind: 'loopback', addresses: ['127.0.1.1'] }, /means 127\.0\.1\.1.*getent hosts mon\.example\.org/],
  ])('notes %s', (_, install, meaning, note) => {
    const { notes } = connectionOf(settings(install), { instance: 'design' }, meaning);
    expect(notes).toEqual([expect.stringMatching(note)]);
  });

  it.each<[InstallType, RegExp]>([
    ['agent', /an agent: it has no store, and sends what it measures to store\.example\.org:16001/],
    ['frontend', /a front end: it has no store, and shows what store\.example\.org keeps/],
  ])('says of an %s where the store is', (type, note) => {
    const server = { host: 'store.example.org', port: 16001, query_port: 16002 };
    const connection = connectionOf(settings({ type, carbon_server: server, listen: listen('127.0.0.1', '127.0.0.1') }), { instance: 'a' }, FOUND);
    expect(connection).toMatchObject({
      graphiteServer: { address: 'store.example.org:16001', isHere: false },
      query: { url: 'http://store.example.org:16002', isHere: false },
      notes: [expect.stringMatching(note)],
    });
  });

  it.each<[InstallType, string[]]>([
    ['server', []],
    ['backend', [expect.stringMatching(/^This installation \(backend\) has no dashboards/) as string]],
    ['backend-agent', [expect.stringMatching(/^This installation \(backend-agent\) has no dashboards/) as string]],
  ])('says of a %s whether it has dashboards', (type, notes) => {
    expect(connectionOf(settings({ type }), { instance: 'a' }, FOUND).notes).toEqual(notes);
  });

  it('calls an instance by this machine where nothing is said, and says so', () => {
    const { prefix, notes } = connectionOf(settings(), {}, FOUND);
    expect(prefix).toBe('dataiku.dss.mon');
    expect(notes).toEqual([expect.stringContaining('--instance NAME')]);
  });

  it.each(['a.b', '', 'two words', '../x'])('refuses "%s" as the name of an instance', (instance) => {
    expect(() => connectionOf(settings(), { instance }, FOUND)).toThrow(/--instance: expected/);
  });
});
