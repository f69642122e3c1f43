import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DiskGuard, type Guarded } from '../../../src/supervisor/disk-guard.ts';
import { describeSpace, levelOf, pauseBeforeLookMs, thresholdsOf, type Level, type Space, type Thresholds } from '../../../src/supervisor/disk-space.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TIB = 2 ** 40;

const space = (freeMib: number, more: Partial<Space> = {}): Space => ({
  totalBytes: 100 * GIB,
  freeBytes: freeMib * MIB,
  totalInodes: 10_000_000,
  freeInodes: 9_000_000,
  ...more,
});
const THRESHOLDS: Thresholds = { warnBytes: 200 * MIB, stopBytes: 100 * MIB, warnInodes: 1_000, stopInodes: 100 };

describe('thresholdsOf', () => {
  it.each([
    [64 * MIB, 12.8 * MIB, 6.4 * MIB],
    [2 * GIB, 256 * MIB, 128 * MIB],
    [20 * GIB, 2 * GIB, 0.6 * GIB],
    [100 * GIB, 10 * GIB, 2 * GIB],
    [2 * TIB, 10 * GIB, 2 * GIB],
  ])('a disk of %i bytes: warned below %i, stopped below %i', (totalBytes, warnBytes, stopBytes) => {
    const thresholds = thresholdsOf({}, { totalBytes, totalInodes: 0 });
    expect(thresholds.warnBytes).toBeCloseTo(warnBytes, -1);
    expect(thresholds.stopBytes).toBeCloseTo(stopBytes, -1);
  });

  it.each([
    ['both', { warnFreeBytes: 7, stopFreeBytes: 5 }, { warnBytes: 7, stopBytes: 5 }],
    ['a stop above the usual warning', { stopFreeBytes: 20 * GIB }, { warnBytes: 40 * GIB, stopBytes: 20 * GIB }],
    ['a warning below the usual stop', { warnFreeBytes: GIB }, { warnBytes: GIB, stopBytes: GIB / 2 }],
    ['never stopped', { stopFreeBytes: 0 }, { warnBytes: 10 * GIB, stopBytes: 0 }],
    ['neither', { warnFreeBytes: 0 }, { warnBytes: 0, stopBytes: 0 }],
  ])('takes what it is told: %s', (_, limits, expected) => {
    expect(thresholdsOf(limits, { totalBytes: 100 * GIB, totalInodes: 0 })).toMatchObject(expected);
  });

  it('keeps the second below the first on every disk', () => {
    for (let totalBytes = MIB; totalBytes < 2 ** 60; totalBytes *= 1.7) {
      const { warnBytes, stopBytes } = thresholdsOf({}, { totalBytes, totalInodes: 0 });
      expect(stopBytes).toBeLessThan(warnBytes);
      expect(warnBytes).toBeLessThan(totalBytes / 4);
    }
  });
});

describe('levelOf', () => {
  it.each<[Level, number, Level]>([
    ['enough', 200, 'enough'],
    ['enough', 199, 'little'],
    ['enough', 99, 'too-little'],
    ['little', 224, 'little'],
    ['little', 225, 'enough'],
    ['little', 100, 'little'],
    ['little', 99, 'too-little'],
    ['too-little', 149, 'too-little'],
    ['too-little', 150, 'little'],
    ['too-little', 225, 'enough'],
  ])('%s, then %i MiB free: %s', (before, freeMib, after) => {
    expect(levelOf(before, space(freeMib), THRESHOLDS)).toBe(after);
  });

  it.each<[Level, number, Level]>([
    ['enough', 999, 'little'],
    ['little', 99, 'too-little'],
    ['too-little', 549, 'too-little'],
    ['too-little', 550, 'little'],
  ])('%s, then %i inodes free: %s', (before, freeInodes, after) => {
    expect(levelOf(before, space(5_000, { freeInodes }), THRESHOLDS)).toBe(after);
  });

  it('knows file systems that do not count inodes', () => {
    expect(levelOf('enough', space(5_000, { totalInodes: 0, freeInodes: 0 }), { ...THRESHOLDS, warnInodes: 0, stopInodes: 0 })).toBe('enough');
  });

  it.each([0, 1])('never stops or warns below thresholds of 0 (%i bytes free)', (freeBytes) => {
    expect(levelOf('enough', space(0, { freeBytes }), { ...THRESHOLDS, warnBytes: 0, stopBytes: 0 })).toBe('enough');
  });
});

describe('pauseBeforeLookMs', () => {
  it.each<[Level, number, number]>([
    ['enough', 100_000, 30_000],
    ['enough', 100 + 5_120, 10_000],
    ['little', 100 + 512, 1_000],
    ['little', 101, 100],
    ['too-little', 10, 2_000],
  ])('%s with %i MiB free: %i ms', (level, freeMib, expected) => {
    expect(pauseBeforeLookMs(level, space(freeMib), THRESHOLDS, true)).toBe(expected);
  });

  it('looks in time for inodes, too', () => {
    expect(pauseBeforeLookMs('enough', space(100_000, { freeInodes: 100_100 }), THRESHOLDS, true)).toBe(1_000);
  });

  it('is in no hurry where nothing is stored', () => {
    expect(pauseBeforeLookMs('little', space(101), THRESHOLDS, false)).toBe(30_000);
  });

  it('leaves a store that fills the disk as fast as it can no time to fill it', () => {
    const bytesPerMs = (512 * MIB) / 1_000;
    for (const totalBytes of [2 * GIB, 20 * GIB, 2 * TIB]) {
      const thresholds = thresholdsOf({}, { totalBytes, totalInodes: 0 });
      let freeBytes = totalBytes;
      while (freeBytes >= thresholds.stopBytes) {
        freeBytes -= pauseBeforeLookMs('enough', { totalBytes, freeBytes, totalInodes: 0, freeInodes: 0 }, thresholds, true) * bytesPerMs;
      }
      expect(freeBytes).toBeGreaterThanOrEqual(thresholds.stopBytes - 52 * MIB);
    }
  });
});

describe('describeSpace', () => {
  it.each<[Level, Space, string[], string]>([
    ['little', space(150), ['go-carbon'], 'little space: 150 MiB of 100 GiB free under /d; below 100 MiB go-carbon is stopped, so that no data is damaged'],
    ['little', space(150), [], 'little space: 150 MiB of 100 GiB free under /d'],
    [
      'too-little',
      space(50),
      ['go-carbon'],
      'the disk is nearly full: 50.0 MiB of 100 GiB free under /d; go-carbon is stopped, so that no data is damaged, and started again by itself when 150 MiB are free',
    ],
    ['too-little', space(5_000, { freeInodes: 7 }), ['a', 'b'], 'the disk is nearly full: 7 of 10000000 inodes free under /d; a and b is stopped'],
    ['enough', space(5_000, { freeInodes: 90_000 }), ['a'], 'enough space again: 4.9 GiB of 100 GiB free under /d'],
  ])('%s', (level, free, stores, expected) => {
    expect(describeSpace(level, free, THRESHOLDS, '/d', stores)).toContain(expected);
  });
});

describe('DiskGuard, on the disk of this machine', () => {
  class FakeStore implements Guarded {
    readonly name: string;
    readonly spec: { storesIn: readonly string[] };
    held = '';
    constructor(name: string, ...storesIn: string[]) {
      this.name = name;
      this.spec = { storesIn };
    }
    hold(reason: string): void {
      this.held = reason;
    }
    release(): void {
      this.held = '';
    }
  }
  const ALL: number = 2 ** 60;

  const guarded = (): { guard: DiskGuard; store: FakeStore; web: FakeStore; lines: string[]; changes: () => number } => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'storage'));
    const [store, web] = [new FakeStore('store', join(root, 'storage')), new FakeStore('web')];
    const lines: string[] = [];
    let changes = 0;
    const guard = new DiskGuard({
      directories: [join(root, 'storage'), join(root, 'missing')],
      services: () => [store, web],
      onChange: () => (changes += 1),
      log: (line) => lines.push(line),
    });
    onTestFinished(() => guard.end());
    return { guard, store, web, lines, changes: () => changes };
  };

  it('warns, holds what stores there and nothing else, and releases it, telling each once', async () => {
    const { guard, store, web, lines, changes } = guarded();
    guard.configure({ warnFreeBytes: 0, stopFreeBytes: 0 });
    await guard.look();
    expect([guard.warnings, store.held, changes()]).toEqual([[], '', 0]);
    guard.configure({ warnFreeBytes: ALL, stopFreeBytes: 0 });
    await guard.look();
    await guard.look();
    expect(guard.warnings).toMatchObject([{ about: 'disk', message: expect.stringContaining('little space') as string }]);
    expect([store.held, lines.length]).toEqual(['', 1]);
    guard.configure({ warnFreeBytes: ALL, stopFreeBytes: ALL / 2 });
    await guard.look();
    await guard.look();
    expect([store.held, web.held]).toEqual([expect.stringContaining('nearly full'), '']);
    expect(lines).toHaveLength(2);
    guard.configure({ warnFreeBytes: 0, stopFreeBytes: 0 });
    await guard.look();
    expect([guard.warnings, store.held, web.held]).toEqual([[], '', '']);
    expect(lines.at(-1)).toContain('enough space again');
  });

  it('goes on looking when a directory cannot be looked at, leaves what stores there as it is, and notes it once', async () => {
    const { guard, store, web, lines } = guarded();
    const [storage] = store.spec.storesIn as [string];
    guard.configure({ warnFreeBytes: ALL, stopFreeBytes: ALL / 2 });
    await guard.look();
    expect(store.held).toContain('nearly full');
    renameSync(storage, `${storage}-away`);
    symlinkSync('storage', storage); // leads to itself: neither there nor missing
    guard.configure({ warnFreeBytes: 0, stopFreeBytes: 0 });
    await guard.look();
    await guard.look();
    expect([store.held, web.held]).toEqual([expect.stringContaining('nearly full'), '']);
    expect(lines.filter((line) => line.includes('ELOOP'))).toHaveLength(1);
    rmSync(storage);
    renameSync(`${storage}-away`, storage);
    await guard.look();
    expect(store.held).toBe('');
  });

  it('looks again by itself', async () => {
    const { guard, store } = guarded();
    guard.configure({ warnFreeBytes: ALL, stopFreeBytes: ALL / 2 });
    await guard.look();
    guard.configure({ warnFreeBytes: 0, stopFreeBytes: 0 });
    await expect.poll(() => store.held, { timeout: 10_000 }).toBe('');
  });
});
