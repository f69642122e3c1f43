import { describe, expect, it } from 'vitest';
import { startingOrder } from '../../../src/supervisor/order.ts';

const services = (text: string) => text.split(' ').map((word) => ({ name: word.split('<')[0] ?? '', after: word.split('<').slice(1) }));

describe('startingOrder', () => {
  it.each([
    ['a b c', 'a b c'],
    ['collector<store web<query query<store store', 'store collector query web'],
    ['a<absent b', 'a b'],
    ['c<b<a b<a a', 'a b c'],
  ])('%s -> %s', (given, expected) => {
    expect(
      startingOrder(services(given))
        .map((service) => service.name)
        .join(' '),
    ).toBe(expected);
  });

  it('names a circle', () => {
    expect(() => startingOrder(services('a<b b<c c<a'))).toThrow('a -> b -> c -> a');
  });
});
