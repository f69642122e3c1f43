import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** Drawn once in each page and used by name; colours come from the text around them. */
const SHAPES = {
  good: '<circle cx="8" cy="8" r="7.2"/><path d="m4.8 8.3 2.2 2.2 4.3-4.7"/>',
  bad: '<path d="M8 1.2 15.4 14.4H.6Z"/><path d="M8 6v3.8M8 12v.1"/>',
  warning: '<path d="M5.2.8h5.6l4.4 4.4v5.6l-4.4 4.4H5.2L.8 10.8V5.2Z"/><path d="M8 4.3v4.4M8 11.5v.1"/>',
  busy: '<circle cx="8" cy="8" r="7.2"/><path d="M8 4v4.2l2.7 1.7"/>',
  off: '<rect x=".8" y=".8" width="14.4" height="14.4" rx="3"/><path d="M5 8h6"/>',
  unknown: '<path d="M8 .6 15.4 8 8 15.4.6 8Z"/><path d="M6.4 6.6a1.6 1.6 0 1 1 2.3 1.4c-.5.3-.7.6-.7 1.1M8 11.2v.1"/>',
} as const;

/** Names of the icons: one for each way something can be (src/console/answers.ts, Wellbeing). */
export type IconName = keyof typeof SHAPES;

/** The drawings themselves, to stand once at the beginning of a page. */
export const ICON_SHAPES: HtmlEscapedString = raw(
  `<svg hidden>${Object.entries(SHAPES)
    .map(([name, shape]) => `<symbol id="icon-${name}" viewBox="0 0 16 16">${shape}</symbol>`)
    .join('')}</svg>`,
);

/** An icon for the eye alone: what it says must stand beside it in words. */
export function icon(name: IconName): HtmlEscapedString | Promise<HtmlEscapedString> {
  return html`<svg class="icon" aria-hidden="true"><use href="#icon-${name}"></use></svg>`;
}
