import { isNumber, isRecordOf } from '../base/shape.ts';
import type { PromiseOutcome, PromiseState } from '../contract/promise.ts';

/*
 * What an executable says, read as SlapOS's monitor reads it: JSON on standard output with at least `message`, or text.
 * Facts from run-promise of slapos/stack/monitor2 (status, error) and slapos.core's grid/promise (text, length of messages).
 */

/** How an executable ended and what it printed. */
export interface Printed {
  /** Null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The longest message that is kept, as in slapos.core; a longer one keeps its end. */
export const LONGEST_MESSAGE = 5_000;

/** What an executable found. Its exit code has the last word: other than 0 it is not kept, whatever it printed. Pure. */
export function outcomeOf(printed: Printed): PromiseOutcome {
  const said = jsonObject(printed.stdout);
  const stderr = cleaned(printed.stderr);
  const outcome = said === undefined ? fromText(printed) : fromObject(said, printed);
  return { ...outcome, ...(stderr !== '' && { error: stderr }) };
}

function fromText(printed: Printed): PromiseOutcome {
  const message = cleaned([printed.stdout.trimEnd(), printed.stderr].filter((text) => text.trim() !== '').join('\n'));
  return { state: isKept(printed) ? 'ok' : 'failed', message: message === '' ? silence(printed) : message };
}

function fromObject(said: Record<string, unknown>, printed: Printed): PromiseOutcome {
  const { message, description, error, values } = said;
  return {
    state: isKept(printed) ? stateOf(said['status']) : 'failed',
    message: textOf(message) ?? textOf(printed.stderr) ?? silence(printed),
    ...(isRecordOf(isNumber)(values) && { values: values as Record<string, number> }),
    ...(textOf(error) !== undefined && { error: textOf(error) as string }),
    ...(textOf(description) !== undefined && { description: textOf(description) as string }),
  };
}

/** In the monitoring interface a promise is green when its status is exactly "OK"; "no-data" is ours. */
function stateOf(status: unknown): PromiseState {
  if (status === undefined || status === 'OK') return 'ok';
  return status === 'no-data' ? 'no-data' : 'failed';
}

function isKept({ code }: Printed): boolean {
  return code === 0;
}

function silence({ code, signal }: Printed): string {
  if (code === 0) return 'It ended with exit code 0 and said nothing.';
  return `It ${code === null ? `was ended by ${signal}` : `ended with exit code ${code}`} and said nothing.`;
}

/** Anything but an object counts as if nothing had been said in JSON. */
function jsonObject(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  const text = typeof value === 'string' ? cleaned(value) : '';
  return text === '' ? undefined : text;
}

/**
 * A text as it is kept and shown: without what no feed or terminal should get (control characters, halves of characters,
 * colours), not longer than the longest message. Pure.
 */
export function cleaned(text: string): string {
  const plain = text
    .replace(/\u001b\[[\d;?]*[A-Za-z]/g, '')
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '\ufffd')
    .toWellFormed()
    .trim();
  return plain.length <= LONGEST_MESSAGE ? plain : `...${plain.slice(-LONGEST_MESSAGE).toWellFormed()}`;
}
