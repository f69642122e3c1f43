import { isEither, isFlag, isInteger, isListOf, isNumber, isOneOf, isRecordOf, isRecordWith, isText, type Shape } from '../base/shape.ts';
import { PROMISE_STATES, SEVERITIES, type Acknowledgement, type PromiseState, type Severity } from '../contract/promise.ts';

/*
 * What is known of promises, and what each channel was told of them. It is kept in storage/notify/memory.json, so that
 * a supervisor tells nothing that the one before it told, and forgets nothing. Values are never changed in place: who
 * holds a memory can write it later, as it was.
 */

/** What there is to be told of a promise. `unstable`: it changes so often that single changes say nothing. */
export type Condition = PromiseState | 'unstable';

export interface PromiseMemory {
  /** The last runs, oldest first; as many as the rules look at. */
  runs: PromiseState[];
  /** What the last runs said without a change in between. */
  streak: { state: PromiseState; sinceMs: number };
  /** What it is believed to be. */
  settled: PromiseState;
  sinceMs: number;
  /** Since when it is not kept; null while it is. */
  brokenSinceMs: number | null;
  /** When what it is believed to be changed, within the last hour. */
  changesMs: number[];
  isUnstable: boolean;
  /** Since when there is no such promise; null while there is. */
  absentSinceMs: number | null;
  acknowledged: Acknowledgement | null;
  /** When an acknowledgement ran out while it was still broken. */
  acknowledgementEndedMs: number | null;
  /** When a run was recorded last. */
  seenMs: number;
  last: { title: string; origin: string; severity: Severity; message: string; values: Record<string, number> };
}

/** What a channel knows of a promise that is not kept. */
export interface Told {
  condition: Condition;
  atMs: number;
  incident: string;
  /** Since when it was broken. */
  sinceMs: number;
  /** The first message about it. */
  messageId: string;
  /** How many there were. */
  count: number;
}

/** What a channel was not told because it was quiet. */
export interface Missed {
  sinceMs: number;
  /** Null while it goes on. */
  untilMs: number | null;
}

export interface ChannelMemory {
  told: Record<string, Told>;
  missed: Record<string, Missed>;
}

export interface Memory {
  schema: 1;
  promises: Record<string, PromiseMemory>;
  channels: Record<string, ChannelMemory>;
  /** When what has changed is told; null when nothing is waiting. */
  flushAtMs: number | null;
}

/** Nothing known, nothing told. Without a prototype, as promises are called what their files are called. */
export function emptyMemory(): Memory {
  return { schema: 1, promises: bare({}), channels: bare({}), flushAtMs: null };
}

/** A record with the same entries and nothing inherited: `constructor` and `__proto__` are names like others. */
export function bare<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.assign(Object.create(null) as Record<string, T>, record);
}

/** A copy with one entry set, or removed. */
export function withEntry<T>(record: Readonly<Record<string, T>>, key: string, value: T | undefined): Record<string, T> {
  const copy = bare(record);
  if (value === undefined) delete copy[key];
  else copy[key] = value;
  return copy;
}

const isOrNull = (shape: Shape): Shape => isEither(isOneOf(null), shape);
const isState = isOneOf(...PROMISE_STATES);

const isMemory = isRecordWith({
  schema: isOneOf(1),
  promises: isRecordOf(
    isRecordWith({
      runs: isListOf(isState),
      streak: isRecordWith({ state: isState, sinceMs: isNumber }),
      settled: isState,
      sinceMs: isNumber,
      brokenSinceMs: isOrNull(isNumber),
      changesMs: isListOf(isNumber),
      isUnstable: isFlag,
      absentSinceMs: isOrNull(isNumber),
      acknowledged: isOrNull(isRecordWith({ by: isText, comment: isText, sinceMs: isNumber, untilMs: isNumber })),
      acknowledgementEndedMs: isOrNull(isNumber),
      seenMs: isNumber,
      last: isRecordWith({ title: isText, origin: isText, severity: isOneOf(...SEVERITIES), message: isText, values: isRecordOf(isNumber) }),
    }),
  ),
  channels: isRecordOf(
    isRecordWith({
      told: isRecordOf(
        isRecordWith({
          condition: isOneOf(...PROMISE_STATES, 'unstable'),
          atMs: isNumber,
          incident: isText,
          sinceMs: isNumber,
          messageId: isText,
          count: isInteger,
        }),
      ),
      missed: isRecordOf(isRecordWith({ sinceMs: isNumber, untilMs: isOrNull(isNumber) })),
    }),
  ),
  flushAtMs: isOrNull(isNumber),
});

/** Reads memory.json's text; undefined when it is not one that this version wrote. */
export function parseMemory(text: string): Memory | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isMemory(value)) return undefined;
  const memory = value as Memory;
  const channels = Object.entries(memory.channels).map(([name, { told, missed }]) => [name, { told: bare(told), missed: bare(missed) }] as const);
  return { ...memory, promises: bare(memory.promises), channels: bare(Object.fromEntries(channels)) };
}

/** The memory's text for memory.json. What is well and was well all the time is left out: it is what is assumed. */
export function memoryText(memory: Memory): string {
  const known = (id: string): boolean => Object.values(memory.channels).some(({ told, missed }) => told[id] !== undefined || missed[id] !== undefined);
  const promises = Object.entries(memory.promises).filter(([id, promise]) => !isCalm(promise) || known(id));
  return `${JSON.stringify({ ...memory, promises: Object.fromEntries(promises) })}\n`;
}

/** True for a promise that is kept and was all the time. */
export function isCalm(promise: PromiseMemory): boolean {
  return promise.settled === 'ok' && promise.runs.every((state) => state === 'ok') && promise.changesMs.length === 0 && !promise.isUnstable;
}
