import { describe, expect, it } from 'vitest';
import { feedDocument, globalDocument, halDocument, statusDocument } from '../../../../src/console/instances/documents.ts';

describe('public/monitor.global.json', () => {
  it('is read as SlapOS writes it', () => {
    const text = JSON.stringify({
      status: 'ERROR',
      date: '2026-11-21T14:00:00+0000',
      title: 'store 1',
      specialise_title: 'metrics',
      _links: { monitor: { href: 'x' }, related_monitor: [{ href: 'https://b.example.org/share/public' }, { href: 'javascript:x' }, null] },
    });
    expect(globalDocument(text)).toEqual({
      title: 'store 1',
      rootTitle: 'metrics',
      isWell: false,
      atMs: Date.UTC(2026, 10, 21, 14),
      related: ['https://b.example.org/share/public'],
    });
  });

  it.each(['', '{', '[]', 'null', '{}', '{"status":"MAYBE"}', '{"status":7}'])('is none: %s', (text) => expect(globalDocument(text)).toBeUndefined());

  it('may lack everything but its status', () => {
    expect(globalDocument('{"status":"OK","title":7,"date":"soon","_links":[]}')).toEqual({ title: '', rootTitle: '', isWell: true, atMs: null, related: [] });
  });
});

describe('public/feed', () => {
  const feed = (items: string, before = ''): string => `<?xml version="1.0"?>${before}<rss version="2.0"><channel><title>t</title>${items}</channel></rss>`;
  const item = (title: string, description: string): string =>
    `<item><title>${title}</title><description>\n${description}</description><pubDate>2026-11-21T14:00:00+0000</pubDate></item>`;

  it('tells the promises, as SlapOS and as dkm write it', () => {
    expect(feedDocument(feed(item('[OK] a &amp; b', 'fine') + item('[ERROR] 007', '5 &lt; 6')))).toEqual([
      { title: 'a & b', isKept: true, message: 'fine', sinceMs: Date.UTC(2026, 10, 21, 14) },
      { title: '007', isKept: false, message: '5 < 6', sinceMs: Date.UTC(2026, 10, 21, 14) },
    ]);
  });

  it('counts the newest of a promise', () =>
    expect(feedDocument(feed(item('[OK] a', 'now') + item('[ERROR] a', 'before')))).toMatchObject([{ isKept: true, message: 'now' }]));
  it('may have no items', () => expect(feedDocument(feed(''))).toEqual([]));
  it('may have items that are no promises', () => expect(feedDocument(feed(item('News', 'x') + '<item/>'))).toEqual([]));

  it.each([
    ['nothing', ''],
    ['no XML', 'hello'],
    ['another document', '<html/>'],
    ['a document that grows', feed('', '<!DOCTYPE rss [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>')],
  ])('is none: %s', (_, text) => expect(feedDocument(text)).toBeUndefined());
});

describe('the first generation', () => {
  it('tells its services in monitor.haljson', () => {
    const text = JSON.stringify({
      title: 'Seed',
      _embedded: {
        service: [
          { id: 'a', title: 'A', _links: { status: { href: '/public/a.status.json' } } },
          { id: 'b' },
          null,
          { id: 'c', _links: { status: { href: 'c.json' } } },
        ],
      },
    });
    expect(halDocument(text)).toEqual({
      title: 'Seed',
      services: [
        { id: 'a', title: 'A', statusHref: '/public/a.status.json' },
        { id: 'c', title: 'c', statusHref: 'c.json' },
      ],
    });
  });
  it.each(['', '[]', '{}', '{"title":"x"}'])('tells none: %s', (text) => expect(halDocument(text)).toBeUndefined());
  it.each([
    ['{"status":"OK","message":"good"}', { title: 'A', isKept: true, message: 'good', sinceMs: null }],
    ['{"status":"ok"}', { title: 'A', isKept: false, message: '', sinceMs: null }],
    ['7', undefined],
  ])('has statuses: %s', (text, expected) => expect(statusDocument(text, 'A')).toEqual(expected));
});
