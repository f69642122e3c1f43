import { messageOf } from '../base/errors.ts';
import type { PromiseOutcome, PromiseSpec } from '../contract/promise.ts';
import type { ServiceStatus } from '../contract/status.ts';
import { KINDS } from './kinds/all.ts';
import { cleaned, outcomeOf } from './output.ts';
import { runProgram, timedOutAfter, type ProgramContext, type ProgramEnding } from './run-program.ts';
import { runSlapos, type SlaposResult } from './slapos.ts';

/*
 * Checks a promise once, whatever kind it is of.
 */

export interface CheckContext extends ProgramContext {
  services: () => readonly ServiceStatus[];
}

/** What one check found. */
export interface Checked {
  outcome: PromiseOutcome;
  /** What it found besides, each a promise of its own. */
  results?: SlaposResult[];
  /** Settles when nothing of it goes on any more: the next check of this promise has to wait for it. */
  gone: Promise<unknown>;
}

/** Runs a check to its end or that of its time; `isForced`: also what its own period would leave out. Never throws. */
export async function check(spec: PromiseSpec, context: CheckContext, how: { signal: AbortSignal; isForced: boolean }): Promise<Checked> {
  const checked = await checkOnce(spec, context, how).catch((error: unknown) => fault(error));
  return { ...checked, outcome: { ...checked.outcome, message: cleaned(checked.outcome.message) } };
}

function fault(error: unknown): Checked {
  return { outcome: { state: 'failed', message: `The check itself failed: ${messageOf(error)}` }, gone: Promise.resolve() };
}

async function checkOnce(spec: PromiseSpec, context: CheckContext, how: { signal: AbortSignal; isForced: boolean }): Promise<Checked> {
  const { check: what, timeoutMs } = spec;
  switch (what.kind) {
    case 'executable': {
      const ending = await runProgram({ command: what.path, args: [], timeoutMs, signal: how.signal }, context);
      return { outcome: outcomeOfEnding(ending, timeoutMs), gone: ending.gone };
    }
    case 'slapos':
      return runSlapos(spec, what, context, how);
    case 'built-in':
      return checkBuiltIn(what, timeoutMs, context, how.signal);
  }
}

function outcomeOfEnding(ending: ProgramEnding, timeoutMs: number): PromiseOutcome {
  switch (ending.kind) {
    case 'ended':
      return outcomeOf(ending);
    case 'timed-out':
      return { state: 'failed', message: timedOutAfter(timeoutMs) };
    case 'aborted':
      return { state: 'no-data', message: 'It was ended before it was done.' };
    case 'fault':
      return { state: 'failed', message: ending.why };
  }
}

/** What a kind gets after its time, to end by itself with an outcome that says more than that it took too long. */
const SETTLE_MS = 1_000;

async function checkBuiltIn(
  { name, settings }: { name: string; settings: Record<string, unknown> },
  timeoutMs: number,
  { layout, services }: CheckContext,
  signal: AbortSignal,
): Promise<Checked> {
  const load = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (!load) return { outcome: { state: 'failed', message: `This version has no kind "${name}".` }, gone: Promise.resolve() };
  const kind = await load();
  const timeUp = new AbortController();
  const timer = setTimeout(() => timeUp.abort(), timeoutMs);
  const over = Promise.withResolvers<PromiseOutcome>();
  const lastly = setTimeout(() => over.resolve({ state: 'failed', message: timedOutAfter(timeoutMs) }), timeoutMs + SETTLE_MS);
  const both = AbortSignal.any([signal, timeUp.signal]);
  const running = kind(settings, { layout, signal: both, timeoutMs, now: Date.now, services }).catch((error: unknown): PromiseOutcome =>
    timeUp.signal.aborted ? { state: 'failed', message: timedOutAfter(timeoutMs) } : fault(error).outcome,
  );
  const outcome = await Promise.race([running, over.promise]);
  clearTimeout(timer);
  clearTimeout(lastly);
  return { outcome, gone: running };
}
