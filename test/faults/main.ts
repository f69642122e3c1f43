import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { say } from '../../src/base/terminal.ts';
import { failureInWords, runSequences, type RunReport } from './run-sequences.ts';

/*
 * Random fault sequences, as many as wanted:
 *   node test/faults/main.ts --sequences 1000 [--seed N] [--jobs N] [--only INDEX]
 * The seed is printed; with it and the number of a sequence that failed (`--only`) the same faults come again.
 */

const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000)) },
    jobs: { type: 'string', default: String(4 * availableParallelism()) },
    only: { type: 'string' },
  },
});

const seed = Number(values.seed);
const indexes = values.only === undefined ? Array.from({ length: Number(values.sequences) }, (_, index) => index) : values.only.split(',').map(Number);
say(`seed ${seed}, ${indexes.length} sequences`);
const startedAtMs = performance.now();
let done = 0;
const report = await runSequences({
  seed,
  indexes,
  jobs: Number(values.jobs),
  onResult: (result) => {
    done += 1;
    if (result.violation) say(failureInWords(result, seed));
    if (done % 50 === 0) say(`${done} sequences in ${seconds()} s`);
  },
});
say(summary(report));
process.exitCode = report.failures.length > 0 ? 1 : 0;

function seconds(): number {
  return Math.round((performance.now() - startedAtMs) / 1000);
}

function summary({ sequences, faults, checked, notAllowed, failures }: RunReport): string {
  const counts = (record: Record<string, number>): string[] => Object.entries(record).map(([name, count]) => `  ${String(count).padStart(7)}  ${name}`);
  return [
    `${sequences} sequences of seed ${seed} in ${seconds()} s, ${failures.length} failed`,
    'faults:',
    ...counts(faults),
    'invariants looked at:',
    ...counts(checked),
    ...Object.entries(notAllowed).map(([kind, why]) => `left out: ${kind}: ${why}`),
  ].join('\n');
}
