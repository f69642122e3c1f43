import fc from 'fast-check';
import { expect } from 'vitest';
import { DkmError, messageOf, type ErrorCode } from '../../../src/base/errors.ts';

/*
 * What hostile bytes look like, and what may come of reading them: a value, or a DkmError of the right code that names
 * the file. fast-check prints seed and path of a failing run; `DKM_FUZZ_SEED=seed npx vitest run test/unit/fuzz` repeats
 * it, and DKM_FUZZ_RUNS sets how many runs each property has.
 */

const runs = Number(process.env['DKM_FUZZ_RUNS'] ?? '200');
const seed = process.env['DKM_FUZZ_SEED'];
let runsSoFar = 0;

/** Any one input must be read, or refused, within this; a hang takes for ever. */
const WITHIN_MS = 20_000;

/** Settings of every property here. */
export const FUZZ = { numRuns: runs, timeout: WITHIN_MS, ...(seed !== undefined && { seed: Number(seed) }) };

/** Thousands of runs on a busy machine take their time; what is bounded is each run (see `readsOrRefuses`). */
export const FUZZ_TIMEOUT_MS = 180_000;

/** How many hostile inputs were read since the last time this was asked. */
export function runsMade(): number {
  const made = runsSoFar;
  runsSoFar = 0;
  return made;
}

/** Reads something hostile; anything but a value or a refusal with one of these codes, naming `named`, fails the test. */
export async function readsOrRefuses<T>(read: () => T | Promise<T>, codes: readonly ErrorCode[], named: string): Promise<T | undefined> {
  runsSoFar += 1;
  const startedAtMs = performance.now();
  try {
    return await read();
  } catch (error) {
    expect(error, messageOf(error)).toBeInstanceOf(DkmError);
    expect(codes).toContain((error as DkmError).code);
    expect((error as DkmError).message).toContain(named);
    return undefined;
  } finally {
    expect(performance.now() - startedAtMs).toBeLessThan(WITHIN_MS);
    expectCleanPrototypes();
  }
}

/** Fails when what was read has changed what every object is made from. */
export function expectCleanPrototypes(): void {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(Object.keys(Array.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
}

/** Keys and texts that have broken programs before. */
const NASTY_TEXTS = [
  '',
  '.',
  '..',
  '../../../../etc/passwd',
  '/etc/passwd',
  'a/../../b',
  'a//b',
  'a\\..\\b',
  'a\0b',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '{{__proto__}}',
  '{{#with',
  '\u202e\u0000\uffff',
  '\ud800',
  'e\u0301',
  '%s%n%x',
  '$(reboot)',
  '`reboot`',
  '-rf',
  'a\nb',
  'CON',
  'x'.repeat(5000),
  '(a+)+$',
];
const NASTY_NUMBERS = [-1, 0, -0, 1e308, 1e999, -1e999, 2 ** 31, 2 ** 53, 2 ** 53 + 1, 0.1, 65536, 99999];

export const nastyText = fc.oneof(fc.constantFrom(...NASTY_TEXTS), fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }));

/** Any value of JSON, with more of what breaks programs than chance would give. */
export const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: nastyText },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(...NASTY_NUMBERS, null, true, false) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>([], {}, [[]], [null], [{}], deep(200)) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

function deep(levels: number): unknown {
  let value: unknown = {};
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** JSON text of a valid value in which one thing is replaced, removed, added under another name, or repeated. */
export function damagedJson(valid: unknown): fc.Arbitrary<string> {
  const paths = pathsIn(valid);
  return fc
    .record({
      path: fc.constantFrom(...paths),
      how: fc.constantFrom('replace', 'remove', 'add', 'proto'),
      key: nastyText,
      value: nastyValue,
    })
    .map(({ path, how, key, value }) => {
      const copy = structuredClone(valid);
      if (path.length === 0) return JSON.stringify(how === 'replace' ? value : copy);
      const holder = path.slice(0, -1).reduce<unknown>((inner, step) => (inner as Record<string, unknown>)[step], copy) as Record<string, unknown>;
      const last = path.at(-1) ?? '';
      if (how === 'replace') holder[last] = value;
      else if (how === 'remove') delete holder[last];
      else if (how === 'add' && !Array.isArray(holder)) Object.defineProperty(holder, key, { value, enumerable: true, configurable: true });
      // Not as a literal, which would set the prototype here and now.
      else if (!Array.isArray(holder)) Object.defineProperty(holder, '__proto__', { value: { polluted: value }, enumerable: true, configurable: true });
      return JSON.stringify(copy);
    });
}

function pathsIn(value: unknown, above: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [above];
  return [above, ...Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, [...above, key]))];
}

/** Bytes of a valid file, damaged: cut, flipped, zeroed, with parts repeated, moved or put in between. */
export function damagedBytes(valid: Buffer): fc.Arbitrary<Buffer> {
  const at = fc.nat({ max: Math.max(0, valid.length - 1) });
  const length = fc.oneof(fc.constantFrom(1, 2, 4, 16, 512), fc.nat({ max: valid.length }));
  const one = fc.oneof(
    at.map((end) => (bytes: Buffer) => bytes.subarray(0, end)),
    fc.tuple(at, fc.nat({ max: 255 })).map(
      ([place, flip]) =>
        (bytes: Buffer) =>
          changed(bytes, place, (byte) => byte ^ flip),
    ),
    fc.tuple(at, length).map(
      ([place, count]) =>
        (bytes: Buffer) =>
          Buffer.concat([bytes.subarray(0, place), Buffer.alloc(Math.min(count, 4096)), bytes.subarray(place + count)]),
    ),
    fc.tuple(at, at, length).map(
      ([from, to, count]) =>
        (bytes: Buffer) =>
          Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, from + count), bytes.subarray(to)]),
    ),
    fc.tuple(at, length).map(
      ([place, count]) =>
        (bytes: Buffer) =>
          Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + count)]),
    ),
    fc.tuple(at, fc.uint8Array({ maxLength: 64 })).map(
      ([place, more]) =>
        (bytes: Buffer) =>
          Buffer.concat([bytes.subarray(0, place), more, bytes.subarray(place)]),
    ),
  );
  return fc.array(one, { minLength: 1, maxLength: 4 }).map((steps) => steps.reduce((bytes, step) => step(bytes), valid));
}

function changed(bytes: Buffer, place: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  if (place < copy.length) copy[place] = change(copy[place] ?? 0) & 255;
  return copy;
}

/** Whatever a text file may hold: nothing of the kind, or a valid one damaged. */
export function hostileText(valid: string): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: damagedBytes(Buffer.from(valid)).map((bytes) => bytes.toString('utf8')) },
    { weight: 1, arbitrary: fc.string({ maxLength: 200 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
  );
}
