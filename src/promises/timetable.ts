import { delayed, delayOf, scheduleReader, type Schedule } from './schedule.ts';

/*
 * Which promises are due. It is asked often, with the clock on the wall and one that nobody sets: where they disagree, the
 * clock was set or the machine slept, and what was missed is made up for once, spread over a while. Pure.
 */

/** What stands in a timetable. */
export interface Entry {
  id: string;
  schedule: string;
  jitterMs: number;
  /** What is checked: another one is due soon. */
  definition: string;
}

/** The two clocks, in milliseconds: since the epoch, and since whenever. */
export interface Moment {
  wallMs: number;
  steadyMs: number;
}

/** First runs, and those that were missed, come within so much. */
const SPREAD_AT_MOST_MS = 60_000;
const SPREAD_EACH_MS = 1_000;
/** Smaller steps of the clock are corrections, as ntpd makes them. */
const STEP_MS = 5_000;
/** It is asked every few seconds; after a longer gap it was asleep, though both clocks went on. */
const GAP_MS = 60_000;

interface Row extends Entry {
  next: Schedule;
  /** Null: never by itself. */
  dueMs: number | null;
  /** It was not due yet since it stands here. */
  isFirst: boolean;
}

export class Timetable {
  #rows = new Map<string, Row>();
  #last: Moment;
  /** First runs wait until it is said that they need not. */
  #isHeld = true;

  constructor(moment: Moment) {
    this.#last = moment;
  }

  /** Takes up what is to be checked from now on; returns what is wrong with schedules, of which none is ever due. */
  configure(entries: readonly Entry[], { wallMs }: Moment): string[] {
    const read = scheduleReader();
    const faults: string[] = [];
    const before = this.#rows;
    const added = entries.filter((entry) => !isSame(before.get(entry.id), entry));
    const firstMs = new Map(spread(added, wallMs));
    this.#rows = new Map();
    for (const entry of entries) {
      const known = before.get(entry.id);
      const dueMs = firstMs.get(entry.id);
      if (known && dueMs === undefined) {
        this.#rows.set(entry.id, known);
        continue;
      }
      try {
        this.#rows.set(entry.id, { ...entry, next: delayed(read(entry.schedule), delayOf(entry.id, entry.jitterMs)), dueMs: dueMs ?? wallMs, isFirst: true });
      } catch (error) {
        faults.push(`${entry.id}: its schedule "${entry.schedule}" cannot be used: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return faults;
  }

  /** First runs may come. */
  release({ wallMs }: Moment): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const firsts = [...this.#rows.values()].filter(({ isFirst }) => isFirst);
    this.#spread(firsts, wallMs);
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** What is due, the longest first; each is due again when its schedule says so next. */
  due(moment: Moment): string[] {
    this.#noticeSteps(moment);
    const due = [...this.#rows.values()].filter(({ dueMs, isFirst }) => dueMs !== null && dueMs <= moment.wallMs && !(isFirst && this.#isHeld));
    due.sort((a, b) => (a.dueMs ?? 0) - (b.dueMs ?? 0));
    for (const row of due) this.#moveOn(row, moment.wallMs);
    return due.map(({ id }) => id);
  }

  /** Makes it due now. */
  again(id: string, { wallMs }: Moment): void {
    const row = this.#rows.get(id);
    if (row?.dueMs != null) row.dueMs = Math.min(row.dueMs, wallMs);
  }

  /** When it is due, in milliseconds since the epoch; null: never by itself. */
  nextMs(id: string): number | null {
    return this.#rows.get(id)?.dueMs ?? null;
  }

  /** When something is due next; Infinity: never. */
  get soonestMs(): number {
    return Math.min(...[...this.#rows.values()].map(({ dueMs, isFirst }) => (isFirst && this.#isHeld ? Infinity : (dueMs ?? Infinity))));
  }

  #moveOn(row: Row, wallMs: number): void {
    row.isFirst = false;
    // After a small step back of the clock the time it was just due at comes again.
    row.dueMs = row.next(Math.max(wallMs, row.dueMs ?? 0));
  }

  #noticeSteps(moment: Moment): void {
    const wall = moment.wallMs - this.#last.wallMs;
    const steady = moment.steadyMs - this.#last.steadyMs;
    this.#last = moment;
    if (Math.abs(wall - steady) <= STEP_MS && steady <= GAP_MS) return;
    const rows = [...this.#rows.values()].filter(({ dueMs }) => dueMs !== null);
    const missed = rows.filter(({ dueMs, isFirst }) => isFirst || (dueMs ?? 0) <= moment.wallMs);
    for (const row of rows) if (!missed.includes(row)) row.dueMs = row.next(moment.wallMs);
    this.#spread(missed, moment.wallMs);
  }

  #spread(rows: readonly Row[], wallMs: number): void {
    const times = new Map(spread(rows, wallMs));
    for (const row of rows) row.dueMs = times.get(row.id) ?? wallMs;
  }
}

function isSame(known: Row | undefined, entry: Entry): boolean {
  return known !== undefined && known.schedule === entry.schedule && known.jitterMs === entry.jitterMs && known.definition === entry.definition;
}

/** A time for each, from now on, one after the other. */
function spread(entries: readonly Pick<Entry, 'id'>[], fromMs: number): [string, number][] {
  const eachMs = Math.min(SPREAD_EACH_MS, SPREAD_AT_MOST_MS / Math.max(1, entries.length));
  return entries.map(({ id }, index) => [id, Math.round(fromMs + (index + 1) * eachMs)]);
}
