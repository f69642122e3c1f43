import { formatClock, formatDuration } from './format.ts';

const EVERY_MS = 5_000;

/** How far the server's clock is ahead of this machine's, in milliseconds. */
let aheadMs = 0;

/** Takes the server's clock from what it rendered, and keeps every time on the page true from now on. */
export function keepTimes(): void {
  tellTimes();
  setInterval(() => !document.hidden && tellTimes(), EVERY_MS);
  document.addEventListener('visibilitychange', () => !document.hidden && tellTimes());
}

/** The server said what time it is. */
export function setServerClock(nowMs: number): void {
  if (Number.isFinite(nowMs)) aheadMs = nowMs - Date.now();
}

/** Writes every time as it is now, in the reader's time zone. */
export function tellTimes(within: ParentNode = document): void {
  const nowMs = Date.now() + aheadMs;
  for (const time of within.querySelectorAll<HTMLTimeElement>('time[datetime]')) {
    const atMs = Date.parse(time.dateTime);
    if (Number.isNaN(atMs)) continue;
    const text = textOf(time, atMs, nowMs);
    if (text !== undefined && time.textContent !== text) time.textContent = text;
  }
}

function textOf({ dataset }: HTMLTimeElement, atMs: number, nowMs: number): string | undefined {
  if ('since' in dataset) return formatDuration(nowMs - atMs);
  if ('clock' in dataset) return formatClock(atMs);
  if ('when' in dataset) return whenHere(atMs);
  if (!('ago' in dataset)) return undefined;
  const distance = nowMs - atMs;
  if (Math.abs(distance) < 1000) return 'now';
  return distance > 0 ? `${formatDuration(distance)} ago` : `in ${formatDuration(-distance)}`;
}

function whenHere(atMs: number): string {
  const date = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
