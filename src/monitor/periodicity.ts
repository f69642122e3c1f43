import { Cron } from 'croner';

const DEFAULT_MINUTES = 2;
const known = new Map<string, number>();

/** Minutes between two runs by a cron expression, the next two; SlapOS's default of 2 for one that is none or runs once. */
export function minutesBetween(schedule: string): number {
  const minutes = known.get(schedule) ?? nextTwo(schedule);
  known.set(schedule, minutes);
  return minutes;
}

function nextTwo(schedule: string): number {
  try {
    const [first, second] = new Cron(schedule, { mode: '5-part', paused: true }).nextRuns(2);
    return first && second ? (second.getTime() - first.getTime()) / 60_000 : DEFAULT_MINUTES;
  } catch {
    return DEFAULT_MINUTES; // the runner says what is wrong with it
  }
}
