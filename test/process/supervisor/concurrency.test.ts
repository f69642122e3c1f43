import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Finished } from '../../../src/base/exec.ts';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { seededRandom, type Random } from '../../faults/random.ts';
import { processesBelow } from '../../faults/processes.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { eventually } from '../../helpers/wait.ts';

/*
 * Twenty commands at once, of every kind. DKM_CONCURRENCY_SEED repeats a run.
 */

const AT_ONCE = 20;
const ROUNDS = 4;
const seed = Number(process.env['DKM_CONCURRENCY_SEED'] ?? Math.floor(Date.now() / 86_400_000));
const WITHIN_MS = 600_000;

function anyCommand(random: Random): string[] {
  const operation = random.pick(['start', 'stop', 'restart', 'status', 'reload', 'reopenlogs']);
  return random.integer(2) === 0 ? [operation] : [operation, random.pick(['store', 'web'])];
}

/** Fine, something failed or was not running: every code that dkm's help names but wrong usage. */
const DOCUMENTED = [0, 1, 3];

describe('twenty commands at once', () => {
  it(
    `end in a consistent state (seed ${seed})`,
    async ({ skip }) => {
      skip(process.platform !== 'linux', 'processes are counted through /proc: run it on Linux');
      const installation = await fakeInstallation();
      const random = seededRandom(seed);
      for (let round = 0; round < ROUNDS; round += 1) {
        const commands = Array.from({ length: AT_ONCE }, () => anyCommand(random));
        const results = await Promise.all(commands.map((command) => installation.dkm(...command)));
        expectDocumented(commands, results);
        await expectConsistent(installation);
      }
      expect(await installation.dkm('stop')).toMatchObject({ code: 0 });
      await eventually('nothing is left', () => processesBelow(installation.layout.root).length === 0);
      expect((await installation.dkm('status')).code).toBe(3);
    },
    WITHIN_MS,
  );
});

function expectDocumented(commands: readonly string[][], results: readonly Finished[]): void {
  const others = results.flatMap((result, index) => (DOCUMENTED.includes(result.code ?? -1) ? [] : [{ command: commands[index], ...result }]));
  expect(others).toEqual([]);
}

async function expectConsistent(installation: FakeInstallation): Promise<void> {
  const seen = (word: string): number[] =>
    processesBelow(installation.layout.root)
      .filter(({ words }) => words.some((each) => each.endsWith(word)))
      .map(({ pid }) => pid);
  await eventually('one supervisor at most', () => seen('supervise').length <= 1);
  for (const service of ['store', 'web']) expect(seen(`orders-${service}`).length, service).toBeLessThanOrEqual(1);
  await eventually('status.json is true', () => {
    const status = installation.status();
    const isThere = isSameProcess(status.pid, status.pidStartTime);
    if (isThere !== (seen('supervise').length === 1)) return false;
    if (!isThere) return seen('orders-store').length + seen('orders-web').length === 0;
    return status.services.every(({ name, pid }) => (pid === null ? seen(`orders-${name}`).length === 0 : seen(`orders-${name}`)[0] === pid));
  });
  const ready = [...readFileSync(installation.layout.supervisorLog, 'utf8').matchAll(/is ready, process (\d+)/g)].map((match) => Number(match[1]));
  await eventually('one supervisor at work', () => ready.filter((pid) => seen('supervise').includes(pid)).length <= 1);
}
