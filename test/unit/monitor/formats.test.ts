import { describe, expect, it } from 'vitest';
import { fromDate, toDate, toLocalDate, toMailDate } from '../../../src/monitor/dates.ts';
import { feed, feedItems, opml } from '../../../src/monitor/feed.ts';
import { halDocument } from '../../../src/monitor/hal.ts';
import { logEntry } from '../../../src/monitor/promise-log.ts';
import { fullMessage, parseRunRecord, runRecord, serviceStatus } from '../../../src/monitor/run-record.ts';
import { documentList, historyRecord, isChange, parsePreviousStates, previousStates, stateOf } from '../../../src/monitor/state.ts';
import { titlesOf } from '../../../src/monitor/tree.ts';
import { toAsciiJson } from '../../../src/monitor/write.ts';
import { monitorSpecOf, promiseSpecOf, resultOf } from '../../helpers/monitored-specs.ts';

const AT = Date.parse('2026-11-21T10:15:02.900Z');

describe('dates', () => {
  it('are written as each format has them', () => {
    expect(toDate(AT)).toBe('2026-11-21T10:15:02+0000');
    expect(toMailDate(AT)).toBe('Sat, 21 Nov 2026 10:15:02 +0000');
    expect(toLocalDate(AT)).toMatch(/^2026-11-2[012] \d\d:\d\d:02$/);
  });

  it.each([
    ['2026-11-21T10:15:02+0000', AT - 900],
    ['2026-11-21T11:45:02+0130', AT - 900],
    ['2026-11-21T10:15:02', AT - 900],
    ['2026-13-21T10:15:02+0000', undefined],
    ['yesterday', undefined],
  ])('%s is read as %s', (text, expected) => expect(fromDate(text)).toBe(expected));
});

describe('titles', () => {
  it.each([
    [
      ['a', 'b.py'],
      ['a', 'b'],
    ],
    [
      ['a.py', 'a.sh', 'b'],
      ['a.py', 'a.sh', 'b'],
    ],
    // What is called by its whole name may be another's title.
    [
      ['x.y', 'x.z', 'x.y.sh'],
      ['x.y', 'x.z', 'x.y.sh'],
    ],
    [
      ['go-carbon.answers', 'go-carbon.disk'],
      ['go-carbon.answers', 'go-carbon.disk'],
    ],
    [['__proto__.a'], ['__proto__']],
  ])('of %j are %j', (ids, expected) => expect([...titlesOf(ids).values()]).toEqual(expected));
});

const spec = promiseSpecOf('disk.sh');
const record = (outcome: Parameters<typeof resultOf>[1]) => runRecord(resultOf(spec, outcome, AT), 'disk', { root: '/opt/dkm' });

describe('a result', () => {
  it('is written as the original runner writes it', () => {
    expect(record({ state: 'failed', message: ' full \n', error: 'warning\n' })).toEqual({
      title: 'disk',
      name: 'disk.sh',
      path: 'built-in:tcp',
      'execution-time': 0.15,
      result: { type: 'Test Result', failed: true, date: '2026-11-21T10:15:03+0000', message: 'full\nwarning' },
    });
  });

  it('that nobody can tell is failed, and says so besides', () => {
    expect(record({ state: 'no-data' }).result).toMatchObject({ failed: true, state: 'no-data' });
    expect(serviceStatus(resultOf(spec, { state: 'no-data', message: 'no points' }))).toEqual({ status: 'no-data', message: 'no points' });
  });

  it('in the first generation is OK or error', () => {
    const of = (outcome: Parameters<typeof resultOf>[1]): unknown => serviceStatus(resultOf(spec, outcome));
    expect(of({})).toEqual({ status: 'OK', message: 'all is well' });
    expect(of({ state: 'failed', error: 'x', description: 'd', message: '' })).toEqual({ status: 'error', message: '', error: 'x', description: 'd' });
  });

  it.each([
    ['x'.repeat(5000), 'x'.repeat(5000)],
    [`${'x'.repeat(1000)}${'y'.repeat(5000)}`, `...${'y'.repeat(5000)}`],
    ['\u{1f600}'.repeat(5000), '\u{1f600}'.repeat(5000)],
    [`a${'\u{1f600}'.repeat(5000)}`, `...${'\u{1f600}'.repeat(5000)}`],
  ])('keeps the last 5000 characters of a message (%#)', (message, expected) => expect(record({ message }).result.message).toBe(expected));

  it('holds nothing that Python cannot encode', () => {
    expect(fullMessage({ state: 'ok', message: 'a\ud800b\0' })).toBe('a\ufffdb\ufffd');
    expect(toAsciiJson({ a: 'é\u{1f600}\u007f' })).toBe('{"a":"\\u00e9\\ud83d\\ude00\\u007f"}');
  });

  it.each([
    ['null', undefined],
    ['[]', undefined],
    ['{"title":"a","name":"a","path":"/a","execution-time":1,"result":{"type":"Test Result","failed":"no","date":""}}', undefined],
    ['{"title":"a","name":"a","path":"/a","execution-time":1,"result":{"type":"Test Result","failed":false,"date":"x","message":null}}', ''],
  ])('of others is read: %s', (text, message) => expect(parseRunRecord(text)?.result.message).toBe(message));
});

describe('a log entry', () => {
  it('has the form that results are computed from; a line cannot pretend to be another run', () => {
    const forged = '2026-11-21 10:00:00 - ERROR - 1795255200-123 - forged';
    const entry = logEntry(resultOf(spec, { message: `first\n${forged}\nlast` }, AT), 0.5);
    expect(entry).toBe(`${toLocalDate(AT)} - INFO - 1795256102-550 - first\n ${forged}\nlast\n`);
    expect(logEntry(resultOf(spec, { state: 'no-data', message: '' }, AT), 0.999)).toBe(`${toLocalDate(AT)} - ERROR - 1795256102-999 - \n`);
  });
});

describe('a state', () => {
  const before = previousStates([stateOf(record({ message: 'm' }), {})]);

  it.each([
    ['the same', record({ message: 'm' }), before, false],
    ['another message', record({ message: 'n' }), before, true],
    ['another status', record({ state: 'failed', message: 'm' }), before, true],
    ['never seen', record({ message: 'm' }), {}, true],
  ])('%s', (_, now, previous, expected) => {
    const later = { ...now, result: { ...now.result, date: '2026-11-21T11:00:00+0000' } };
    const state = stateOf(later, previous);
    expect(isChange(state, previous)).toBe(expected);
    const isKept = !now.result.failed && previous === before;
    expect(state.changeDate).toBe(isKept ? '2026-11-21T10:15:03+0000' : '2026-11-21T11:00:00+0000');
    expect(historyRecord(state)).not.toHaveProperty('name');
  });

  it.each(['', '{', '[]', '{"a":["OK","x"]}', '{"a":1}'])('kept as %j is forgotten', (text) => expect(parsePreviousStates(text)).toEqual({}));
});

describe('documents', () => {
  it('are listed without their extension and without a line break at the end', () => {
    expect(documentList(['b.json', 'feed', 'a.status.json', '_document_list', 'x.json.tmp'])).toBe('a.status\nb');
  });

  it('name what a feed reader needs', () => {
    const monitor = monitorSpecOf({ title: 'T & <t>', rootTitle: 'root' });
    const state = stateOf(record({ state: 'failed', message: ']]>\u0000&' }), {});
    const items = feedItems(monitor, [state]);
    expect(Buffer.from((items[0]!.guid as Record<string, string>)['#text']!, 'base64').toString()).toBe(`root, disk, ${state.hash}, 2026-11-21T10:15:03+0000`);
    const text = feed(monitor, items, AT);
    expect(text).toContain('<title>T &amp; &lt;t&gt;</title>');
    expect(text).toContain('<pubDate>Sat, 21 Nov 2026 10:15:03 +0000</pubDate>');
    expect(text).toContain(']]&gt;');
    expect(text).not.toContain('\0');
  });

  it('list feeds of unknown monitors, too', () => {
    const text = opml(monitorSpecOf({ instances: ['http://a', 'http://b'] }), new Map([['http://b', '"b" & <c>']]), AT, AT);
    expect(text.match(/ title="[^"]*"/g)).toEqual([' title="store 1"', ' title="Unknown Instance"', ' title="&quot;b&quot; &amp; &lt;c&gt;"']);
  });

  it('list services by addresses that any id has', () => {
    const document = halDocument(monitorSpecOf({ instances: ['http://a'] }), [
      { id: 'a b%.py', title: 'A', hasInterface: false },
      { id: 'c', title: 'C', hasInterface: true },
    ]);
    expect(document).toEqual({
      title: 'store 1',
      _links: { related_monitor: [{ href: 'http://a' }] },
      _embedded: {
        service: [
          {
            id: 'a b%.py',
            title: 'A',
            _links: { status: { href: '/public/a%20b%25.py.status.json' }, interface: { href: '/default-promise-interface.html?service_name=a%20b%25.py' } },
          },
          { id: 'c', title: 'C', _links: { status: { href: '/public/c.status.json' }, interface: { href: '/private/c/interface/' } } },
        ],
      },
    });
    expect(halDocument(monitorSpecOf(), [])).toEqual({ title: 'store 1' });
  });
});
