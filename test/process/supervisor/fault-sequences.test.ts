import { describe, expect, it } from 'vitest';
import { failureInWords, notAllowedHere, runSequences, type RunReport } from '../../faults/run-sequences.ts';
import { FAULT_KINDS, faultSequence } from '../../faults/sequence.ts';

/*
 * Random fault sequences, a few of them: another few every day. `node test/faults/main.ts` runs a thousand.
 *   DKM_FAULT_SEED       the seed, to repeat a run
 *   DKM_FAULT_SEQUENCES  how many
 */

const DAY_MS = 86_400_000;
const seed = Number(process.env['DKM_FAULT_SEED'] ?? Math.floor(Date.now() / DAY_MS));
const sequences = Number(process.env['DKM_FAULT_SEQUENCES'] ?? '30');
const WITHIN_MS = 900_000;

describe('random fault sequences', () => {
  it(
    `hold every invariant (seed ${seed})`,
    async ({ skip }) => {
      skip(process.platform !== 'linux', 'processes are watched through /proc: run it on Linux');
      const report = await runSequences({ seed, indexes: Array.from({ length: sequences }, (_, index) => index), jobs: 6 });
      tell(report);
      expect(report.failures.map((failure) => failureInWords(failure, seed)).join('\n\n')).toBe('');
      expect(report.sequences).toBe(sequences);
    },
    WITHIN_MS,
  );

  it.for(['fill-disk', 'move-clock'] as const)('%s is among the faults of this machine', async (kind, { skip }) => {
    const reason = (await notAllowedHere())[kind];
    skip(reason !== undefined, reason);
    expect(reason).toBeUndefined();
  });

  it('are the same for the same seed, and have faults of every kind', () => {
    const all = Array.from({ length: 200 }, (_, index) => faultSequence(1, index));
    expect(all).toEqual(Array.from({ length: 200 }, (_, index) => faultSequence(1, index)));
    expect(new Set(all.flat().map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
    for (const faults of all) expect(faults.length >= 3 && faults.length <= 8).toBe(true);
  });
});

function tell({ faults, checked }: RunReport): void {
  const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((total, count) => total + count, 0);
  console.log(`${sequences} fault sequences of seed ${seed}: ${sum(faults)} faults, ${sum(checked)} checks of ${Object.keys(checked).length} invariants`);
  console.log(
    Object.entries(faults)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', '),
  );
}
