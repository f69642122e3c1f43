import { spanInWords } from '../base/terminal.ts';
import { fileBytesOf, type Shape } from '../whisper/format.ts';
import type { Loss } from '../whisper/losses.ts';

/*
 * Retentions, and what becomes of them, as people say it.
 */

const UNITS: [seconds: number, unit: string][] = [
  [31_536_000, 'y'],
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
];

/** A span in the largest unit that leaves no rest, the way it stands in storage-schemas.conf: `10 s`, `7 d`, `1 y`. */
export function exactSpan(seconds: number): string {
  const [size, unit] = UNITS.find(([size]) => seconds >= size && seconds % size === 0) ?? [1, 's'];
  return `${seconds / size} ${unit}`;
}

/** `every 10 s for 6 h, every 1 m for 7 d`. */
export function retentionsInWords(archives: Shape['archives']): string {
  return archives.map(({ stepSeconds, points }) => `every ${exactSpan(stepSeconds)} for ${exactSpan(stepSeconds * points)}`).join(', ');
}

/** `what is older than 7 d goes`, `from 6 h to 7 d back, 1 m in place of 10 s`. */
export function lossInWords({ fromSeconds, untilSeconds, stepSeconds, newStepSeconds }: Loss): string {
  if (newStepSeconds === undefined) return `what is older than ${exactSpan(fromSeconds)} goes`;
  return `${fromSeconds === 0 ? 'up' : `from ${exactSpan(fromSeconds)}`} to ${exactSpan(untilSeconds)} back, a point every ${exactSpan(newStepSeconds)} in place of every ${exactSpan(stepSeconds)}`;
}

/** `about 12 m 5 s`, never nothing. */
export function aboutSpan(seconds: number): string {
  return seconds < 1 ? 'less than a second' : `about ${spanInWords(Math.ceil(seconds))}`;
}

/** Bytes of the file of a metric that is kept so, when it is full. */
export function bytesOfMetric(rule: Pick<Shape, 'archives'>): number {
  return fileBytesOf(rule);
}
