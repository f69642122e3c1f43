import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { multistatus, type Resource } from '../../../../src/console/slapos/multistatus.ts';
import { parsePropfind } from '../../../../src/console/slapos/propfind.ts';

const wrap = (inside: string, attributes = 'xmlns="DAV:"'): string => `<?xml version="1.0"?><propfind ${attributes}>${inside}</propfind>`;

describe('what PROPFIND asks for', () => {
  it.each([
    ['', { kind: 'all' }],
    [wrap('<allprop/>'), { kind: 'all' }],
    [wrap('<propname/>'), { kind: 'names' }],
    ['<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>', { kind: 'some', properties: [{ namespace: 'DAV:', name: 'getetag' }] }],
    [wrap('<prop><x:a xmlns:x="urn:x"/><getetag/></prop>'), { kind: 'some', properties: [{ namespace: 'urn:x', name: 'a' }, { namespace: 'DAV:', name: 'getetag' }] }], // prettier-ignore
    [wrap('<prop></prop>'), { kind: 'some', properties: [] }],
  ])('%j', (body, wanted) => {
    expect(parsePropfind(body)).toEqual(wanted);
  });

  it.each([
    ['text', 'hello'],
    ['half a document', '<propfind xmlns="DAV:"><prop>'],
    ['another root', '<lockinfo xmlns="DAV:"/>'],
    ['no namespace', '<propfind><allprop/></propfind>'],
    ['nothing in it', wrap('')],
    ['a document type', `<!DOCTYPE a [<!ENTITY b "c">]>${wrap('<allprop/>')}`],
    ['the billion laughs', `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><propfind xmlns="DAV:"><prop>&b;</prop></propfind>`],
    ['an outside entity', `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${wrap('<prop>&x;</prop>')}`],
    ['too many properties', wrap(`<prop>${'<a/>'.repeat(101)}</prop>`)],
    ['nested too deeply', wrap(`${'<a>'.repeat(1000)}${'</a>'.repeat(1000)}`)],
    ['a property without a namespace', '<D:propfind xmlns:D="DAV:"><D:prop><a/></D:prop></D:propfind>'],
    ['zeros', '\0\0\0'],
  ])('is not understood: %s', (_, body) => {
    expect(parsePropfind(body)).toBeUndefined();
  });
});

const file: Resource = {
  href: '/share/public/a%26b.json',
  name: 'a&b<c>\u0001.json',
  status: { size: 12n, mtimeMs: 1_795_000_000_000n, mtimeNs: 1_795_000_000_000_000_000n, birthtimeMs: 1_795_000_000_000n },
  isDirectory: false,
};

describe('the answer', () => {
  const read = (xml: string): Record<string, unknown> => {
    expect(XMLValidator.validate(xml)).toBe(true);
    const { multistatus: root } = new XMLParser({ removeNSPrefix: true, isArray: (name) => name === 'response' || name === 'propstat' }).parse(xml) as {
      multistatus: Record<string, unknown>;
    };
    return root;
  };

  it('tells everything, whatever the name is', () => {
    const { response } = read(multistatus([file], { kind: 'all' })) as {
      response: { href: string; propstat: { prop: Record<string, unknown>; status: string }[] }[];
    };
    expect(response).toMatchObject([
      {
        href: '/share/public/a%26b.json',
        propstat: [
          {
            status: 'HTTP/1.1 200 OK',
            prop: { displayname: 'a&b<c>\ufffd.json', getcontentlength: 12, getcontenttype: 'application/json; charset=utf-8', resourcetype: '' },
          },
        ],
      },
    ]);
  });

  it('tells what there is and what there is not', () => {
    const properties = [
      { namespace: 'DAV:', name: 'getcontentlength' },
      { namespace: 'DAV:', name: 'quota-used-bytes' },
      { namespace: 'urn:a"&<', name: 'colour' },
      { namespace: 'DAV:', name: 'no-such' },
    ];
    const { response } = read(multistatus([file], { kind: 'some', properties })) as { response: { propstat: { prop: object; status: string }[] }[] };
    expect(response[0]?.propstat.map(({ status, prop }) => [status, Object.keys(prop)])).toEqual([
      ['HTTP/1.1 200 OK', ['getcontentlength']],
      ['HTTP/1.1 404 Not Found', ['quota-used-bytes', 'colour', 'no-such']],
    ]);
  });

  it('says when there is more', () => {
    const { response } = read(multistatus([file], { kind: 'names' }, false)) as { response: { status?: string }[] };
    expect(response.at(-1)?.status).toBe('HTTP/1.1 507 Insufficient Storage');
  });
});
