import { describe, expect, it } from 'vitest';
import { answersOf, differences } from '../../../installer/answers.ts';
import { parseOptions, type Options } from '../../../installer/options.ts';
import type { Settings } from '../../../src/contract/settings.ts';

function options(...argv: string[]): Options {
  return parseOptions(['-d', '/x', ...argv])!;
}

const INSTALLED: Settings = {
  install: {
    type: 'agent',
    port: 16000,
    hostname: 'host.example.org',
    listen: { dashboards: '127.0.0.1', carbon: '0.0.0.0', query: '127.0.0.1' },
    carbon_server: { host: 'monitor', port: 15001, query_port: 15002 },
    providers: { collector: 'collectd' },
  },
  services: {},
};

describe('answersOf', () => {
  it('listens beyond loopback for dashboards and carbon alone', () => {
    expect(answersOf(options(), undefined)).toEqual({
      type: 'all',
      port: 15000,
      listen: { dashboards: '0.0.0.0', carbon: '0.0.0.0', query: '127.0.0.1' },
      systemCollectd: false,
    });
  });

  it("takes dkumonitor's flags", () => {
    const answers = answersOf(
      options('-p', '11000', '-t', 'backend-agent', '-l', '10.0.0.1', '--carbonapi-listen', '10.0.0.2', '--hostname', 'a.b', '--system-collectd'),
      undefined,
    );
    expect(answers).toMatchObject({
      type: 'backend-agent',
      port: 11000,
      listen: { carbon: '10.0.0.1', query: '10.0.0.2' },
      hostname: 'a.b',
      systemCollectd: true,
    });
  });

  it.each([
    ['monitor', { host: 'monitor', port: 16001, query_port: 16002 }],
    ['monitor.example.org:2003', { host: 'monitor.example.org', port: 2003, query_port: 2004 }],
    ['10.1.2.3:2003', { host: '10.1.2.3', port: 2003, query_port: 2004 }],
    ['::1', { host: '::1', port: 16001, query_port: 16002 }],
    ['[fe80::1]:2003', { host: 'fe80::1', port: 2003, query_port: 2004 }],
  ])('reads --carbon-server %s', (text, expected) => {
    expect(answersOf(options('-p', '16000', '-t', 'agent', '--carbon-server', text), undefined).carbonServer).toEqual(expected);
  });

  it.each([
    [['--carbon-server', 'http://monitor/'], '--carbon-server'],
    [['--carbon-server', 'monitor:99999'], '--carbon-server'],
    [['--carbon-server', 'monitor:0'], '--carbon-server'],
    [['-p', '0'], '--port'],
    [['-p', '65530'], '--port'],
    [['-p', '15e3'], '--port'],
    [['--listen', 'my-host'], '--listen'],
    [['-l', '300.1.1.1'], '--carbon-listen'],
  ])('refuses %j', (argv, flag) => {
    expect(() => answersOf(options(...argv), undefined)).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining(flag) as string }));
  });

  it('fills in what an existing installation has', () => {
    const answers = answersOf(options(), INSTALLED);
    expect(answers).toMatchObject({ type: 'agent', port: 16000, hostname: 'host.example.org', carbonServer: { host: 'monitor' } });
    expect(differences(answers, INSTALLED)).toEqual([]);
  });
});

describe('differences', () => {
  it.each([
    [['-t', 'all'], 'type: agent there, all asked for'],
    [['-p', '15000'], 'port: 16000 there, 15000 asked for'],
    [['--listen', '0.0.0.0'], 'dashboards listen on: 127.0.0.1 there, 0.0.0.0 asked for'],
    [['--carbon-server', 'other:15001'], 'carbon server: monitor:15001 there, other:15001 asked for'],
    [['--hostname', 'b'], 'host name: host.example.org there, b asked for'],
    [['--system-collectd'], "system's collectd: no there, yes asked for"],
  ])('names what %j asks for', (argv, expected) => {
    expect(differences(answersOf(options(...argv), INSTALLED), INSTALLED)).toEqual([expected]);
  });
});

describe('parseOptions', () => {
  it.each([
    [[], 'required option'],
    [['-d', '/x', '--port'], 'argument missing'],
    [['-d', '/x', '-t', 'everything'], 'Allowed choices'],
    [['-d', '/x', '--upgrade'], 'unknown option'],
    [['-d', '/x', '--update', '--uninstall'], 'exclude each other'],
    [['-d', '/x', '--purge'], 'goes with --uninstall'],
    [['-d', '/x', '-u', '--watch', '-1'], 'whole number from 0 to 86400'],
    [['-d', '/x', '-u', '--keep', '0'], 'whole number from 1 to 100'],
    [['-d', '/x', '-u', '--provider', 'shop=x'], 'ROLE=NAME'],
    [['-d', '/x', 'more'], 'too many arguments'],
  ])('refuses %j', (argv, text) => {
    expect(() => parseOptions(argv)).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining(text) as string }));
  });
});
