import { html } from 'hono/html';
import { formatDuration } from '../page/format.ts';
import type { Slot, Strip } from '../picture/promise-history.ts';
import type { Html } from './shell.ts';

const SLOT = 8;
const HEIGHT = 20;
const SHOWN: readonly Slot[] = ['unknown', 'ok', 'no-data', 'failed'];

/** A row of small bars, one for each part of the time, and the same in words for whoever does not see it. */
export function stripPicture(strip: Strip, span: string): Html {
  const width = strip.slots.length * SLOT;
  return html`<svg class="strip" role="img" aria-label="${stripInWords(strip, span)}" viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none">
    ${SHOWN.map((state) => {
      const path = pathOf(strip.slots, state);
      return path === '' ? '' : html`<path class="${state}" d="${path}" />`;
    })}
  </svg>`;
}

/** What a strip shows, as a sentence. Pure. */
export function stripInWords({ slots, brokenMs, breaks }: Strip, span: string): string {
  if (slots.every((slot) => slot === 'unknown')) return `${span}: nothing is known.`;
  if (breaks > 0) return `${span}: broken ${breaks === 1 ? 'once' : `${breaks} times`}, ${formatDuration(brokenMs)} in all.`;
  return slots.includes('no-data') ? `${span}: no data for a part of it, never broken.` : `${span}: kept.`;
}

/** A line along every run of equal bars; dashes (style.css) make bars of it, so that a strip of hours is a few characters. */
function pathOf(slots: readonly Slot[], wanted: Slot): string {
  const runs: string[] = [];
  slots.forEach((slot, index) => {
    if (slot !== wanted || slots[index - 1] === wanted) return;
    let end = index;
    while (slots[end] === wanted) end += 1;
    runs.push(`M${index * SLOT} ${HEIGHT / 2}H${end * SLOT}`);
  });
  return runs.join('');
}
