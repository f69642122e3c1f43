import { describe, expect, it } from 'vitest';
import { legacyHost, legacyNamesFile } from '../../../src/dss/legacy.ts';

const context = { host: { name: 'probe.example.org', reversed: 'org.example.probe' }, connect: { carbon: { host: '127.0.0.1', port: 15001 } } };
const all = { dashboards: context.connect.carbon, query: context.connect.carbon, ...context.connect };
const install = (providers: Record<string, string>): Parameters<typeof legacyNamesFile>[0]['install'] => ({
  type: 'server',
  port: 15000,
  hostname: 'probe.example.org',
  listen: { dashboards: '0.0.0.0', carbon: '0.0.0.0', query: '127.0.0.1' },
  providers,
});

describe('the names of dkumonitor', () => {
  it('have one part for the host', () => {
    expect(legacyHost('org.example.probe')).toBe('org_example_probe');
  });

  it('are sent to where collectd sends', () => {
    const text = legacyNamesFile({ install: install({ collector: 'collectd' }) }, { ...context, connect: all });
    expect(text).toContain('Host "127.0.0.1"\n    Port "15001"');
    expect(text).toContain('dss.org_example_probe.collectd.cpu.0.user');
  });

  it('are refused where there is no collector', () => {
    expect(() => legacyNamesFile({ install: install({ store: 'go-carbon' }) }, { ...context, connect: all })).toThrow(/\(server\) has no collector/);
  });
});
