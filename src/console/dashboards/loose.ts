/* Reading other people's JSON: what is not of the expected kind is as if it were not there. */

export type Loose = Record<string, unknown>;

export function record(value: unknown): Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}

export function list(value: unknown, most = 1000): unknown[] {
  return Array.isArray(value) ? value.slice(0, most) : [];
}

export function text(value: unknown, otherwise = ''): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' ? value.slice(0, 20_000).toWellFormed() : otherwise;
}

export function number(value: unknown): number | undefined {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof read === 'number' && Number.isFinite(read) ? read : undefined;
}

/** A whole number within bounds. */
export function within(value: unknown, low: number, high: number, otherwise: number): number {
  return Math.min(high, Math.max(low, Math.round(number(value) ?? otherwise)));
}

/** The value, when it is one of these. */
export function oneOf<Value extends string>(value: unknown, values: readonly Value[], otherwise: Value): Value {
  return values.find((known) => known === value) ?? otherwise;
}
