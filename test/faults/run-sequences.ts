import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { noClockReason } from './clock.ts';
import { noDiskReason } from './disk.ts';
import type { Checked } from './invariants.ts';
import { quickProgram } from './program.ts';
import { runSequence, type Bench, type SequenceResult } from './run-sequence.ts';
import { FAULT_KINDS, type FaultKind } from './sequence.ts';

export interface RunOptions {
  seed: number;
  /** Numbers of the sequences. */
  indexes: readonly number[];
  /** Installations at a time. */
  jobs: number;
  onResult?: (result: SequenceResult) => void;
}

/** What came of many sequences. */
export interface RunReport {
  seed: number;
  sequences: number;
  /** How often each fault was inflicted. */
  faults: Record<FaultKind, number>;
  /** How often each invariant was looked at. */
  checked: Checked;
  notAllowed: Bench['notAllowed'];
  failures: SequenceResult[];
}

/** Which faults this machine does not allow, and what would allow them. */
export async function notAllowedHere(): Promise<Bench['notAllowed']> {
  const [disk, clock] = await Promise.all([noDiskReason(), noClockReason()]);
  return { ...(disk !== undefined && { 'fill-disk': disk }), ...(clock !== undefined && { 'move-clock': clock }) };
}

/** Carries sequences out, several at a time, and counts. */
export async function runSequences({ seed, indexes, jobs, onResult = () => undefined }: RunOptions): Promise<RunReport> {
  const bench: Bench = { program: await quickProgram(), folder: mkdtempSync(join(tmpdir(), 'dkm-faults-')), notAllowed: await notAllowedHere() };
  const report: RunReport = {
    seed,
    sequences: 0,
    faults: Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>,
    checked: {},
    notAllowed: bench.notAllowed,
    failures: [],
  };
  const left = [...indexes];
  const work = async (): Promise<void> => {
    for (let index = left.shift(); index !== undefined; index = left.shift()) {
      const result = await runSequence(bench, seed, index);
      add(report, result);
      onResult(result);
    }
  };
  try {
    await Promise.all(Array.from({ length: jobs }, work));
  } finally {
    rmSync(bench.folder, { recursive: true, force: true });
    rmSync(dirname(bench.program), { recursive: true, force: true });
  }
  return report;
}

function add(report: RunReport, result: SequenceResult): void {
  report.sequences += 1;
  for (const { kind } of result.inflicted) report.faults[kind] += 1;
  for (const [invariant, count] of Object.entries(result.checked)) report.checked[invariant] = (report.checked[invariant] ?? 0) + count;
  if (result.violation) report.failures.push(result);
}

/** A failure in words: what did not hold, after what, and how to see it again. */
export function failureInWords({ index, inflicted, violation }: SequenceResult, seed: number): string {
  return [
    `sequence ${index} of seed ${seed}: ${violation?.invariant}: ${violation?.message}`,
    `  after ${JSON.stringify(violation?.after)}, and before that ${JSON.stringify(inflicted)}`,
    `  again: node test/faults/main.ts --seed ${seed} --only ${index}`,
    '  the end of the supervisor log:',
    ...(violation?.supervisorLog ?? '').split('\n').map((line) => `    ${line}`),
  ].join('\n');
}
