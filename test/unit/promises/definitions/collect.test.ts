import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FolderEntry } from '../../../../src/promises/definitions/folder.ts';
import { nearest } from '../../../../src/promises/definitions/nearest.ts';
import { collected } from './sources.ts';

const executable = (name: string): FolderEntry => ({ name, kind: 'executable' });
const file = (name: string, text?: string): FolderEntry => ({ name, kind: 'file', ...(text !== undefined && { text }) });
const faultsOf = (given: Parameters<typeof collected>[0]): string[] => collected(given).faults.map(({ file: where, message }) => `${where}: ${message}`);
const promise = (id: string, given: Parameters<typeof collected>[0]) => collected(given).promises.find((each) => each.id === id);

describe('conf/promises.d', () => {
  it('takes executables with what their .cfg says', () => {
    const entries = [
      executable('backup done'),
      file(
        'backup done.cfg',
        '[service]\ntitle = The backup is done, 100 %\nfrequency = 0 4 * * *\ntimeout = 90\nseverity = critical\npublic-path-list = /a/b log\n',
      ),
      executable('plain.sh'),
    ];
    expect(faultsOf({ entries })).toEqual([]);
    expect(promise('backup done', { entries })).toEqual({
      id: 'backup done',
      title: 'The backup is done, 100 %',
      origin: 'conf/promises.d/backup done',
      severity: 'critical',
      schedule: '0 4 * * *',
      jitterMs: 300_000,
      timeoutMs: 90_000,
      check: { kind: 'executable', path: '/srv/dkm/conf/promises.d/backup done' },
      publicPaths: ['/a/b', '/srv/dkm/log'],
      privatePaths: [],
    });
    expect(promise('plain.sh', { entries })).toMatchObject({ title: 'plain.sh', schedule: '* * * * *', severity: 'warning', timeoutMs: 20_000 });
  });

  it('takes promises of built-in kinds, with templates and defaults filled in', () => {
    const text =
      'title = "Load of {{host.name}}"\nkind = "metric"\npublic_paths = ["x"]\n[settings]\ntarget = "collectd.{{host.reversed}}.load.load.{shortterm,midterm}"\noperator = "<"\nthreshold = 8\n';
    expect(promise('web', { entries: [file('web.toml', text)] })).toMatchObject({
      title: 'Load of host.example.org',
      origin: 'conf/promises.d/web.toml',
      schedule: '*/5 * * * *',
      check: {
        kind: 'built-in',
        name: 'metric',
        settings: { url: 'http://127.0.0.1:15002', target: ['collectd.org.example.host.load.load.{shortterm,midterm}'], window_s: 300, function: 'avg' },
      },
      publicPaths: ['/srv/dkm/x'],
    });
  });

  it.each<[string, FolderEntry[], string[]]>([
    [
      'what editors leave',
      [
        executable('a~'),
        executable('.a.swp'),
        executable('#a#'),
        file('README'),
        file('README.md'),
        file('x.toml.new'),
        file('.hidden'),
        { name: '__pycache__', kind: 'directory' },
      ],
      [],
    ],
    ['a file that is not executable', [file('x')], ['conf/promises.d/x: is not executable, so it is no promise (chmod +x makes it one)']],
    [
      'a plug-in',
      [file('x.py')],
      [
        'conf/promises.d/x.py: is not executable, so it is no promise (chmod +x makes it one); a plug-in of SlapOS belongs to a partition, see [[slapos]] in conf/promises.toml',
      ],
    ],
    ['a directory', [{ name: 'd', kind: 'directory' }], ['conf/promises.d/d: is a directory; expected a file for each promise']],
    ['a link that leads nowhere', [{ name: 'l', kind: 'unusable', why: 'is a link that leads nowhere' }], ['conf/promises.d/l: is a link that leads nowhere']],
    ['a .cfg alone', [file('x.cfg', '')], ['conf/promises.d/x.cfg: there is no executable x beside it']],
    [
      'no TOML',
      [file('x.toml', 'kind = ')],
      [
        expect.stringMatching(
          /^conf\/promises\.d\/x\.toml: is not valid TOML|^conf\/promises\.d\/x\.toml: conf\/promises\.d\/x\.toml is not valid TOML/,
        ) as string,
      ],
    ],
    ['no kind', [file('x.toml', 'title = "x"')], [expect.stringContaining('conf/promises.d/x.toml: kind: ') as string]],
    [
      'an unknown kind',
      [file('x.toml', 'kind = "htttp"')],
      [expect.stringContaining('conf/promises.d/x.toml: kind: there is no kind "htttp". Did you mean "http"? There are certificate, ') as string],
    ],
    ['an unknown key', [file('x.toml', 'kind = "tcp"\nhost = "h"')], ['conf/promises.d/x.toml: host: unknown key']],
    [
      'an unknown setting',
      [file('x.toml', 'kind = "tcp"\nsettings = { host = "h", prot = 1 }')],
      [expect.stringContaining('settings.port: ') as string, 'conf/promises.d/x.toml: settings.prot: unknown key. Did you mean "port"?'],
    ],
    [
      'a wrong cron expression',
      [file('x.toml', 'kind = "tcp"\nfrequency = "5 m"\nsettings = { host = "h", port = 1 }')],
      ['conf/promises.d/x.toml: frequency: expected a cron expression with five fields, such as "*/10 * * * *", found "5 m"'],
    ],
    [
      'an unknown name in a template',
      [file('x.toml', 'kind = "tcp"\nsettings = { host = "{{hots.name}}", port = 1 }')],
      [expect.stringContaining('conf/promises.d/x.toml: conf/promises.d.settings.host: ') as string],
    ],
    [
      'an expression that is none',
      [file('x.toml', 'kind = "file"\nsettings = { path = "/a", matches = "(" }')],
      ['conf/promises.d/x.toml: settings.matches: a regular expression'],
    ],
    ['the name of another', [executable('memory')], ['conf/promises.d/memory: there is a promise "memory" already, in _promises.toml; this one is left out']],
    [
      'an executable and a .toml',
      [executable('x'), file('x.toml', 'kind = "tcp"\nsettings = { host = "h", port = 1 }')],
      ['conf/promises.d/x.toml: there is a promise "x" already, in conf/promises.d/x; this one is left out'],
    ],
    [
      'a name that cannot be one',
      [executable('a\nb')],
      ['conf/promises.d/a\nb: its name cannot be that of a promise: expected at most 200 bytes without control characters'],
    ],
  ])('%s', (_, entries, faults) => expect(faultsOf({ entries })).toEqual(faults));

  it('runs an executable whose .cfg is faulty as if the faulty line were not there', () => {
    const entries = [executable('x'), file('x.cfg', '[service]\ntitle = T\nfrequency = often\ntimeout = -1\nseverity = bad\n')];
    expect(promise('x', { entries })).toMatchObject({ title: 'T', schedule: '* * * * *', timeoutMs: 20_000, severity: 'warning' });
    expect(faultsOf({ entries })).toEqual([
      expect.stringContaining('conf/promises.d/x.cfg: frequency: ') as string,
      'conf/promises.d/x.cfg: severity: expected warning or critical, found "bad"',
      'conf/promises.d/x.cfg: timeout: expected seconds, more than 0 and up to 3600, found "-1"',
    ]);
  });

  it('makes one line of a title', () => {
    const entries = [file('x.toml', 'title = "a\\n\\u0007 b"\nkind = "tcp"\nsettings = { host = "h", port = 1 }')];
    expect(promise('x', { entries })?.title).toBe('a b');
  });

  it('takes any text without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 200 }), (toml, settings) => {
        const entries = [file('x.toml', toml), executable('y'), file('y.cfg', toml)];
        expect(collected({ entries, text: settings, manifests: [] }).promises.length).toBeGreaterThan(8);
      }),
      { numRuns: 50 },
    );
  });
});

describe('conf/promises.toml', () => {
  it('changes any promise', () => {
    const text = `
[promises.disk-storage]
frequency = "*/15 * * * *"
severity = "critical"
timeout_s = 3
title = "Room on {{host.name}}"
settings = { min_free_percent = 20 }
[promises."my own"]
frequency = "0 * * * *"
[promises.load]
enabled = false
`;
    const given = { text, entries: [executable('my own')] };
    expect(faultsOf(given)).toEqual([]);
    expect(promise('disk-storage', given)).toMatchObject({
      schedule: '*/15 * * * *',
      severity: 'critical',
      timeoutMs: 3_000,
      title: 'Room on host.example.org',
      check: { settings: { path: '/srv/dkm/storage', min_free_percent: 20, enough_free_mib: 10_240 } },
    });
    expect(promise('my own', given)?.schedule).toBe('0 * * * *');
    expect(promise('load', given)).toBeUndefined();
  });

  it('takes one up again that is off by itself', () => {
    const entries = [file('x.toml', 'kind = "tcp"\nenabled = false\nsettings = { host = "h", port = 1 }')];
    expect(promise('x', { entries })).toBeUndefined();
    expect(promise('x', { entries, text: '[promises.x]\nenabled = true\n' })).toBeDefined();
  });

  it('mends a promise that lacks a setting', () => {
    const given = { entries: [file('x.toml', 'kind = "tcp"\nsettings = { host = "h" }')], text: '[promises.x.settings]\nport = 80\n' };
    expect(faultsOf(given)).toEqual([]);
    expect(promise('x', given)?.check).toMatchObject({ settings: { port: 80 } });
  });

  it('gives what no promise says itself', () => {
    const text = '[defaults]\nfrequency = "*/20 * * * *"\nseverity = "critical"\ntimeout_s = 5\n';
    expect(promise('memory', { text })).toMatchObject({ schedule: '*/20 * * * *', severity: 'critical', timeoutMs: 5_000 });
    expect(promise('dkm-services', { text })).toMatchObject({ schedule: '* * * * *' });
  });

  it.each<[string, string, string[]]>([
    [
      'an unknown id',
      '[promises.disk-storag]\nenabled = false',
      ['conf/promises.toml: promises."disk-storag": there is no such promise here. Did you mean "disk-storage"?'],
    ],
    [
      'an id like nothing',
      '[promises.qqqqqqqq]\n',
      ['conf/promises.toml: promises."qqqqqqqq": there is no such promise here. "dkm promise list" shows what there is.'],
    ],
    ['an unknown key', '[promises.memory]\nenabeld = false', ['conf/promises.toml: promises."memory".enabeld: unknown key']],
    [
      'an unknown setting',
      '[promises.memory.settings]\nmin_free = 1',
      [expect.stringContaining('conf/promises.toml: promises."memory".settings.min_free: unknown key') as string],
    ],
    [
      'a wrong setting',
      '[promises.memory.settings]\nmin_free_percent = 200',
      [expect.stringContaining('conf/promises.toml: promises."memory".settings.min_free_percent: ') as string],
    ],
    [
      'a wrong frequency',
      '[promises.memory]\nfrequency = "x"',
      ['conf/promises.toml: promises."memory".frequency: expected a cron expression with five fields, such as "*/10 * * * *", found "x"'],
    ],
    [
      'a wrong default',
      '[defaults]\nfrequency = "x"',
      ['conf/promises.toml: defaults.frequency: expected a cron expression with five fields, such as "*/10 * * * *", found "x"'],
    ],
    ['an unknown table', '[promise.memory]\n', ['conf/promises.toml: promise: unknown key, expected promises, defaults, slapos']],
    [
      'a value for a table',
      'promises = 1\ndefaults = 2\nslapos = 3',
      [
        expect.stringContaining('promises: expected tables') as string,
        expect.stringContaining('defaults: ') as string,
        expect.stringContaining('slapos: expected tables') as string,
      ],
    ],
    ['no TOML', '[promises', [expect.stringContaining('conf/promises.toml is not valid TOML') as string]],
    [
      'a partition without a program',
      '[[slapos]]\npartition = "/p"',
      [expect.stringContaining('slapos[0].program') as string, expect.stringContaining('slapos[0].configuration') as string],
    ],
    [
      'names that objects have',
      '[promises.constructor]\n[promises.toString]\n',
      [expect.stringContaining('promises."constructor": ') as string, expect.stringContaining('promises."toString": ') as string],
    ],
  ])('%s', (_, text, faults) => expect(faultsOf({ text })).toEqual(faults));

  it('leaves a promise as it was meant where the change is faulty', () => {
    expect(promise('memory', { text: '[promises.memory]\nseverity = "critical"\nfrequency = "x"' })).toEqual(promise('memory', {}));
    expect(collected({ text: '[promises' }).promises).toEqual(collected().promises);
  });

  it('does not give settings to an executable', () => {
    expect(faultsOf({ entries: [executable('x')], text: '[promises.x.settings]\na = 1\n' })).toEqual([
      'conf/promises.toml: promises."x".settings: an executable has none',
    ]);
  });

  it('takes partitions of SlapOS', () => {
    const text =
      '[[slapos]]\nprogram = "/opt/bin/monitor.runpromise"\nconfiguration = "etc/monitor.conf"\npartition = "/srv/slapgrid/slappart0"\n[[slapos]]\nid = "second"\ntitle = "Second"\nprogram = "/p"\nconfiguration = "/c"\npartition = "/q"\ntimeout_s = 9\n';
    expect(faultsOf({ text })).toEqual([]);
    expect(promise('slapos-slappart0', { text })).toMatchObject({
      title: 'Promises of /srv/slapgrid/slappart0',
      schedule: '* * * * *',
      timeoutMs: 300_000,
      check: { kind: 'slapos', program: '/opt/bin/monitor.runpromise', configuration: '/srv/dkm/etc/monitor.conf', partition: '/srv/slapgrid/slappart0' },
    });
    expect(promise('second', { text })).toMatchObject({ title: 'Second', timeoutMs: 9_000 });
    expect(promise('second', { text: `${text}[promises.second]\ntimeout_s = 7\n` })).toMatchObject({ timeoutMs: 7_000 });
  });
});

describe('the nearest name', () => {
  it.each([
    ['disk-storag', 'disk-storage'],
    ['memry', 'memory'],
    ['a', undefined],
    ['something else', undefined],
    ['x'.repeat(10_000), undefined],
  ])('of %s is %s', (name, expected) => expect(nearest(name, ['disk-storage', 'disk-run', 'memory'])).toBe(expected));
});
