import { describe, expect, it } from 'vitest';
import { indexesMatching } from '../../../../src/promises/kinds/pattern.ts';

describe('regular expressions of people', () => {
  it.each<[string, string[], number[]]>([
    ['^b', ['a\nb', 'xb'], [0]],
    ['\\p{Lu}', ['ä', 'Ä'], [1]],
    ['[`$]{2}', ['`${1}', '$`'], [0, 1]],
    ['\'"\\\\', ['\'"\\', 'x'], [0]],
    ['\u2028', ['a\u2028b', 'ab'], [0]],
    ['x', [], []],
  ])('%s in %j', (pattern, texts, expected) => expect(indexesMatching(pattern, texts)).toEqual(expected));

  it('gives up on one that would take for ever', () => {
    const startedAt = performance.now();
    expect(() => indexesMatching('^(a+)+$', [`${'a'.repeat(50)}!`])).toThrow('takes too long');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
