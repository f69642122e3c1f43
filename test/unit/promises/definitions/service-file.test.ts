import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseServiceFile } from '../../../../src/promises/definitions/service-file.ts';

const nothing = { publicPaths: [], privatePaths: [] };

describe('<id>.cfg', () => {
  it.each<[string, string, object, string[]]>([
    ['nothing', '', nothing, []],
    [
      'everything',
      '[service]\ntitle = A title\nfrequency = */5 * * * *\ntimeout = 7\nseverity = critical\n',
      { ...nothing, title: 'A title', frequency: '*/5 * * * *', timeoutS: '7', severity: 'critical' },
      [],
    ],
    [
      'paths over several lines',
      '[service]\npublic-path-list =\n  /a /b\n\n  /c d\nprivate-path-list: /x\n\t/y\n',
      { publicPaths: ['/a', '/b', '/c', 'd'], privatePaths: ['/x', '/y'] },
      [],
    ],
    ['a title over two lines', '[service]\ntitle = one\n  two\n', { ...nothing, title: 'one two' }, []],
    ['percent signs', '[service]\ntitle = 100 %(frequency)s %%\n', { ...nothing, title: '100 %(frequency)s %%' }, []],
    ['ampersands, brackets, equal signs', '[service]\ntitle = a=b & [c] <d>\n', { ...nothing, title: 'a=b & [c] <d>' }, []],
    ['comments, in a continuation too', '# x\n; y\n[service]\npublic-path-list = /a\n  # no\n  /b\n', { publicPaths: ['/a', '/b'], privatePaths: [] }, []],
    ['lines of Windows and a byte order mark', '\uFEFF[service]\r\ntitle = a\r\n', { ...nothing, title: 'a' }, []],
    ['capital keys', '[service]\nTitle = a\n', { ...nothing, title: 'a' }, []],
    ['the path list that was never made', '[service]\ncgi-path-list = /a\n', nothing, []],
    ['an empty title', '[service]\ntitle =\n', nothing, []],
    [
      'an unknown key',
      '[service]\nfrequencey = 1\n',
      nothing,
      ['line 2: frequencey: unknown key, expected title, frequency, public-path-list, private-path-list, timeout, severity'],
    ],
    ['another section', '[other]\ntitle = a\n[service]\ntitle = b\n', { ...nothing, title: 'b' }, ['line 1: expected [service], found [other]']],
    ['no section', 'title = a\n', nothing, ['line 1: expected [service] first, found "title = a"']],
    ['no value', '[service]\ntitle\n', nothing, ['line 2: expected "key = value", found "title"']],
    ['a key twice', '[service]\ntitle = a\ntitle = b\n', { ...nothing, title: 'a' }, ['line 3: title stands there twice']],
    [
      'names that objects have',
      '[service]\n__proto__ = a\nconstructor = b\n',
      nothing,
      [expect.stringContaining('__proto__: unknown key') as string, expect.stringContaining('constructor: unknown key') as string],
    ],
  ])('%s', (_, text, file, faults) => expect(parseServiceFile(text)).toEqual({ file, faults }));

  it('takes any text, and any title whole', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(parseServiceFile(text)).toHaveProperty('faults');
      }),
    );
    const word = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => /^\S+$/.test(text));
    fc.assert(
      fc.property(word, (title) => {
        expect(parseServiceFile(`[service]\ntitle = ${title}\n`)).toEqual({ file: { ...nothing, title }, faults: [] });
      }),
    );
  });
});
