import { describe, expect, it } from 'vitest';
import { isGraphiteTime, renderQuery } from '../../../src/console/graphite/render-query.ts';

const of = (text: string): ReturnType<typeof renderQuery> => renderQuery(new URLSearchParams(text));

describe('a query', () => {
  it('is passed on with what is allowed, and asks for JSON', () => {
    const query = of('target=a.b.*&target=sumSeries(c)&from=-1h&until=now&maxDataPoints=500');
    expect(query).toMatchObject({ ok: true });
    expect(query.ok && query.search.toString()).toBe('target=a.b.*&target=sumSeries%28c%29&from=-1h&until=now&maxDataPoints=500&format=json');
  });

  it.each(['-15min', '-7d', '-30s', '1795224623', 'now'])('may begin at %s', (from) => {
    expect(of(`target=a&from=${from}`).ok).toBe(true);
  });

  it.each([
    ['no target', 'from=-1h', /target: 1 to 40 are needed, found 0/],
    ['too many targets', Array.from({ length: 41 }, () => 'target=a').join('&'), /found 41/],
    ['an empty target', 'target=', /target/],
    ['targets too long together', Array.from({ length: 3 }, () => `target=${'a'.repeat(3000)}`).join('&'), /at most 8000 characters .* found 9000/],
    ['a target too long', `target=${'a'.repeat(4001)}`, /target/],
    ['a line break in a target', 'target=a%0d%0aX', /target/],
    ['another format', 'target=a&format=pickle', /format/],
    ['a parameter of graphite-web that draws', 'target=a&width=100000', /width: this parameter is not served/],
    ['a template', 'target=a&template%5Bx%5D=y', /template\[x\]/],
    ['a time that is none', 'target=a&from=last+week', /from/],
    ['a time with more behind it', 'target=a&until=now%26x', /until/],
    ['too many points', 'target=a&maxDataPoints=100000', /maxDataPoints/],
    ['no points', 'target=a&maxDataPoints=0', /maxDataPoints/],
  ])('is refused: %s', (_, text, message) => {
    const query = of(text);
    expect(query.ok).toBe(false);
    expect(query.ok ? '' : query.message).toMatch(message);
  });
});

describe('a time', () => {
  it.each([
    'now',
    '-1h',
    '-90min',
    '-2mon',
    '-1y',
    '1795224623',
    '20261121',
    '14:30_20261121',
    '11/21/26',
    '00:00_11/21/26',
    'yesterday',
    '06:00_today',
    'noon',
    '20240229',
  ])('that both query services read alike is passed on: %s', (time) => expect(isGraphiteTime(time)).toBe(true));

  it.each([
    '',
    '-1m',
    '-1',
    '1h',
    'now-1h',
    '-1h ',
    '20261321',
    '20260229',
    '25:00_20261121',
    '12:60_20261121',
    '14:30',
    '14:30_now',
    '06:00_noon',
    'last week',
    '1795224623000',
    '2026-11-21',
    '-1h;x',
    '٢٠٢٦١١٢١',
  ])('that one of them would take for another is refused: %j', (time) => expect(isGraphiteTime(time)).toBe(false));
});
