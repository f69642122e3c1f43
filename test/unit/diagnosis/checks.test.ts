import { describe, expect, it } from 'vitest';
import { isLoopback, isPublic } from '../../../src/diagnosis/addresses.ts';
import type { Point } from '../../../src/diagnosis/ask.ts';
import { certificatesNamedIn, expiryFindings } from '../../../src/diagnosis/checks/certificates.ts';
import { jumpFindings } from '../../../src/diagnosis/checks/clock.ts';
import { freshnessOf, skewFindings } from '../../../src/diagnosis/checks/data.ts';
import { forecastFindings, roomFindings } from '../../../src/diagnosis/checks/disk.ts';
import { nearlyReached, ownLimitFindings } from '../../../src/diagnosis/checks/limits.ts';
import { exposedListeners } from '../../../src/diagnosis/checks/ports.ts';
import type { Found } from '../../../src/diagnosis/finding.ts';
import { linksIntoCurrent } from '../../../src/diagnosis/links.ts';
import { withoutMountOptions, withoutQuotations, withoutSecretArguments, withoutSecretKeys } from '../../../src/diagnosis/support/collectors.ts';
import { partsOf } from '../../../src/diagnosis/support/known-secrets.ts';

const told = (found: readonly Found[]): string[] => found.map(({ level, what }) => `${level}: ${what}`);
const GIB = 2 ** 30;
const DAY = 86_400;

describe('data', () => {
  const measured = { title: 'collectd', service: 'collectd', metric: 'm', intervalSeconds: 10 };
  const at = (...ages: number[]): Point[] => ages.map((age) => ({ value: 1, atSeconds: 1000 - age }));

  it.each<[string, Point[], number, string[]]>([
    ['fresh points', at(20, 10, 5), 600, []],
    ['points that are late, but not yet too late', at(59), 600, []],
    ['old points', at(200, 120), 600, ['problem: The newest point of m is 2 m old; collectd sends one every 10 s.']],
    ['old points of before a restart', at(200), 30, []],
    ['no points', [], 600, ['problem: collectd runs, and the store has no point of m of the last half hour.']],
    ['no points yet', [], 30, []],
    ['points of the future', at(10, -300), 600, ["warning: The store has a point of m that is 5 m ahead of this machine's clock."]],
  ])('%s', (_, points, running, expected) => expect(told(freshnessOf(measured, points, running, 1000))).toEqual(expected));

  it.each<[number, string[]]>([
    [0, []],
    [-5, []],
    [8, ["warning: The clock of the carbon server is 8 s ahead of this machine's: points are stored at the wrong time."]],
    [-120, ["problem: The clock of the carbon server is 2 m behind this machine's: points are stored at the wrong time."]],
  ])('a clock that is %s s ahead', (seconds, expected) => expect(told(skewFindings(seconds, 'x'))).toEqual(expected));

  it.each<[number, string[]]>([
    [3, []],
    [-3600, ['warning: The clock was set back by 1 h since the services were started.']],
    [90, ['warning: The clock was set forward by 1 m 30 s since the services were started.']],
  ])('a clock that was set by %s s', (seconds, expected) => expect(told(jumpFindings(seconds, 'x'))).toEqual(expected));
});

describe('disk', () => {
  const room = { freeBytes: 50 * GIB, totalBytes: 100 * GIB, freeInodes: 900, totalInodes: 1000 };

  it.each<[string, Partial<typeof room>, string[]]>([
    ['much room', {}, []],
    ['a small part of a large disk', { freeBytes: 30 * GIB, totalBytes: 2000 * GIB }, []],
    ['little', { freeBytes: 4 * GIB }, ['warning: 4.0 GiB of 100 GiB are free where /s is.']],
    ['too little', { freeBytes: 1 << 20 }, ['problem: Only 1.0 MiB of 100 GiB are free where /s is.']],
    ['few files', { freeInodes: 20 }, ['warning: 20 of 1000 files are left to make where /s is; each metric is one.']],
    ['no files', { freeInodes: 0 }, ['problem: 0 of 1000 files are left to make where /s is; each metric is one.']],
    ['files made as they are needed', { freeInodes: 0, totalInodes: 0 }, []],
  ])('%s', (_, change, expected) => expect(told(roomFindings({ ...room, ...change }, '/s'))).toEqual(expected));

  /** Free bytes that fall by so many a day, once a minute over so many hours. */
  const falling = (bytesADay: number, hours: number): Point[] =>
    Array.from({ length: hours * 60 }, (_, minute) => ({ value: 100 * GIB - (bytesADay * minute) / 1440, atSeconds: minute * 60 }));

  it.each<[string, Point[], string[]]>([
    ['falling slowly', falling(GIB, 24), []],
    ['falling quickly', falling(10 * GIB, 24), ['warning: The disk of /s will be full in 5 d if it goes on as in the last days (10.0 GiB a day).']],
    ['falling very quickly', falling(50 * GIB, 24), ['problem: The disk of /s will be full in 1 d if it goes on as in the last days (50.0 GiB a day).']],
    ['growing', falling(-10 * GIB, 24), []],
    ['falling quickly, but for an hour', falling(50 * GIB, 1), []],
    ['no points', [], []],
  ])('%s', (_, points, expected) => expect(told(forecastFindings(points, 50 * GIB, '/s'))).toEqual(expected));
});

describe('limits', () => {
  const unlimited = { soft: Infinity, hard: Infinity };
  const limits = { 'Max open files': { soft: 1024, hard: 4096 }, 'Max file size': unlimited, 'Max address space': unlimited };

  it.each<[string, Parameters<typeof ownLimitFindings>[0], number]>([
    ['usual ones', limits, 0],
    ['none known', {}, 0],
    ['few files', { ...limits, 'Max open files': { soft: 256, hard: 256 } }, 1],
    ['small files', { ...limits, 'Max file size': { soft: 1 << 20, hard: 1 << 20 } }, 1],
    ['little address space', { ...limits, 'Max address space': { soft: GIB, hard: GIB } }, 1],
  ])('%s', (_, given, count) => expect(ownLimitFindings(given, 'x')).toHaveLength(count));

  it.each([
    [80, 0],
    [81, 1],
    [Number.NaN, 0],
  ])('%s of 100', (used, count) => expect(nearlyReached('x', used, 100, '', '')).toHaveLength(count));
});

describe('listening addresses', () => {
  const listen = { carbon: '0.0.0.0', query: '127.0.0.1', dashboards: '::', statsd: '198.41.0.5' };
  const ports = new Set(['carbon', 'query', 'dashboards', 'statsd']);

  it.each<[string, string[], string[]]>([
    ['inner addresses', ['127.0.0.1', '10.0.0.1', '192.168.1.1', 'fe80::1', '172.20.0.1'], []],
    [
      'a public one',
      ['10.0.0.1', '198.41.0.4'],
      [
        'warning: Metrics are taken from everyone who reaches 198.41.0.4, a public address.',
        'note: The dashboards are served without encryption on 198.41.0.4, a public address.',
      ],
    ],
    [
      'a public one that StatsD listens on, too',
      ['198.41.0.5'],
      [
        'warning: Metrics are taken from everyone who reaches 198.41.0.5, a public address.',
        'note: The dashboards are served without encryption on 198.41.0.5, a public address.',
        "warning: StatsD's metrics are taken from everyone who reaches 198.41.0.5, a public address.",
      ],
    ],
    ['a public one of IPv6', ['2001:500:200::b'], ['note: The dashboards are served without encryption on 2001:500:200::b, a public address.']],
  ])('%s', (_, addresses, expected) => expect(told(exposedListeners(listen, ports, addresses))).toEqual(expected));

  it('has nothing to say of what does not run here', () => expect(exposedListeners(listen, new Set(), ['198.41.0.4'])).toEqual([]));

  it.each([
    ['::1', false],
    ['2001:db8::1', false],
    ['fd00::1', false],
    ['2606:4700::1', true],
    ['100.64.0.1', false],
    ['8.8.8.8', true],
    ['fe80::1%eth0', false],
    ['nonsense', false],
  ])('%s is public: %s', (address, expected) => expect(isPublic(address)).toBe(expected));

  it.each([
    ['127.0.0.2', true],
    ['::1', true],
    ['0.0.0.0', false],
  ])('%s is loopback: %s', (address, expected) => expect(isLoopback(address)).toBe(expected));
});

describe('certificates', () => {
  it('are found where a configuration names them', () => {
    const text = 'cert_file = /etc/ssl/a.pem\n# cert = /etc/ssl/b.pem\ntls: {cert: "/etc/ssl/c d/x.crt", ca: \'/etc/ssl/e.cer\'}\nx = relative.pem\n';
    expect(certificatesNamedIn(text)).toEqual(['/etc/ssl/a.pem', '/etc/ssl/e.cer']);
  });

  it.each<[number, string[]]>([
    [60, []],
    [10, ['warning: The certificate /c runs out in 10 d.']],
    [-1, ['problem: The certificate /c ran out 1 d ago.']],
  ])('that hold for %s days', (days, expected) => expect(told(expiryFindings(days * DAY * 1000, '/c'))).toEqual(expected));
});

describe('what is collected', () => {
  it('has no secret arguments', () => {
    expect(withoutSecretArguments(['x', '--password', 'p', '--token=t', '-v', '--secret', '--other', 'y'])).toEqual([
      'x',
      '--password',
      '[hidden]',
      '--token=[hidden]',
      '-v',
      '--secret',
      '--other',
      'y',
    ]);
  });

  it('has no options of mounts that have a value', () => {
    expect(withoutMountOptions('//nas/x /mnt cifs rw,username=u,password=p,noexec 0 0')).toBe('//nas/x /mnt cifs rw,noexec');
  });

  it('has no quotations of configuration', () => {
    expect(withoutQuotations(`line 3: 'hunter2' and "5", "/srv/x", don't`)).toBe(`line 3: '[hidden]' and "5", "/srv/x", don't`);
  });

  it('has no values of secret keys, and none of environments', () => {
    const record = { settings: { services: { web: { environment: { A: 'x' }, stop_timeout_s: 5 } }, token: 't', list: [{ password: 'p' }] } };
    expect(withoutSecretKeys(record, '')).toEqual({
      settings: { services: { web: { environment: { A: '[hidden]' }, stop_timeout_s: 5 } }, token: '[hidden]', list: [{ password: '[hidden]' }] },
    });
  });

  it('takes a file of secrets for each of its lines and values', () => {
    expect(partsOf('user=me\n-----BEGIN X-----\nabcdef\n')).toEqual(expect.arrayContaining(['user=me', 'me', 'abcdef']));
  });
});

describe('linksIntoCurrent', () => {
  it('has those of dkm and of components, relative to where they are', () => {
    expect(linksIntoCurrent([{ links: { static: 'current/x', 'share/y': 'current/z' } }])).toEqual({
      'bin/dkm': '../current/installer',
      'bin/dkmadmin': '../current/installer',
      static: 'current/x',
      'share/y': '../current/z',
    });
  });
});
