import { Cron } from 'croner';

/*
 * How often a promise is checked: cron expressions with five fields, read by the same library as the runner's.
 */

/** As in the contract of SlapOS, for what is not ours. */
export const EVERY_MINUTE = '* * * * *';
/** Built-in kinds: nobody needs everything every minute. */
export const EVERY_FIVE_MINUTES = '*/5 * * * *';

/** Runs begin up to this part of the pause between two of them later. */
const JITTER_PART = 0.5;
const LONGEST_JITTER_MS = 300_000;

/** What a cron expression means: how much later runs may begin, in milliseconds, or what is wrong with it. */
export type ReadFrequency = { jitterMs: number } | { fault: string };

const known = new Map<string, ReadFrequency>();

/** Reads a cron expression with five fields. */
export function readFrequency(expression: string): ReadFrequency {
  const read = known.get(expression) ?? readOnce(expression);
  known.set(expression, read);
  return read;
}

function readOnce(expression: string): ReadFrequency {
  const expected = 'expected a cron expression with five fields, such as "*/10 * * * *"';
  if (expression.trim().split(/\s+/).length !== 5) return { fault: `${expected}, found "${expression}"` };
  try {
    // A fixed time, so that the same text always means the same.
    const runs = new Cron(expression, { mode: '5-part', paused: true }).nextRuns(8, new Date(2026, 0, 1));
    if (runs.length === 0) return { fault: `"${expression}" is never due` };
    const pauses = runs.slice(1).map((run, index) => run.getTime() - (runs[index]?.getTime() ?? 0));
    return { jitterMs: Math.floor(Math.min(LONGEST_JITTER_MS, JITTER_PART * Math.min(...pauses, Infinity))) };
  } catch (error) {
    return { fault: `${expected}, found "${expression}" (${error instanceof Error ? error.message : String(error)})` };
  }
}
