import type { PromiseSpec, PromiseStatus } from '../contract/promise.ts';
import { afterResult, definitionOf, knownOf, type Known } from './known.ts';
import type { SlaposResult } from './slapos.ts';

/*
 * Promises that nobody defined here: those that `monitor.runpromise` found in its partition, each by its title. Pure.
 */

/** By id: those of one partition. */
export type Found = ReadonlyMap<string, Known>;

/** What an earlier runner knew of them: they bear the definition of the promise that found them. */
export function foundBefore(finder: PromiseSpec, before: Iterable<PromiseStatus>): Found {
  const definition = definitionOf(finder);
  const own = [...before].filter((status) => status.definition === definition && status.id !== finder.id);
  return new Map(own.map((status) => [status.id, knownOf({ ...finder, id: status.id, title: status.title }, status)]));
}

/** What is found now. One whose title is another promise's id gets the finder's id before it. */
export function foundNow(
  finder: PromiseSpec,
  results: readonly SlaposResult[],
  before: Found,
  isTaken: (id: string) => boolean,
): { found: Found; changed: Known[] } {
  const found = new Map<string, Known>();
  const changed: Known[] = [];
  for (const result of results) {
    const id = isTaken(result.title) ? `${finder.id}:${result.title}` : result.title;
    const spec = { ...finder, id, title: result.title };
    const known = before.get(id) ?? knownOf(spec, undefined);
    const isNew = known.checkedAtMs !== result.startedAtMs || known.outcome?.state !== result.outcome.state || known.outcome.message !== result.outcome.message;
    const next = isNew ? { ...afterResult(known, result), spec } : { ...known, spec };
    found.set(id, next);
    if (isNew) changed.push(next);
  }
  return { found, changed };
}
