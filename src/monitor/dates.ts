/*
 * The dates of SlapOS's files. Its tools write UTC with the offset since November 2018, and local time in logs.
 */

/** `2026-11-21T10:15:02+0000`: seconds, UTC. */
export function toDate(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}+0000`;
}

/** Milliseconds of a date as above, with another offset or none (UTC then, as before 2018); undefined when it is no date. */
export function fromDate(text: string): number | undefined {
  const [, moment, sign, hours, minutes] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:([+-])(\d\d):?(\d\d))?Z?$/.exec(text) ?? [];
  const timeMs = Date.parse(`${moment}Z`);
  if (moment === undefined || Number.isNaN(timeMs)) return undefined;
  const offsetMs = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === '-' ? timeMs + offsetMs : timeMs - offsetMs;
}

/** `Sat, 21 Nov 2026 10:15:02 +0000`, as RSS and OPML want it (RFC 822 with four digits of the year). */
export function toMailDate(timeMs: number): string {
  return new Date(timeMs).toUTCString().replace('GMT', '+0000');
}

/** `2026-11-21 11:15:02` in the machine's time zone, as the runner's logs have it. */
export function toLocalDate(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
