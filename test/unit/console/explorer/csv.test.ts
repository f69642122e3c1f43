import { describe, expect, it } from 'vitest';
import { csvOf, textCell } from '../../../../src/console/explorer/csv.ts';

describe('a table for spreadsheets', () => {
  it('has a column for each series and a row for each time', () => {
    const series = [
      { target: 'a', datapoints: [[1.5, 60] as [number, number], [null, 120] as [null, number]] },
      { target: 'b,c', datapoints: [[-3, 120] as [number, number], [1e21, 180] as [number, number]] },
    ];
    expect(csvOf(series)).toEqual({
      ok: true,
      text: 'time,a,"b,c"\r\n1970-01-01T00:01:00Z,1.5,\r\n1970-01-01T00:02:00Z,,-3\r\n1970-01-01T00:03:00Z,,1e+21\r\n',
    });
  });

  it('is empty without series', () => {
    expect(csvOf([])).toEqual({ ok: true, text: 'time\r\n' });
  });

  it('is refused when it would be too large', () => {
    const datapoints = Array.from({ length: 2001 }, (_, time): [number, number] => [1, time]);
    const series = Array.from({ length: 1000 }, (_, index) => ({ target: String(index), datapoints }));
    expect(csvOf(series)).toMatchObject({ ok: false, message: expect.stringContaining('2000000 cells') as string });
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+a', "'+a"],
    ['-a', "'-a"],
    ['@SUM(A1)', "'@SUM(A1)"],
    [' =a', "' =a"],
    ['\t=a', "'\t=a"],
    ['a ', '"a "'],
    ['a"b', '"a""b"'],
    ['a\nb', '"a\nb"'],
    ['sum(a.b)', 'sum(a.b)'],
  ])('no name in it is a formula: %j', (name, cell) => {
    expect(textCell(name)).toBe(cell);
  });
});
