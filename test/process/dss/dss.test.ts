import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Checked } from '../../../src/dss/check.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { storedMetrics, type StoredMetrics } from '../../helpers/stored-metrics.ts';
import { beforeRemoval } from '../../helpers/temporary.ts';

const BACKEND = 'backend.server.jvm.memory.heap.used';

async function installationWith(stored: StoredMetrics): Promise<FakeInstallation> {
  const installation = await fakeInstallation();
  await storedMetrics(installation.port + 2, stored);
  return installation;
}

const checked = async (installation: FakeInstallation, ...args: string[]): Promise<Checked> =>
  JSON.parse((await installation.dkm('dss', 'check', '--json', ...args)).stdout) as Checked;

function edit({ layout }: FakeInstallation, change: (text: string) => string): void {
  writeFileSync(layout.settings, change(readFileSync(layout.settings, 'utf8')));
}

describe('dkm dss', () => {
  it('prints what to type, and JSON that can be pasted into server.json', async () => {
    const installation = await fakeInstallation();
    const { stdout, code } = await installation.dkm('dss', '--instance', 'design', '--host', '127.0.0.1');
    expect(code).toBe(0);
    const carbon = `127.0.0.1:${installation.port + 1}`;
    expect(stdout).toContain(`bin/dssadmin install-monitoring-integration -graphiteServer ${carbon} -prefix dataiku.dss.design\n`);
    expect(JSON.parse(/^ {2}\{[^}]*\}/m.exec(stdout)?.[0] ?? '')).toEqual({ graphiteCarbonServerURL: carbon, graphiteCarbonPrefix: 'dataiku.dss.design' });
    expect(stdout).toContain(`http://127.0.0.1:${installation.port + 2}`);
    expect(stdout).toMatch(/Carbon listens on 127\.0\.0\.1 only/);
    expect(stdout).toMatch(/--query-listen/);
    const json = await installation.dkm('dss', '--instance', 'design', '--host', '127.0.0.1', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ schema: 1, prefix: 'dataiku.dss.design', graphiteServer: { address: carbon } });
  });

  it('prints the carbon server of an agent, and asks its query service', async () => {
    const installation = await fakeInstallation();
    const server = installation.port + 5;
    edit(installation, (text) =>
      text
        .replace('type = "all"', 'type = "agent"')
        .replace(
          '[install.providers]',
          `[install.carbon_server]\nhost = "127.0.0.1"\nport = ${server}\nquery_port = ${server + 1}\n\n[install.providers]\ncollector = "collectd"`,
        ),
    );
    const { stdout } = await installation.dkm('dss');
    expect(stdout).toContain(`127.0.0.1:${server}`);
    expect(stdout).toMatch(/This installation is an agent: it has no store/);
    const legacy = await installation.dkm('dss', 'legacy');
    expect(legacy).toMatchObject({ code: 0 });
    expect(legacy.stdout).toContain(`Host "127.0.0.1"\n    Port "${server}"`);
    const refused = await installation.dkm('dss', 'check');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain(`The query service at http://127.0.0.1:${server + 1} refuses connections.`);
    await storedMetrics(server + 1, { [`dataiku.dss.design.${BACKEND}`]: { ageSeconds: 10 } });
    expect(await installation.dkm('dss', 'check')).toMatchObject({ code: 0 });
  });

  it.each([
    [['dss', '--instance', 'a.b'], /--instance: expected/],
    [['dss', '--host', 'a b'], /expected a host name/],
    [['dss', 'check', '--prefix', 'a.*'], /expected the beginning of names/],
    [['dss', 'legacy'], /has no collector/],
  ])('refuses %j', async (args, message) => {
    const installation = await fakeInstallation();
    const finished = await installation.dkm(...args);
    expect(finished).toMatchObject({ code: 2 });
    expect(finished.stderr).toMatch(message);
  });
});

describe('dkm dss check', () => {
  it('is fine where all that there is sends, and shows what runs', async () => {
    const installation = await installationWith({
      [`dataiku.dss.design.${BACKEND}`]: { ageSeconds: 20 },
      'dataiku.dss.design.backend.server.dku.collaboration.activeUsers': { ageSeconds: 20 },
      'dss.org.example.api.12000.apimain.requests': { ageSeconds: 40 },
      'collectd.org.example.host.processes.dss_backend.ps_count.processes': { ageSeconds: 5, value: 1 },
      'collectd.org.example.host.processes.dss_jek.ps_count.processes': { ageSeconds: 5, value: 3 },
      'collectd.org.example.other.processes.dss_backend.ps_count.processes': { ageSeconds: 5, value: 0 },
    });
    const { stdout, code } = await installation.dkm('dss', 'check');
    expect(stdout).toMatch(/^dataiku\.dss\.design +DSS backend +sends +2\d s ago +2 +backend \(2, 2\d s ago\)$/m);
    expect(stdout).toMatch(/^dss\.org\.example\.api\.12000 +API node +sends +4\d s ago +1 +apimain \(1, 4\d s ago\)$/m);
    expect(stdout).toMatch(/^host\.example\.org +1 +- +3 +\d+ s ago$/m);
    expect(stdout).toContain('None on one host more.');
    expect(code).toBe(0);
    expect(await checked(installation)).toMatchObject({ ok: true, advice: [], instances: [{ kind: 'DSS backend' }, { kind: 'API node' }] });
  });

  it('tells of one that is silent, and forgets one that is gone', async () => {
    const installation = await installationWith({
      [`dataiku.dss.design.${BACKEND}`]: { ageSeconds: 20 },
      [`dataiku.dss.old.${BACKEND}`]: { ageSeconds: 30 * 86_400 },
      [`dataiku.dss.down.${BACKEND}`]: { ageSeconds: 4000 },
      'dataiku.dss.down.collectd.load.load.shortterm': { ageSeconds: 8 },
    });
    const { stdout, code } = await installation.dkm('dss', 'check');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^dataiku\.dss\.old +DSS backend +gone +none for 7 d/m);
    expect(stdout).toMatch(/- dataiku\.dss\.down has been silent for 1 h 6 m\. Its collectd sent \d+ s ago/);
    expect((await checked(installation)).instances.map(({ prefix, state }) => [prefix, state])).toEqual([
      ['dataiku.dss.design', 'sends'],
      ['dataiku.dss.down', 'silent'],
      ['dataiku.dss.old', 'gone'],
    ]);
  });

  it('says what to try where nothing ever came, and whether carbon listens', async () => {
    const installation = await installationWith({ 'collectd.org.example.host.load.load.shortterm': { ageSeconds: 5 } });
    const closed = await installation.dkm('dss', 'check');
    expect(closed).toMatchObject({ code: 1 });
    expect(closed.stdout).toContain(`Carbon takes no connections at 127.0.0.1:${installation.port + 1}.`);
    const carbon = createServer().listen(installation.port + 1, '127.0.0.1');
    beforeRemoval(() => new Promise((resolve) => carbon.close(resolve)));
    const { stdout } = await installation.dkm('dss', 'check');
    expect(stdout).toContain('Nothing was ever received below dataiku.dss or dss. The names that there are begin with: collectd.');
    expect(stdout).toContain(`echo "dkm.test.dss 1 $(date +%s)" | nc -q1 127.0.0.1 ${installation.port + 1}`);
    expect(stdout).toContain(`Carbon takes connections on port ${installation.port + 1}`);
  });

  it('looks at a prefix that is given, and misses one that is not there', async () => {
    const installation = await installationWith({ [`prod.dss1.${BACKEND}`]: { ageSeconds: 20 }, 'dkm.test.dss': { ageSeconds: 2 } });
    expect(await installation.dkm('dss', 'check')).toMatchObject({ code: 1 });
    expect(await installation.dkm('dss', 'check', '--prefix', 'prod.dss1')).toMatchObject({ code: 0 });
    expect(await checked(installation, '--prefix', 'prod', 'dkm.test')).toMatchObject({
      ok: true,
      instances: [{ prefix: 'dkm.test' }, { prefix: 'prod.dss1', kind: 'DSS backend' }],
    });
    const { stdout, code } = await installation.dkm('dss', 'check', '--prefix', 'prod', '--prefix', 'staging');
    expect(code).toBe(1);
    expect(stdout).toContain('Nothing was ever received at or below staging.');
  });
});
