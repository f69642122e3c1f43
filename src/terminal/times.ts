/*
 * Times as people type them. They are counted from here on and asked for as seconds since the epoch: a day of Graphite's
 * is one of the query service's time zone, and what somebody types is in their own.
 */

const SECONDS: Record<string, number> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800, mon: 2_592_000, y: 31_536_000 };

const RELATIVE = /^-?(\d{1,6}(?:\.\d{1,3})?)(s|min|m|h|d|w|mon|y)$/;
const DATE = /^(\d{4})-?(\d{2})-?(\d{2})(?:[T _](\d{2}):(\d{2})(?::(\d{2}))?)?(Z)?$/;

/** What is understood, as the end of a sentence. */
export const TIMES_IN_WORDS =
  'a time back such as -90min, -6h or -7d, "now", "today", "yesterday", 14:30, 2026-11-21, "2026-11-21 14:30" or seconds since the epoch';

/** A time as seconds since the epoch; undefined when it is none. Local time, where none is named. */
export function readTime(text: string, nowMs: number): number | undefined {
  const now = new Date(nowMs);
  const at = (hours: number, minutes: number, days = 0): number =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hours, minutes).getTime() / 1000;
  if (text === 'now') return Math.floor(nowMs / 1000);
  if (text === 'today') return at(0, 0);
  if (text === 'yesterday') return at(0, 0, -1);
  if (/^\d{9,11}$/.test(text)) return Number(text);
  const [, count, unit = ''] = RELATIVE.exec(text) ?? [];
  if (count !== undefined) return Math.floor(nowMs / 1000 - Number(count) * (SECONDS[unit] ?? NaN));
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  if (hours !== undefined) return Number(hours) < 24 && Number(minutes) < 60 ? at(Number(hours), Number(minutes)) : undefined;
  return readDate(text);
}

function readDate(text: string): number | undefined {
  const found = DATE.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1, 7).map((part) => Number(part ?? 0));
  if (hours > 23 || minutes > 59 || seconds > 59 || year < 1971) return undefined;
  const isUtc = found[7] === 'Z';
  const date = isUtc ? new Date(Date.UTC(year, month - 1, day, hours, minutes, seconds)) : new Date(year, month - 1, day, hours, minutes, seconds);
  const isInCalendar = isUtc ? date.getUTCMonth() === month - 1 && date.getUTCDate() === day : date.getMonth() === month - 1 && date.getDate() === day;
  return isInCalendar ? date.getTime() / 1000 : undefined;
}
