import { describe, expect, it } from 'vitest';
import { hostHider } from '../../../src/diagnosis/support/hide-hosts.ts';

describe('hostHider', () => {
  it('gives each host and address one stand-in, wherever it is and however it is written', () => {
    const hide = hostHider(['dss1.example.org', 'carbon.example.org']);
    expect(hide('dss1.example.org, org.example.dss1.cpu, dss1_example_org, DSS1.EXAMPLE.ORG, dss1')).toBe('host-1, host-1.cpu, host-1, host-1, host-1');
    expect(hide('to carbon.example.org:2003 and db.example.org')).toBe('to host-2:2003 and host-3');
    expect(hide('192.0.2.7 192.0.2.8:80 192.0.2.7')).toBe('address-1 address-2:80 address-1');
    expect(hide('[2001:DB8::1]:80 fe80::1 2001:db8::1')).toBe('[address-3]:80 address-4 address-3');
    expect(hide('52:54:00:12:34:56')).toBe('hardware-address-1');
    expect(hide('again db.example.org, 192.0.2.8')).toBe('again host-3, address-2');
  });

  it.each(['127.0.0.1:80', '0.0.0.0', '::', '[::1]:80', 'at 05:14:00', 'version 1.2.3', 'Host = x', 'conf/query.yaml', '999.1.1.1', 'std::move'])(
    'leaves %s',
    (text) => expect(hostHider(['host.example.org'])(text)).toBe(text),
  );

  it('knows no names of what is none', () => {
    const hide = hostHider(['localhost', '192.0.2.1', 'ab']);
    expect(hide('localhost ab')).toBe('localhost ab');
  });
});
