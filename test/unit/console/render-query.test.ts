import { describe, expect, it } from 'vitest';
import { renderQuery } from '../../../src/console/render-query.ts';

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
    ['a target too long', `target=${'a'.repeat(1001)}`, /target/],
    ['a line break in a target', 'target=a%0d%0aX', /target/],
    ['another format', 'target=a&format=pickle', /format/],
    ['a parameter of graphite-web that draws', 'target=a&width=100000', /width: this parameter is not served/],
    ['a template', 'target=a&template%5Bx%5D=y', /template\[x\]/],
    ['a time that is none', 'target=a&from=yesterday', /from/],
    ['a time with more behind it', 'target=a&until=now%26x', /until/],
    ['too many points', 'target=a&maxDataPoints=100000', /maxDataPoints/],
    ['no points', 'target=a&maxDataPoints=0', /maxDataPoints/],
  ])('is refused: %s', (_, text, message) => {
    const query = of(text);
    expect(query.ok).toBe(false);
    expect(query.ok ? '' : query.message).toMatch(message);
  });
});
