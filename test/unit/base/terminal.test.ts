import { describe, expect, it } from 'vitest';
import { bytesInWords, coloured, spanInWords, table } from '../../../src/base/terminal.ts';

describe('bytesInWords', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [64 * 2 ** 20, '64.0 MiB'],
    [128 * 2 ** 20, '128 MiB'],
    [5 * 2 ** 40, '5.0 TiB'],
  ])('%i -> %s', (bytes, expected) => {
    expect(bytesInWords(bytes)).toBe(expected);
  });
});

describe('spanInWords', () => {
  it.each([
    [0, '0 s'],
    [59.9, '59 s'],
    [60, '1 m'],
    [125, '2 m 5 s'],
    [3600, '1 h'],
    [90_061, '1 d 1 h'],
    [-3, '0 s'],
  ])('%i s -> %s', (seconds, expected) => {
    expect(spanInWords(seconds)).toBe(expected);
  });
});

describe('table', () => {
  it('aligns columns, colours or not', () => {
    expect(
      table([
        ['a', 'long', 'x'],
        [coloured('red', 'red', true), 'b', 'y'],
      ]),
    ).toBe(`a    long  x\n${coloured('red', 'red', true)}  b     y`);
  });
});
