import { coloured, type Colour } from '../../base/terminal.ts';
import type { PromiseStatus } from '../../contract/promise.ts';

/*
 * How dkm's commands write what they know of promises.
 */

const COLOUR_OF_STATE: Record<PromiseStatus['state'], Colour> = { ok: 'green', failed: 'red', 'no-data': 'yellow', pending: 'grey' };

/** A state, coloured where there are colours. */
export function stateInColour(state: PromiseStatus['state']): string {
  return coloured(state, COLOUR_OF_STATE[state]);
}

/** The first line of a message, as much of it as fits beside the rest of a table. */
export function firstLine(message: string): string {
  const [line = '', ...more] = message.split('\n');
  const wanted = process.stdout.isTTY ? Math.max(30, (process.stdout.columns || 80) - 50) : 200;
  return line.length > wanted ? `${line.slice(0, wanted - 1)}…` : `${line}${more.length > 0 ? ' …' : ''}`;
}

/** `48 ms`, `1.2 s`. */
export function millisecondsInWords(ms: number | null): string {
  if (ms === null) return '-';
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** A time of the machine's clock, as `2026-01-31 08:05:09`. */
export function timeInWords(ms: number | null): string {
  if (ms === null) return '-';
  const [date = '', time = ''] = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().split(/[T.]/);
  return `${date} ${time}`;
}
