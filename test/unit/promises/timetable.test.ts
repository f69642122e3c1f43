import { afterEach, describe, expect, it } from 'vitest';
import { delayOf } from '../../../src/promises/schedule.ts';
import { Timetable, type Entry, type Moment } from '../../../src/promises/timetable.ts';

const START = Date.parse('2026-03-10T12:00:30Z');
const MINUTE = 60_000;
const zone = process.env['TZ'];

afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const entry = (id: string, schedule = '* * * * *', jitterMs = 0, definition = ''): Entry => ({ id, schedule, jitterMs, definition });

/** Both clocks go on together, unless one is told otherwise. */
class Clocks {
  wallMs: number;
  steadyMs = 1000;
  constructor(wallMs = START) {
    this.wallMs = wallMs;
  }
  get now(): Moment {
    return { wallMs: this.wallMs, steadyMs: this.steadyMs };
  }
  pass(ms: number): Moment {
    this.wallMs += ms;
    this.steadyMs += ms;
    return this.now;
  }
}

function begun(entries: Entry[], clocks = new Clocks()): { table: Timetable; clocks: Clocks; times: (forMs: number) => Record<string, number[]> } {
  const table = new Timetable(clocks.now);
  table.configure(entries, clocks.now);
  table.release(clocks.now);
  const times = (forMs: number): Record<string, number[]> => {
    const seen: Record<string, number[]> = {};
    for (const end = clocks.wallMs + forMs; clocks.wallMs < end;) for (const id of table.due(clocks.pass(1000))) (seen[id] ??= []).push(clocks.wallMs);
    return seen;
  };
  return { table, clocks, times };
}

describe('a timetable', () => {
  it('has first checks soon and one after the other, then each on its own schedule', () => {
    const { times } = begun([entry('a'), entry('b', '*/5 * * * *')]);
    const seen = times(11 * MINUTE);
    expect(seen['a']![0]).toBe(START + 1000);
    expect(seen['b']![0]).toBe(START + 2000);
    expect(seen['b']!.slice(1).map((ms) => new Date(ms).toISOString().slice(11, 19))).toEqual(['12:05:00', '12:10:00']);
    expect(seen['a']).toHaveLength(12);
  });

  it('has no more than a few of many start together', () => {
    const { times } = begun(Array.from({ length: 200 }, (_, index) => entry(`p${index}`)));
    const first = Object.values(times(61_000)).map((seen) => seen[0]!);
    expect(first).toHaveLength(200);
    const perSecond = Map.groupBy(first, (ms) => ms);
    expect(Math.max(...[...perSecond.values()].map((list) => list.length))).toBeLessThanOrEqual(4);
  });

  it('delays each by an amount of its own that is always the same', () => {
    const { times } = begun([entry('a', '* * * * *', 30_000)]);
    const delay = delayOf('a', 30_000);
    expect(delay).toBeGreaterThan(0);
    expect(delay).toBeLessThan(30_000);
    const seconds = times(5 * MINUTE)
      ['a']!.slice(1)
      .map((ms) => ms % MINUTE);
    expect(new Set(seconds)).toEqual(new Set([Math.ceil(delay / 1000) * 1000]));
  });

  it('keeps first checks until it may', () => {
    const clocks = new Clocks();
    const table = new Timetable(clocks.now);
    table.configure([entry('a')], clocks.now);
    expect(table.due(clocks.pass(10 * 1000))).toEqual([]);
    table.release(clocks.now);
    expect(table.due(clocks.pass(1000))).toEqual(['a']);
  });

  it('leaves what is not changed as it was', () => {
    const { table, clocks } = begun([entry('a'), entry('b')]);
    clocks.pass(5000);
    table.due(clocks.now);
    const due = table.nextMs('a');
    table.configure([entry('a'), entry('b', '0 0 * * *')], clocks.now);
    expect(table.nextMs('a')).toBe(due);
    expect(table.nextMs('b')).toBe(clocks.wallMs + 1000);
    table.configure([], clocks.now);
    expect(table.nextMs('a')).toBeNull();
    expect(table.soonestMs).toBe(Infinity);
  });

  it.each(['nonsense', '* * * *', '* * * * * *', '61 * * * *', ''])('says what is wrong with the schedule "%s", and the rest goes on', (schedule) => {
    const clocks = new Clocks();
    const table = new Timetable(clocks.now);
    expect(table.configure([entry('a', schedule), entry('b')], clocks.now)).toEqual([expect.stringContaining('a: its schedule')]);
    table.release(clocks.now);
    expect(table.due(clocks.pass(5000))).toEqual(['b']);
  });

  it('takes one that never comes as never due by itself', () => {
    const { table, clocks } = begun([entry('a', '0 0 30 2 *')]);
    expect(table.due(clocks.pass(2000))).toEqual(['a']);
    expect(table.nextMs('a')).toBeNull();
  });
});

describe('a clock that is set', () => {
  it('back does not stop it', () => {
    const { clocks, times } = begun([entry('a')]);
    times(2 * MINUTE);
    clocks.wallMs -= 3 * 3_600_000;
    expect(times(3 * MINUTE)['a']!.length).toBeGreaterThanOrEqual(3);
  });

  it('back by a second does not check twice', () => {
    const { clocks, times } = begun([entry('a')]);
    times(35_000); // 12:01:00 was due
    clocks.wallMs = Math.floor(clocks.wallMs / MINUTE) * MINUTE - 1000;
    expect(times(30_000)['a'] ?? []).toEqual([]);
  });

  it('forward, or a machine that slept, makes up for each that was missed once, one after the other', () => {
    const { table, clocks, times } = begun(Array.from({ length: 30 }, (_, index) => entry(`p${index}`, index < 20 ? '* * * * *' : '0 13 * * *')));
    times(MINUTE);
    clocks.wallMs += 5 * 3_600_000; // past 13:00 and 300 runs of each of the others
    const atOnce = table.due(clocks.pass(1));
    expect(atOnce).toEqual([]);
    const seen = times(31_000);
    expect(
      Object.values(seen)
        .map((list) => list.length)
        .every((count) => count <= 2),
    ).toBe(true);
    expect(Object.keys(seen)).toHaveLength(30);
    expect(new Date(table.nextMs('p29')!).toISOString()).toBe('2026-03-11T13:00:00.000Z');
  });

  it('does not care that it was not asked for a while', () => {
    const { table, clocks } = begun([entry('a')]);
    clocks.pass(10 * MINUTE);
    expect(table.due(clocks.now)).toEqual([]);
    expect(table.due(clocks.pass(1000))).toEqual(['a']);
    expect(table.due(clocks.pass(1000))).toEqual([]);
  });
});

describe('the machine’s time zone', () => {
  const localTimes = (tz: string, from: string, schedule: string, days: number): string[] => {
    process.env['TZ'] = tz;
    const clocks = new Clocks(Date.parse(from));
    const table = new Timetable(clocks.now);
    table.configure([entry('a', schedule)], clocks.now);
    table.release(clocks.now);
    table.due(clocks.pass(1000));
    const seen: string[] = [];
    for (const end = clocks.wallMs + days * 86_400_000; clocks.wallMs < end;)
      if (table.due(clocks.pass(30_000)).length > 0) seen.push(new Date(clocks.wallMs).toISOString());
    return seen;
  };

  it('decides what 03:30 is, across the change to summer time', () => {
    expect(localTimes('Europe/Berlin', '2026-03-28T12:00:00Z', '30 3 * * *', 2).map((text) => text.slice(0, 16))).toEqual([
      '2026-03-29T01:30',
      '2026-03-30T01:30',
    ]);
  });

  it('checks once a day also in the hours that there are not, or twice', () => {
    expect(localTimes('Europe/Berlin', '2026-03-28T12:00:00Z', '30 2 * * *', 2)).toHaveLength(2);
    expect(localTimes('Europe/Berlin', '2026-10-24T12:00:00Z', '30 2 * * *', 2)).toHaveLength(2);
  });
});

it('makes due soon what checks something else from now on, and what was interrupted', () => {
  const daily = '0 3 * * *';
  const { table, clocks } = begun([entry('a', daily)]);
  const inMs = (): number => (table.nextMs('a') ?? 0) - clocks.wallMs;
  expect(table.due(clocks.pass(10_000))).toEqual(['a']);
  expect(inMs()).toBeGreaterThan(60 * MINUTE);
  table.configure([entry('a', daily, 0, 'another')], clocks.now);
  expect(inMs()).toBeLessThanOrEqual(MINUTE);
  expect(table.due(clocks.pass(50_000))).toEqual(['a']);
  table.again('a', clocks.now);
  expect(table.due(clocks.pass(1))).toEqual(['a']);
  expect(inMs()).toBeGreaterThan(60 * MINUTE);
});
