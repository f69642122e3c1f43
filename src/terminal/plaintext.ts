import { readTime, TIMES_IN_WORDS } from './times.ts';

/*
 * Carbon's plaintext protocol: a line for each value, `name value seconds`.
 * https://graphite.readthedocs.io/en/latest/feeding-carbon.html
 */

export interface Measurement {
  name: string;
  value: number;
  /** Seconds since the epoch. */
  atS: number;
}

/** A value, or what is wrong with it. */
export type ReadMeasurement = { ok: true; measurement: Measurement } | { ok: false; message: string };

/** Carbon's own limit is a file name's. */
const LONGEST_PART = 250;
const LONGEST_NAME = 1000;

/** Reads name, value and time (now, when left out) as people write them. Pure. */
export function readMeasurement(name: string, value: string, time: string | undefined, nowMs: number): ReadMeasurement {
  const message = nameFault(name) ?? valueFault(value) ?? (time === undefined ? undefined : timeFault(time, nowMs));
  if (message !== undefined) return { ok: false, message };
  const atS = time === undefined ? Math.floor(nowMs / 1000) : (readTime(time, nowMs) ?? NaN);
  return { ok: true, measurement: { name, value: Number(value), atS } };
}

function nameFault(name: string): string | undefined {
  const fault = (what: string): string => `"${name}" is no metric's name: ${what}`;
  if (/[\s\p{Cc}]/u.test(name)) return fault('it has a space or a control character in it.');
  const odd = /[*?[\]{}()'",/\\;<>|$&`]/.exec(name)?.[0];
  if (odd !== undefined) return fault(`"${odd}" has a meaning in patterns, functions or paths. Letters, digits and _ - : % # + = @ are fine.`);
  if (name === '' || name.split('.').some((part) => part === '')) return fault('one of its parts, between two dots, is empty.');
  if (name.length > LONGEST_NAME || name.split('.').some((part) => Buffer.byteLength(part) > LONGEST_PART))
    return fault(`it is too long: ${LONGEST_PART} bytes for each part and ${LONGEST_NAME} characters in all are the most.`);
  return undefined;
}

function valueFault(value: string): string | undefined {
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i.test(value) && Number.isFinite(Number(value))) return undefined;
  return `"${value}" is no value: a number such as 42, -0.5 or 1.2e6 is expected.`;
}

function timeFault(time: string, nowMs: number): string | undefined {
  if (/^\d{12,14}$/.test(time)) return `${time} is a time in milliseconds; seconds are expected: ${Math.floor(Number(time) / 1000)}.`;
  if (/^\d{15,}$/.test(time)) return `${time} is a time in micro- or nanoseconds; seconds are expected.`;
  const atS = readTime(time, nowMs);
  if (atS === undefined) return `"${time}" is no time: expected ${TIMES_IN_WORDS}.`;
  if (atS > nowMs / 1000 + 86_400) return `${time} is more than a day ahead of this machine's clock.`;
  return undefined;
}

/** Reads lines, empty ones and those that begin with # left out; faults name their line. Pure. */
export function readLines(text: string, nowMs: number): { measurements: Measurement[]; faults: string[] } {
  const measurements: Measurement[] = [];
  const faults: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.trim().split(/\s+/);
    if (line.trim() === '' || line.trim().startsWith('#')) continue;
    const [name = '', value = '', time] = words;
    const read: ReadMeasurement =
      words.length < 2 || words.length > 3 ? { ok: false, message: 'expected "name value" or "name value time".' } : readMeasurement(name, value, time, nowMs);
    if (read.ok) measurements.push(read.measurement);
    else faults.push(`line ${index + 1}: ${read.message}`);
  }
  return { measurements, faults };
}

/** The lines that carbon takes. Pure. */
export function plaintextOf(measurements: readonly Measurement[]): string {
  return measurements.map(({ name, value, atS }) => `${name} ${value} ${atS}\n`).join('');
}
