/** Minutes of the day, from 0; the end may be 24:00. */
interface Hours {
  from: number;
  to: number;
}

const CLOCK = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/;

/** Reads "22:00-06:30"; undefined when it is no such span, or an empty one. Over midnight when it ends before it begins. */
export function parseQuietHours(text: string): Hours | undefined {
  const match = CLOCK.exec(text);
  if (!match) return undefined;
  const from = Number(match[1]) * 60 + Number(match[2]);
  const to = match[3] === undefined ? 24 * 60 : Number(match[3]) * 60 + Number(match[4]);
  return from === to ? undefined : { from, to };
}

/** True when these spans leave no minute of the day: nothing would ever be told. */
export function coverTheDay(texts: readonly string[]): boolean {
  const spans = texts.flatMap((text) => parseQuietHours(text) ?? []);
  return Array.from({ length: 24 * 60 }, (_, minute) => minute).every((minute) => spans.some((span) => isWithin(span, minute)));
}

function isWithin({ from, to }: Hours, minute: number): boolean {
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/**
 * When the quiet that holds at `nowMs` ends, by the clock on the wall (the machine's time zone, summer time and all);
 * undefined when it is not quiet. Spans that follow each other are one. Pure but for the time zone.
 */
export function quietUntil(texts: readonly string[], nowMs: number): number | undefined {
  const spans = texts.flatMap((text) => parseQuietHours(text) ?? []);
  let end: number | undefined;
  for (let at = nowMs, turns = 0; turns <= spans.length; turns += 1) {
    const span = spans.find((candidate) => isWithin(candidate, minuteOf(at)));
    if (!span) break;
    at = end = endOf(span, at);
  }
  return end;
}

function minuteOf(ms: number): number {
  const date = new Date(ms);
  return date.getHours() * 60 + date.getMinutes();
}

/** The next time after `ms` at which the wall clock shows the span's end. One that a change of time skips is shown by the clock an hour on. */
function endOf({ to }: Hours, ms: number): number {
  const date = new Date(ms);
  const days = minuteOf(ms) < to ? 0 : 1;
  const end = new Date(date.getFullYear(), date.getMonth(), date.getDate() + days, Math.floor(to / 60), to % 60).getTime();
  // Where the clock is put back an hour repeats, and its first passing may be over.
  return end > ms ? end : end + 3_600_000;
}
