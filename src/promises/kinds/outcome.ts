import type { PromiseOutcome } from '../../contract/promise.ts';

/*
 * Outcomes in a word. Messages stay the same while nothing changes, as each new one is a line of history: figures that
 * move go to `values`.
 */

/** What was measured, by name; figures that are not there are left out. */
export type Values = Readonly<Record<string, number | undefined>>;

/** As promised. */
export function kept(message: string, values?: Values): PromiseOutcome {
  return outcome('ok', message, values);
}

/** Not as promised. */
export function broken(message: string, values?: Values): PromiseOutcome {
  return outcome('failed', message, values);
}

/** Nobody can tell. */
export function unknown(message: string, values?: Values): PromiseOutcome {
  return outcome('no-data', message, values);
}

function outcome(state: PromiseOutcome['state'], message: string, values: Values = {}): PromiseOutcome {
  const measured = Object.entries(values).filter((entry): entry is [string, number] => Number.isFinite(entry[1]));
  return { state, message, ...(measured.length > 0 && { values: Object.fromEntries(measured.map(([name, value]) => [name, rounded(value)])) }) };
}

/** As many figures as anybody reads. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** The first names of a list, and how many there are besides: `a, b and 3 more`. */
export function namesInWords(names: readonly string[], most = 5): string {
  if (names.length <= most) return names.join(', ');
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** What a program or a server said, in one short line without control characters. */
export function excerpt(text: string, longest = 200): string {
  const line = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return line.length <= longest ? line : `${line.slice(0, longest - 1)}…`;
}
