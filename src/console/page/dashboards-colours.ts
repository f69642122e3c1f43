import type { Display } from '../dashboards/model.ts';
import { cssColour } from './series-plot.ts';

/** Grafana's names of colours, as those of the style sheet that come near; both schemes are legible then. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['red', 'line-5'],
  ['orange', 'line-2'],
  ['yellow', 'line-7'],
  ['green', 'line-3'],
  ['blue', 'line-1'],
  ['purple', 'line-4'],
  ['text', 'text'],
  ['white', 'text'],
  ['black', 'text'],
  ['gray', 'quiet'],
  ['grey', 'quiet'],
  ['transparent', 'text'],
]);

/** A colour of a dashboard, as this page shows it; undefined for none, or for one that is not known. */
export function shownColour(colour: string): string | undefined {
  if (/^#[0-9a-f]{3,8}$/i.test(colour) || /^rgba?\([\d.,\s%/]+\)$/i.test(colour)) return colour;
  const name = NAMED.get(colour.replace(/^(super-light|light|semi-dark|dark)-/, ''));
  return name === undefined ? undefined : cssColour(name);
}

/** The colour that thresholds give a value. */
export function thresholdColour(value: number | null, display: Pick<Display, 'thresholds' | 'thresholdsInPercent' | 'min' | 'max' | 'colour'>): string {
  const fixed = shownColour(display.colour);
  if (fixed !== undefined) return fixed;
  const [low, high] = [display.min ?? 0, display.max ?? 100];
  const at = value === null ? null : display.thresholdsInPercent ? ((value - low) / (high - low)) * 100 : value;
  const reached = at === null ? undefined : display.thresholds.filter(({ from }) => from === null || from <= at).at(-1);
  return shownColour(reached?.colour ?? '') ?? cssColour('text');
}
