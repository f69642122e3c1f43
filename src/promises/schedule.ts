import { createHash } from 'node:crypto';
import { Cron } from 'croner';

/*
 * When promises are checked: cron expressions with five fields, in the machine's time zone, each with a delay of its own.
 */

/** The first time after a time at which something is due (milliseconds since the epoch); null: never. */
export type Schedule = (afterMs: number) => number | null;

/**
 * Reads cron expressions, each once: what croner keeps of one takes about 80 kB. What it gives throws for a text that is
 * no expression with five fields.
 */
export function scheduleReader(): (text: string) => Schedule {
  const known = new Map<string, Schedule>();
  return (text) => {
    const schedule = known.get(text) ?? scheduleOf(text);
    known.set(text, schedule);
    return schedule;
  };
}

function scheduleOf(text: string): Schedule {
  const cron = new Cron(text, { mode: '5-part', paused: true });
  return (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() ?? null;
}

/** A schedule of which everything is that much later. Pure. */
export function delayed(schedule: Schedule, delayMs: number): Schedule {
  return (afterMs) => {
    const next = schedule(afterMs - delayMs);
    return next === null ? null : next + delayMs;
  };
}

/** By how much a promise is later than its expression says: the same every time, and up to `jitterMs`. Pure. */
export function delayOf(id: string, jitterMs: number): number {
  const share = createHash('sha256').update(id).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(share * jitterMs);
}
