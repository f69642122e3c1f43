import { describe, expect, it } from 'vitest';
import { diskBytesAt, fullDiskBytes, growthOf, secondsWritten } from '../../../src/retention/growth.ts';
import { parseRetentions } from '../../../src/manifest/retention.ts';

const BLOCK = 4096;
const DAY = 86_400;
const HOST = parseRetentions('10s:1d,1m:14d,10m:1y');

describe('what a sparse file takes of the disk', () => {
  it.each([
    // The header and the first archive's beginning, the beginnings of two more, and the last byte.
    ['with its first point', 0, 4],
    ['after an hour', 3600, 2 + 1 + 1 + 1],
    // 8,640 points of 12 bytes behind the header end in the 26th block, 1,441 begin there and end in the 30th.
    ['after a day', DAY, 26 + 4 + 1 + 1],
    ['after two weeks', 14 * DAY, 26 + 59 + 6 + 1],
  ])('%s', (_, seconds, blocks) => expect(diskBytesAt(HOST, seconds, BLOCK) / BLOCK).toBe(blocks));

  it('never shrinks, and ends at the length of the file in whole blocks', () => {
    const sizes = Array.from({ length: 400 }, (_, day) => diskBytesAt(HOST, day * DAY, BLOCK));
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect(sizes.at(-1)).toBe(Math.ceil((16 + 36 + 12 * (8640 + 20_160 + 52_560)) / BLOCK) * BLOCK);
    expect(fullDiskBytes(HOST, BLOCK)).toBe(sizes.at(-1));
  });

  it.each([0.1, 0.5, 1, 3, 13.9, 100, 364])('tells for how long points came: %d days', (days) => {
    const disk = diskBytesAt(HOST, days * DAY, BLOCK);
    const found = secondsWritten(HOST, disk, BLOCK);
    // As long as explains the same size, within the half hour that is promised.
    expect(diskBytesAt(HOST, found, BLOCK)).toBe(disk);
    expect(found + 1800).toBeGreaterThanOrEqual(days * DAY);
  });

  it('tells of a full file that it is full', () => {
    expect(secondsWritten(HOST, fullDiskBytes(HOST, BLOCK), BLOCK)).toBe(365 * DAY);
    expect(secondsWritten(HOST, 10 * fullDiskBytes(HOST, BLOCK), BLOCK)).toBe(365 * DAY);
  });
});

describe('the forecast', () => {
  const young = { archives: HOST, seconds: 0, files: 300 };
  const all = 300 * (fullDiskBytes(HOST, BLOCK) - diskBytesAt(HOST, 0, BLOCK));

  it('says what is to come, and until when', () => {
    const growth = growthOf([young], { freeBytes: 100 * all, blockBytes: BLOCK });
    expect(growth).toMatchObject({ bytesToCome: all, daysUntilFilesFull: 365, daysUntilDiskFull: null });
    expect(growth.bytesPerDay).toBe(300 * (diskBytesAt(HOST, DAY, BLOCK) - diskBytesAt(HOST, 0, BLOCK)));
    expect(growth.daysUntilDiskFullAtThisPace).toBeCloseTo((100 * all) / growth.bytesPerDay);
  });

  it('says when the disk is full, which is later than the pace of the first day has it: the fine archives fill first', () => {
    const growth = growthOf([young], { freeBytes: all / 2, blockBytes: BLOCK });
    expect(growth.daysUntilDiskFull).toBeGreaterThan(growth.daysUntilDiskFullAtThisPace!);
    const there = growth.daysUntilDiskFull!;
    const added = (days: number): number => 300 * (diskBytesAt(HOST, days * DAY, BLOCK) - diskBytesAt(HOST, 0, BLOCK));
    expect(added(there)).toBeGreaterThan(all / 2);
    expect(added(there - 1)).toBeLessThanOrEqual(all / 2);
  });

  it('adds what files of different ages take, and nothing of full ones', () => {
    const full = { archives: HOST, seconds: 365 * DAY, files: 1000 };
    const room = { freeBytes: 1, blockBytes: BLOCK };
    expect(growthOf([full], room)).toEqual({
      bytesPerDay: 0,
      bytesToCome: 0,
      daysUntilFilesFull: 0,
      daysUntilDiskFull: null,
      daysUntilDiskFullAtThisPace: null,
    });
    expect(growthOf([], room)).toMatchObject({ bytesPerDay: 0, daysUntilFilesFull: 0 });
    const old = { archives: HOST, seconds: 200 * DAY, files: 5 };
    const [one, other, both] = [[old], [young], [old, young, full]].map((files) => growthOf(files, room).bytesToCome) as [number, number, number];
    expect(both).toBe(one + other);
    expect(growthOf([old], room).daysUntilFilesFull).toBe(165);
  });
});
