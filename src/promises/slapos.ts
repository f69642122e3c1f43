import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isNotFound } from '../base/errors.ts';
import { isFlag, isNumber, isRecordWith, isText } from '../base/shape.ts';
import { isPromiseId, type PromiseCheck, type PromiseOutcome, type PromiseSpec } from '../contract/promise.ts';
import { cleaned } from './output.ts';
import { runProgram, timedOutAfter, type ProgramContext, type ProgramEnding } from './run-program.ts';

/*
 * SlapOS plug-ins and legacy promises, run by the real `monitor.runpromise` (slapos.toolbox), which keeps their periods
 * itself. What it found stands in <partition>/.slapgrid/promise/result/<title>.status.json (slapos.core, grid/promise).
 */

/** One result file. */
export interface SlaposResult {
  title: string;
  outcome: PromiseOutcome;
  /** When it was found, milliseconds since the epoch. */
  startedAtMs: number;
  executionTimeMs: number;
}

export interface SlaposRun {
  /** What became of the program itself. */
  outcome: PromiseOutcome;
  /** What it found, now and before; left out when that cannot be read. */
  results?: SlaposResult[];
  gone: Promise<unknown>;
}

type SlaposCheck = Extract<PromiseCheck, { kind: 'slapos' }>;

/** Runs the promises of a partition that are due, or all of them with `isForced`. Never throws. */
export async function runSlapos(
  spec: PromiseSpec,
  check: SlaposCheck,
  context: ProgramContext,
  how: { signal: AbortSignal; isForced: boolean },
): Promise<SlaposRun> {
  const args = ['-c', check.configuration, '-p', check.partition, ...(how.isForced ? ['-f'] : [])];
  const ending = await runProgram({ command: check.program, args, timeoutMs: spec.timeoutMs, signal: how.signal }, context);
  const results = readResults(check.partition);
  return { outcome: outcomeOfRunner(ending, spec.timeoutMs), ...(results && { results }), gone: ending.gone };
}

function outcomeOfRunner(ending: ProgramEnding, timeoutMs: number): PromiseOutcome {
  if (ending.kind === 'timed-out') return { state: 'failed', message: timedOutAfter(timeoutMs) };
  if (ending.kind === 'aborted') return { state: 'no-data', message: 'It was ended before it was done.' };
  if (ending.kind === 'fault') return { state: 'failed', message: ending.why };
  // Its exit code is 1 both when a promise is not kept and when it ends by an exception; its log tells.
  if (ending.stderr.includes('Finished promises.')) return { state: 'ok', message: 'The promises of the partition were run.' };
  const said = cleaned(`${ending.stdout}\n${ending.stderr}`);
  return { state: 'failed', message: said === '' ? `It ended with exit code ${ending.code} before it had run the promises.` : said };
}

const SUFFIX = '.status.json';

/** The result files of a partition; what is no result (damaged, of a hidden name) is left out. Undefined when the folder cannot be read. */
export function readResults(partition: string): SlaposResult[] | undefined {
  const directory = join(partition, '.slapgrid', 'promise', 'result');
  const names = namesIn(directory)?.filter((name) => name.endsWith(SUFFIX) && isPromiseId(name.slice(0, -SUFFIX.length)));
  return names?.flatMap((name) => parseResult(name.slice(0, -SUFFIX.length), textOf(join(directory, name))) ?? []);
}

const isResult = isRecordWith({ result: isRecordWith({ failed: isFlag, date: isText, message: isText }) }, { 'execution-time': isNumber });

/** Reads the text of a result file; undefined when it is none. Pure. */
export function parseResult(title: string, text: string): SlaposResult | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isResult(value)) return undefined;
    const { result, 'execution-time': seconds = 0 } = value as { result: { failed: boolean; date: string; message: string }; 'execution-time'?: number };
    const startedAtMs = parseDate(result.date);
    if (!Number.isFinite(startedAtMs)) return undefined;
    return {
      title,
      outcome: { state: result.failed ? 'failed' : 'ok', message: cleaned(result.message) },
      startedAtMs,
      executionTimeMs: Math.round(seconds * 1000),
    };
  } catch {
    return undefined;
  }
}

/** `2026-01-02T03:04:05+0000`; before slapos.core of November 2018 without the offset, and in UTC, too. */
function parseDate(text: string): number {
  const [, time, hours, minutes] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:([+-]\d\d):?(\d\d))?$/.exec(text) ?? [];
  return time === undefined ? NaN : Date.parse(`${time}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
}

function namesIn(directory: string): string[] | undefined {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    return isNotFound(error) ? [] : undefined;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it was removed meanwhile, or is nobody's to read
  }
}
