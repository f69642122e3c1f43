import type { CheckedPromise, PromiseSpec } from '../contract/promise.ts';
import { check, type CheckContext } from './check.ts';
import { foundNow } from './found.ts';
import { checkedOf, SLOTS } from './runner.ts';
import { Slots } from './slots.ts';

/** Checks promises once, for whoever asks while no supervisor runs: reported one by one, and kept nowhere. */
export async function checkEach(specs: readonly PromiseSpec[], context: CheckContext, report: (found: CheckedPromise) => void): Promise<void> {
  const slots = new Slots(SLOTS);
  const ids = new Set(specs.map(({ id }) => id));
  const { signal } = new AbortController();
  const checkOne = async (spec: PromiseSpec): Promise<void> => {
    const startedAtMs = Date.now();
    const startedMs = performance.now();
    const { outcome, results = [] } = await check(spec, context, { signal, isForced: true });
    const executionTimeMs = Math.round(performance.now() - startedMs);
    report(checkedOf({ spec, outcome, startedAtMs, executionTimeMs }));
    const { found } = foundNow(spec, results, new Map(), (id) => ids.has(id));
    for (const { spec: own, outcome: of, checkedAtMs, executionTimeMs: took } of found.values())
      if (of) report(checkedOf({ spec: own, outcome: of, startedAtMs: checkedAtMs ?? startedAtMs, executionTimeMs: took ?? 0 }));
  };
  await Promise.all(specs.map((spec) => slots.run(() => checkOne(spec), false)));
}
