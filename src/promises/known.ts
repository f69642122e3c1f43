import { createHash } from 'node:crypto';
import type { Acknowledgement, PromiseOutcome, PromiseResult, PromiseSpec, PromiseStatus } from '../contract/promise.ts';

/*
 * What is known of one promise. Pure.
 */

/** What is known of a promise, apart from when it is due and who knows of it. */
export interface Known {
  spec: PromiseSpec;
  definition: string;
  /** Undefined: it was not checked yet. */
  outcome?: PromiseOutcome;
  sinceMs: number | null;
  checkedAtMs: number | null;
  executionTimeMs: number | null;
}

/** Digest of what is checked. What it is called, and when it is checked, may change without its outcome being another's. */
export function definitionOf({ check }: Pick<PromiseSpec, 'check'>): string {
  return createHash('sha256').update(JSON.stringify(check)).digest('base64url').slice(0, 16);
}

/** A promise of which nothing is known but what was found of the same before. */
export function knownOf(spec: PromiseSpec, before: PromiseStatus | undefined): Known {
  const definition = definitionOf(spec);
  if (before === undefined || before.definition !== definition || before.state === 'pending')
    return { spec, definition, sinceMs: null, checkedAtMs: null, executionTimeMs: null };
  const { state, message, values, error, description, sinceMs, checkedAtMs, executionTimeMs } = before;
  const outcome = { state, message, values, ...(error !== undefined && { error }), ...(description !== undefined && { description }) };
  return { spec, definition, outcome, sinceMs, checkedAtMs, executionTimeMs };
}

/** What is known after a check. It is in its state since the first check that found it so. */
export function afterResult(
  known: Known,
  { outcome, startedAtMs, executionTimeMs }: Pick<PromiseResult, 'outcome' | 'startedAtMs' | 'executionTimeMs'>,
): Known {
  const isAsBefore = known.outcome?.state === outcome.state;
  return { ...known, outcome, sinceMs: isAsBefore ? known.sinceMs : startedAtMs, checkedAtMs: startedAtMs, executionTimeMs };
}

/** What is true of it at this moment. */
export interface Present {
  nextAtMs: number | null;
  isRunning: boolean;
  acknowledged: Acknowledgement | undefined;
}

/** Its entry in run/promises.json. */
export function statusOf({ spec, definition, outcome, ...times }: Known, { acknowledged, ...present }: Present): PromiseStatus {
  const { id, title, origin, severity, schedule, check } = spec;
  const { state = 'pending', message = '', values = {}, error, description } = outcome ?? {};
  return {
    id,
    title,
    origin,
    severity,
    schedule,
    kind: check.kind === 'built-in' ? check.name : check.kind,
    state,
    message,
    values,
    ...(error !== undefined && { error }),
    ...(description !== undefined && { description }),
    definition,
    ...times,
    ...present,
    ...(acknowledged && state !== 'ok' && { acknowledged }),
  };
}
