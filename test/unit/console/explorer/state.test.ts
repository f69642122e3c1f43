import { describe, expect, it } from 'vitest';
import { MOST_TARGETS, readState, spanOf, targetFault, writeState, type ExplorerState } from '../../../../src/console/page/explorer-state.ts';

const STATE: ExplorerState = {
  targets: [
    { text: 'a.b', hidden: false, hue: 0 },
    { text: "alias(c.*, 'x & y')", hidden: true, hue: 3 },
  ],
  from: '1795000000',
  until: '1795003600',
  refreshS: 30,
  unit: 'bytes',
  stacked: true,
  log: false,
};

describe('the address of the explorer', () => {
  it.each([STATE, { ...STATE, from: '-6h', until: 'now', refreshS: 0, unit: 'auto', stacked: false, log: true }])('brings back what was shown', (state) => {
    expect(readState(writeState(state), '')).toEqual(state);
  });

  it('keeps a long state to the browser', () => {
    const long = { ...STATE, targets: Array.from({ length: 10 }, () => ({ text: 'x'.repeat(900), hidden: false, hue: 0 })) };
    expect(writeState(long)).toMatch(/^#target=/);
    expect(readState('', writeState(long))).toEqual(long);
  });

  it.each([
    ['', { targets: [], from: '-1h', until: 'now', refreshS: 0, unit: 'auto' }],
    [
      '?from=yesterday&until=x&refresh=1&unit=parsec&hues=9,x&target=a',
      { from: '-1h', until: 'now', refreshS: 0, unit: 'auto', targets: [{ text: 'a', hidden: false, hue: 0 }] },
    ],
    ['?from=1795003600&until=1795000000', { from: '-1h', until: 'now' }],
    ['?target=+&target=', { targets: [] }],
  ])('leaves out what it cannot understand: %s', (query, expected) => {
    expect(readState(query, '')).toMatchObject(expected);
  });

  it('has so many targets at most', () => {
    expect(readState(`?${'target=a&'.repeat(100)}`, '').targets).toHaveLength(MOST_TARGETS);
  });

  it.each([
    ['-1h', 'now', 3600],
    ['-2mon', 'now', 2 * 2_592_000],
    ['1795000000', '1795000060', 60],
  ])('means a stretch of time: %s to %s', (from, until, seconds) => {
    const span = spanOf({ from, until }, 1_795_000_000_000);
    expect(span.until - span.from).toBe(seconds);
  });
});

describe('a target', () => {
  it.each(['a.b', 'sum(a, b)', "alias(a, ')')", 'a.{b,c}', 'alias(a, "(")'])('may be %s', (text) => expect(targetFault(text)).toBe(''));
  it.each([
    ['sum(a', /1 closing parenthesis is missing/],
    ['sum(b(a', /2 closing parentheses are missing/],
    ['a)', /without an opening/],
    ["alias(a, 'b)", /quotation mark/],
    ['  ', /empty/],
    ['a'.repeat(4001), /4001 characters/],
  ])('is not whole: %s', (text, fault) => expect(targetFault(text)).toMatch(fault));
});
