import type { Series } from '../../../src/terminal/series.ts';

/** A Saturday, 15:00 UTC. */
export const FROM_S = Date.UTC(2026, 10, 21, 15) / 1000;

/** A series of one point every `stepS` seconds, from FROM_S on. */
export function series(name: string, count: number, value: (index: number) => number | null, stepS = 10, fromS = FROM_S): Series {
  return { name, points: Array.from({ length: count }, (_, index) => [fromS + index * stepS, value(index)] as const) };
}

/** What a terminal shows of a line: without the sequences that colour it. */
export function withoutColours(line: string): string {
  return line.replace(/\u001b\[[\d;]*m/g, '');
}
