import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isFlag, isNumber, isRecordWith, isText } from '../base/shape.ts';
import type { Layout } from '../base/layout.ts';
import type { PromiseResult, PromiseSpec } from '../contract/promise.ts';
import { toDate } from './dates.ts';

/*
 * What came of one run as the second generation keeps it: `.slapgrid/promise/result/<title>.status.json`. It knows kept
 * and failed alone. What nobody can tell (`no-data`) is failed there, as in the original promises: a promise is that
 * something is known to be well. A key that the original tools carry along and do not look at says it was `no-data`.
 */

/** The result file, as the original runner writes it (PromiseQueueResult.serialize of slapos.grid.promise.generic). */
export interface RunRecord {
  title: string;
  /** The promise's file name, which is its id. */
  name: string;
  path: string;
  /** Seconds. */
  'execution-time': number;
  result: {
    type: string;
    failed: boolean;
    date: string;
    message: string;
    state?: 'no-data';
  };
}

const isRunRecord = isRecordWith({
  title: isText,
  name: isText,
  path: isText,
  'execution-time': isNumber,
  result: isRecordWith({ type: isText, failed: isFlag, date: isText }),
});

/** Reads a result file's text, whoever wrote it; undefined when it is none. */
export function parseRunRecord(text: string): RunRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRunRecord(value)) return undefined;
    const record = value as RunRecord & { result: { message?: unknown } };
    // The original has null where a promise said nothing.
    return { ...record, result: { ...record.result, message: typeof record.result.message === 'string' ? record.result.message : '' } };
  } catch {
    return undefined;
  }
}

/** What the result file of a run says. Pure. */
export function runRecord({ spec, outcome, startedAtMs, executionTimeMs }: PromiseResult, title: string, layout: Pick<Layout, 'root'>): RunRecord {
  return {
    title,
    name: spec.id,
    path: pathOf(spec, layout),
    'execution-time': inSteps(executionTimeMs),
    result: {
      type: 'Test Result',
      failed: outcome.state !== 'ok',
      date: toDate(startedAtMs + executionTimeMs),
      message: shortened(fullMessage(outcome)),
      ...(outcome.state === 'no-data' && { state: 'no-data' as const }),
    },
  };
}

/** Standard output and error together, as the original runner has them. Lone halves of surrogate pairs cannot be encoded in UTF-8, and Python refuses the file. */
export function fullMessage({ message, error }: PromiseResult['outcome']): string {
  const parts = [message.trim(), error?.trim() ?? ''].filter((part) => part !== '' && part !== undefined);
  return parts.join('\n').replaceAll('\0', '\ufffd').toWellFormed();
}

const LONGEST_MESSAGE = 5000;

/** At most 5000 characters, the last ones, as the original runner cuts them. */
function shortened(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  const characters = Array.from(message);
  return characters.length <= LONGEST_MESSAGE ? message : `...${characters.slice(-LONGEST_MESSAGE).join('')}`;
}

/** The original looks every 50 ms whether a promise has ended. */
const STEP_MS = 50;

function inSteps(timeMs: number): number {
  return Math.round(Math.ceil(timeMs / STEP_MS) * STEP_MS) / 1000;
}

function pathOf({ check, origin }: PromiseSpec, { root }: Pick<Layout, 'root'>): string {
  if (check.kind === 'executable') return check.path;
  if (check.kind === 'slapos') return check.partition;
  return origin.includes('/') ? join(root, origin) : `built-in:${check.name}`;
}

/** MD5 of a message: by it a change of the message is told, and feed readers know an item again. It protects nothing. */
export function messageHash(message: string): string {
  return createHash('md5').update(message).digest('hex');
}

/** The first generation's `public/<id>.status.json`: what the promise said. Only `OK` is green in its interface. */
export function serviceStatus({ outcome }: PromiseResult): Record<string, string> {
  const { state, message, error, description } = outcome;
  return {
    ...(description !== undefined && { description }),
    message,
    status: state === 'ok' ? 'OK' : state === 'failed' ? 'error' : state,
    ...(error !== undefined && error !== '' && { error }),
  };
}
