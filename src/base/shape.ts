/*
 * Checks of values that another program wrote, for the two places where a schema library costs too much: `dkm status`,
 * which should answer at once, and the supervisor, which should be small. A shape says yes or no; keys that it does not
 * name are fine, as a newer program may know more. Everything that people write is read through a schema (structured.ts).
 */

export type Shape = (value: unknown) => boolean;

export const isText: Shape = (value) => typeof value === 'string';
export const isFlag: Shape = (value) => typeof value === 'boolean';
/** JSON can hold 1e999, which is read as Infinity. */
export const isNumber: Shape = (value) => Number.isFinite(value);
export const isInteger: Shape = (value) => Number.isSafeInteger(value);

/** One of several values. */
export function isOneOf(...values: readonly unknown[]): Shape {
  return (value) => values.includes(value);
}

/** What either shape allows. */
export function isEither(one: Shape, other: Shape): Shape {
  return (value) => one(value) || other(value);
}

/** A list of things of one shape. */
export function isListOf(shape: Shape): Shape {
  return (value) => Array.isArray(value) && value.every(shape);
}

/** A record with any keys and values of one shape. */
export function isRecordOf(shape: Shape): Shape {
  return (value) => isRecord(value) && Object.values(value).every(shape);
}

/** A record with these keys; those in `optional` may be missing. */
export function isRecordWith(required: Readonly<Record<string, Shape>>, optional: Readonly<Record<string, Shape>> = {}): Shape {
  const has = (value: object, [key, shape]: [string, Shape]): boolean => Object.hasOwn(value, key) && shape((value as Record<string, unknown>)[key]);
  return (value) =>
    isRecord(value) &&
    Object.entries(required).every((entry) => has(value, entry)) &&
    Object.entries(optional).every((entry) => (value as Record<string, unknown>)[entry[0]] === undefined || has(value, entry));
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
