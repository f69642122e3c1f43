import { html } from 'hono/html';
import type { Wellbeing } from '../answers.ts';
import { formatDuration } from '../page/format.ts';
import { icon } from './icons.ts';
import type { Html } from './shell.ts';

/* Small pieces that every page is made of. */

/** How something is: icon, word and colour. */
export function statePill(wellbeing: Wellbeing, word: string): Html {
  return html`<span class="state ${wellbeing}">${icon(wellbeing)}${word}</span>`;
}

/** A time of day to the second, in the server's time zone; scripts put it into the reader's. */
export function clock(atMs: number): Html {
  const date = new Date(atMs);
  const time = date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  return html`<time datetime="${date.toISOString()}" data-clock title="${whenInWords(atMs)}">${time}</time>`;
}

/** "3 min ago", kept true by scripts; the exact time stands in its title. */
export function ago(atMs: number | null, nowMs: number): Html {
  if (atMs === null) return html`<span class="quiet">never</span>`;
  return html`<time datetime="${new Date(atMs).toISOString()}" data-ago title="${whenInWords(atMs)}">${agoInWords(atMs, nowMs)}</time>`;
}

/** "3 min": how long something lasts by now, kept true by scripts. */
export function lasting(sinceMs: number | null, nowMs: number): Html {
  if (sinceMs === null) return html`<span class="quiet">–</span>`;
  return html`<time datetime="${new Date(sinceMs).toISOString()}" data-since title="since ${whenInWords(sinceMs)}">${formatDuration(nowMs - sinceMs)}</time>`;
}

/** How far away a moment is, in words: "3 min ago", "in 12 s". Pure. */
export function agoInWords(atMs: number, nowMs: number): string {
  const distance = nowMs - atMs;
  if (Math.abs(distance) < 1000) return 'now';
  return distance > 0 ? `${formatDuration(distance)} ago` : `in ${formatDuration(-distance)}`;
}

/** A moment as people write it, with its time zone. */
export function whenInWords(atMs: number): string {
  return new Date(atMs).toLocaleString('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });
}

/** A moment as a date and a time; scripts put it into the reader's time zone. */
export function moment(atMs: number): Html {
  const date = new Date(atMs);
  const text = `${date.toLocaleDateString('sv-SE')} ${date.toLocaleTimeString('sv-SE')}`;
  return html`<time datetime="${date.toISOString()}" data-when title="${whenInWords(atMs)}">${text}</time>`;
}
