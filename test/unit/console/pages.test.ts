import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import { configurationFiles, createComponentsReader, shownConfiguration } from '../../../src/console/picture/configuration-view.ts';
import { complaintOf } from '../../../src/console/actions/dkm-command.ts';
import { questionOf } from '../../../src/console/html/service.ts';
import { agoInWords } from '../../../src/console/html/pieces.ts';
import { valueInWords } from '../../../src/console/html/values.ts';
import { namedLogs, shownLine } from '../../../src/console/live/log-lines.ts';
import { withoutOverlap } from '../../../src/console/live/log-stream.ts';
import { createNotices } from '../../../src/console/actions/notices.ts';
import { filterOf, isShown } from '../../../src/console/picture/promise-filter.ts';
import { readPromises, wellbeingOfPromise, worstFirst } from '../../../src/console/picture/promises-view.ts';
import { withShortValues } from '../../../src/console/graphite/render-query.ts';
import { promiseOf, promisesOf } from '../../process/console/promises-scene.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

it.each<[string, number, string, string]>([
  ['free_bytes', 150e9, 'free', '150 GB'],
  ['bytes_per_day', 1.8e9, 'bytes per day', '1.80 GB a day'],
  ['oldest_s', 21, 'oldest', '21 s'],
  ['oldest_s', 7200, 'oldest', '2 h'],
  ['answer_ms', 8.25, 'answer', '8.25 ms'],
  ['used_percent', 12.34, 'used', '12 %'],
  ['days_left', 83.44, 'days left', '83.4'],
  ['stale_hosts', 3, 'stale hosts', '3'],
  ['late_s', -90, 'late', '-1 min'],
  ['ms', 5, 'ms', '5 ms'],
])('the value %s of %d is "%s": %s', (name, value, label, text) => {
  expect(valueInWords(name, value)).toEqual({ label, text });
});

it.each([
  [1000, 'now'],
  [61_000, '1 min ago'],
  [-29_000, 'in 30 s'],
])('a moment at %d seen from 1000 is %s', (nowMs, text) => {
  expect(agoInWords(1000, nowMs)).toBe(text);
});

describe('the list of promises', () => {
  const kept = promiseOf({ id: 'p10', title: 'Promise 10' });
  const broken = promiseOf({ id: 'p9', title: 'Promise 9', state: 'failed', message: 'Der Speicher ist VOLL.' });
  const known = { ...broken, acknowledged: { by: 'admin', comment: 'x', sinceMs: 1, untilMs: 2 } };
  const shown = (search: string, promise = broken): boolean => isShown(promise, filterOf(new URLSearchParams(search)));

  it.each([
    ['', true],
    ['q=voll+speicher', true],
    ['q=voll+leer', false],
    ['q=tcp', true],
    ['state=broken', true],
    ['state=kept', false],
    ['state=known', false],
    ['state=%3Cscript%3E', true],
    ['state=__proto__&q=', true],
  ])('is narrowed by %s', (search, expected) => {
    expect(shown(search)).toBe(expected);
  });

  it('knows which of the broken somebody knows of', () => {
    expect([shown('state=known', known), shown('state=broken', known), shown('state=kept', kept)]).toEqual([true, false, true]);
  });

  it('has the broken first, then by name, numbers as numbers', () => {
    const nine = promiseOf({ id: 'p9', title: 'Promise 9' });
    expect(worstFirst([kept, nine, known, broken]).map(({ title, state }) => `${title} ${state}`)).toEqual([
      'Promise 9 failed',
      'Promise 9 failed',
      'Promise 9 ok',
      'Promise 10 ok',
    ]);
  });

  it('does not say that a promise is kept when nobody checks it any more', () => {
    expect(wellbeingOfPromise(kept, false)).toEqual({ wellbeing: 'unknown', word: 'Was: kept' });
  });

  it.each([
    ['none', undefined],
    ['unreadable', '{"schema":2}'],
    ['unreadable', '{'],
    ['stale', JSON.stringify(promisesOf([kept], { pidStartTime: 'another process' }))],
    ['current', JSON.stringify(promisesOf([kept]))],
  ])('is %s', async (state, text) => {
    const file = join(temporaryDirectory(), 'promises.json');
    if (text !== undefined) writeFileSync(file, text);
    const view = await readPromises(file);
    expect([view.state, view.message === '']).toEqual([state, state === 'current']);
  });
});

describe('a log on a page', () => {
  it.each([
    ['\u001b[31mred\u001b[0m and \u001b]8;;http://x\u0007link', 'red and link'],
    ['a\tb\rc\u0000d\u0008', 'a\tbcd'],
    ['<b>&', '<b>&'],
    ['x'.repeat(5000), `${'x'.repeat(4000)}… (5000 characters)`],
  ])('shows %j without what a terminal would obey', (line, shown) => {
    expect(shownLine(line)).toBe(shown);
  });

  it('has a name of its own among those of a service', () => {
    expect(namedLogs(['/a/x.log', '/b/x.log', '/a/y.log', '/a/x.log']).map(({ name }) => name)).toEqual(['x.log', 'x.log (2)', 'y.log']);
  });

  it.each([
    [['a', 'b', 'c'], ['b', 'c', 'd'], ['d']],
    [['a'], ['b'], ['b']],
    [[], ['a'], ['a']],
    [['a', 'a'], ['a', 'a', 'a'], ['a']],
    [['a', 'b'], [], []],
  ])('%j goes on with %j as %j', (earlier, later, expected) => {
    expect(withoutOverlap(earlier, later)).toEqual(expected);
  });
});

it('shows a notice once, and only one that it made', () => {
  const notices = createNotices();
  const name = notices.put({ ok: true, message: 'done' });
  expect(notices.take('made up')).toBeUndefined();
  expect(notices.take(name)).toEqual({ ok: true, message: 'done' });
  expect(notices.take(name)).toBeUndefined();
  const names = Array.from({ length: 300 }, (_, index) => notices.put({ ok: true, message: String(index) }));
  expect(names.filter((each) => notices.take(each) !== undefined)).toHaveLength(100);
});

it.each([
  [{ kind: 'ended', code: 1, signal: null, stdout: '', stderr: '\u001b[31mError:\u001b[0m It is locked.\nHint: wait\n' } as const, 'It is locked.\nHint: wait'],
  [{ kind: 'ended', code: 7, signal: null, stdout: '', stderr: '' } as const, 'It ended with exit code 7 and said nothing.'],
  [{ kind: 'failed', message: 'no such file' } as const, 'no such file'],
])('tells why a command failed: %j', (ending, text) => {
  expect(complaintOf(ending)).toBe(text);
});

it('asks before a stop, and warns when it is about the console itself', () => {
  const store = { title: 'go-carbon', role: 'store' };
  expect(questionOf('stop', store, false)).toMatch(/lost/);
  expect(questionOf('restart', store, false)).toBe('');
  expect(questionOf('restart', store, true)).toMatch(/this very page/);
  expect(questionOf('start', store, true)).toBe('');
});

it('sends values of charts with six digits, and leaves everything else as it is', () => {
  const json =
    '[{"target":"a[1.23456789,b","datapoints":[[0.123456789012,1795220000],[null,1795220010],[12,1795220020],[-1.5e-7, 1795220030],[123456789.25,1795220040]]}]';
  expect(withShortValues(Buffer.from(json))).toBe(
    '[{"target":"a[1.23456789,b","datapoints":[[0.123457,1795220000],[null,1795220010],[12,1795220020],[-1.5e-7, 1795220030],[123456789.25,1795220040]]}]',
  );
});

describe('configuration', () => {
  function installation(): ReturnType<typeof layoutOf> {
    const layout = layoutOf(temporaryDirectory());
    for (const folder of ['conf/secrets', 'conf/collectd', 'conf/console', 'run/generated/conf/collectd', 'current'])
      mkdirSync(join(layout.root, folder), { recursive: true });
    const write = (path: string, text: string): void => writeFileSync(join(layout.root, path), text);
    write('conf/dkm.toml', '[install]\nport = 15000\n\n[services.x]\nenvironment = { API_TOKEN = "hunter2hunter2" }\n');
    write('conf/secrets/admin-password', 'correct-horse\n');
    write('conf/collectd/collectd.conf', 'Interval 10\nHostname correct-horse\n');
    write('conf/collectd/same.conf', 'Interval 10\n');
    write('run/generated/conf/collectd/same.conf', 'Interval 10\n');
    write('conf/console/accounts.toml', '[[account]]\nname = "eve"\n');
    const digest = (text: string): { sha256: string } => ({ sha256: sha256(text) });
    write(
      'run/generated.json',
      JSON.stringify({ schema: 1, files: { 'conf/collectd/collectd.conf': digest('Interval 10\n'), 'conf/collectd/same.conf': digest('Interval 10\n') } }),
    );
    return layout;
  }

  it('tells which files somebody edited, and never those of secrets', async () => {
    const files = await configurationFiles(installation());
    expect(files.map(({ path, state }) => `${path} ${state}`)).toEqual([
      'conf/collectd/collectd.conf edited',
      'conf/collectd/same.conf generated',
      'conf/console/accounts.toml kept-apart',
      'conf/dkm.toml own',
    ]);
    expect(await configurationFiles(layoutOf(join(temporaryDirectory(), 'nothing')))).toEqual([]);
  });

  it.each(['conf/dkm.toml', 'conf/collectd/collectd.conf', 'conf/console/accounts.toml'])('shows %s without secrets', async (path) => {
    const text = JSON.stringify(await shownConfiguration(installation(), path));
    expect(text).toMatch(/15000|Interval|digests of passwords/);
    expect(text).not.toMatch(/hunter2|correct-horse|eve/);
  });

  it.each(['../../etc/passwd', 'conf/secrets/admin-password', '/etc/passwd', 'conf/../conf/dkm.toml', '', 'conf'])('does not show %j', async (path) => {
    expect(await shownConfiguration(installation(), path)).toBeUndefined();
  });

  it('names the components of the installed version, again after an update', async () => {
    const layout = installation();
    const read = createComponentsReader(layout);
    expect(await read()).toBeUndefined();
    const component = { name: 'c', title: 'C', version: '1', role: 'store', licence: 'MIT', verified: 'pinned' };
    writeFileSync(join(layout.current, 'bundle.json'), JSON.stringify({ version: '9', components: [component], files: {} }));
    expect(await read()).toEqual({ version: '9', components: [component] });
  });
});
