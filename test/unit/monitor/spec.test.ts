import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { isMonitorSpec, parseParameter } from '../../../src/contract/monitor.ts';
import { settingsSchema, type Settings } from '../../../src/contract/settings.ts';
import { monitorConf } from '../../../src/monitor/conf-file.ts';
import { parseStat, ResourceWatch } from '../../../src/monitor/resources.ts';
import { monitorSpec } from '../../../src/monitor/spec.ts';
import { monitorTree } from '../../../src/monitor/tree.ts';
import { monitorSpecOf } from '../../helpers/monitored-specs.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const layout = layoutOf('/opt/dkm');

function settings(monitor?: unknown, dashboards = 'console'): Settings {
  const install = {
    type: 'all',
    port: 15000,
    hostname: 'host.example.org',
    listen: { dashboards: '127.0.0.1', carbon: '127.0.0.1', query: '127.0.0.1' },
    providers: { dashboards },
  };
  return settingsSchema.parse({ install, monitor });
}

describe('[monitor]', () => {
  it.each([
    ['console', 'http://host.example.org:15000'],
    ['grafana', 'http://host.example.org:15005'],
  ])('with %s as the dashboards answers at %s', (dashboards, baseUrl) => {
    const spec = monitorSpec(settings(undefined, dashboards), layout);
    expect(spec).toMatchObject({ title: 'host.example.org', rootTitle: 'host.example.org', baseUrl, instances: [], publicPaths: [] });
    expect(spec.parameters).toEqual([{ type: 'httpdcors', key: 'cors-domain', file: monitorTree(layout).corsDomains, gracefulBin: '' }]);
    expect(isMonitorSpec(JSON.parse(JSON.stringify(spec)))).toBe(true);
  });

  it('is taken over', () => {
    const spec = monitorSpec(
      settings({
        title: 'store 1',
        root_title: 'Lyon',
        base_url: 'https://monitor.example.org/',
        instances: ['http://a:1/', 'http://a:1', 'http://b:1'],
        public_paths: ['storage/reports', '/srv/x'],
        parameters: ['raw room 12 b', 'httpdcors cors-domain /srv/cors /srv/reload'],
        cors_domains: ['example.org'],
      }),
      layout,
    );
    expect(spec).toMatchObject({
      baseUrl: 'https://monitor.example.org',
      instances: ['http://a:1', 'http://b:1'],
      publicPaths: ['/opt/dkm/storage/reports', '/srv/x'],
      parameters: [
        { type: 'raw', key: 'room', value: '12 b' },
        { type: 'httpdcors', key: 'cors-domain', file: '/srv/cors', gracefulBin: '/srv/reload' },
      ],
    });
  });

  it.each([
    [{ titel: 'x' }, 'titel'],
    [{ title: 'a\nb' }, 'one|line'],
    [{ base_url: 'ftp://x' }, 'http or https'],
    [{ instances: ['x'] }, 'http or https'],
    [{ parameters: ['file motd relative'] }, 'raw KEY VALUE'],
    [{ parameters: ['raw a 1', 'raw a 2'] }, 'each key once'],
    [{ cors_domains: ['*'] }, 'a domain'],
  ])('%j is refused', (monitor, why) => expect(() => settings(monitor)).toThrow(new RegExp(why)));

  it.each([
    ['raw room 12', { type: 'raw', key: 'room', value: '12' }],
    ['file motd /srv/motd', { type: 'file', key: 'motd', path: '/srv/motd' }],
    ['htpasswd pw /srv/pw admin /srv/htpasswd', { type: 'htpasswd', key: 'pw', textFile: '/srv/pw', user: 'admin', htpasswdFile: '/srv/htpasswd' }],
    ['htpasswd pw /srv/pw ad:min /srv/htpasswd', undefined],
    ['httpdcors c /srv/c', undefined],
    ['raw [x] 1', undefined],
    ['toString a b', undefined],
    ['', undefined],
  ])('parameter %j', (line, expected) => expect(parseParameter(line)).toEqual(expected));
});

describe('monitor.conf', () => {
  it('has every key that the original tools ask for, and no trailing spaces', () => {
    const place = { computerId: 'c', partitionId: 'p', softwareRelease: '', softwareType: 't', ipv4: '', ipv6: '' };
    const text = monitorConf(monitorSpecOf({ title: '100 %(x)s', instances: ['http://a', 'http://b'] }), place, layout);
    expect(text).toContain('\nmonitor-url-list =\n  http://a\n  http://b\n');
    expect(text).toContain('\ntitle = 100 %(x)s\n');
    expect(text).not.toMatch(/ $/m);
  });
});

describe('resources', () => {
  it('of a process with any name are read', () => {
    const fields = Array.from({ length: 50 }, (_, index) => String(index + 3));
    expect(parseStat(`12 (a) b (c)) ${fields.join(' ')}`)).toEqual({ name: 'a) b (c)', ticks: 29, threads: 20, startTicks: 22 });
    expect(parseStat('')).toBeUndefined();
  });

  it.skipIf(process.platform !== 'linux')('of this process are told (Linux alone tells them)', async () => {
    const watch = new ResourceWatch(layoutOf(temporaryDirectory()));
    const now = Date.now();
    await watch.look(now);
    const until = performance.now() + 30;
    while (performance.now() < until);
    const found = await watch.look(now + 1000);
    const own = found?.processes.find(({ pid }) => pid === process.pid);
    expect(own).toMatchObject({ user: expect.any(String) as string, cpu_num_threads: expect.any(Number) as number });
    expect(own!.memory_rss).toBeGreaterThan(10);
    expect(own!.date).toMatch(/^20\d\d-/);
    expect(found!.total.cpu_percent).toBeGreaterThan(0);
    expect(found!.total.total_process).toBeGreaterThanOrEqual(1);
  });
});
