import { describe, expect, it } from 'vitest';
import { parsePromisesStatus, type PromiseState, type PromiseStatus } from '../../../src/contract/promise.ts';
import { foundBefore, foundNow } from '../../../src/promises/found.ts';
import { afterResult, definitionOf, knownOf, statusOf, type Known } from '../../../src/promises/known.ts';
import type { SlaposResult } from '../../../src/promises/slapos.ts';
import { promiseSpec } from '../../helpers/promise-specs.ts';

const PRESENT = { nextAtMs: 5000, isRunning: false, acknowledged: undefined };
const result = (state: PromiseState, startedAtMs: number) => ({ outcome: { state, message: state }, startedAtMs, executionTimeMs: 7 });
const after = (known: Known, ...states: PromiseState[]): Known => states.reduce((each, state, index) => afterResult(each, result(state, index + 1)), known);

describe('what is known of a promise', () => {
  it.each<[PromiseState[], number]>([
    [['ok'], 1],
    [['ok', 'ok', 'ok'], 1],
    [['ok', 'failed', 'failed'], 2],
    [['failed', 'no-data', 'failed'], 3],
  ])('is in its state since the first check of it: %j', (states, sinceMs) => {
    expect(statusOf(after(knownOf(promiseSpec('a'), undefined), ...states), PRESENT)).toMatchObject({
      state: states.at(-1),
      sinceMs,
      checkedAtMs: states.length,
    });
  });

  it('is what its file says, and read from that again', () => {
    const status = statusOf(after(knownOf(promiseSpec('a'), undefined), 'failed'), {
      ...PRESENT,
      acknowledged: { by: 'me', comment: '', sinceMs: 1, untilMs: 2 },
    });
    const text = JSON.stringify({ schema: 1, pid: 1, pidStartTime: null, bootId: '', promises: [status] });
    expect(parsePromisesStatus(text)?.promises).toEqual([status]);
    expect(statusOf(knownOf(promiseSpec('a'), status), PRESENT)).toMatchObject({ state: 'failed', message: 'failed', sinceMs: 1, checkedAtMs: 1 });
  });

  it('goes on under another title and schedule, and not when something else is checked', () => {
    const status = statusOf(after(knownOf(promiseSpec('a'), undefined), 'failed'), PRESENT);
    expect(knownOf(promiseSpec('a', { title: 'B', schedule: '0 * * * *', severity: 'critical' }), status).outcome?.state).toBe('failed');
    expect(statusOf(knownOf(promiseSpec('a', { check: { kind: 'executable', path: '/other' } }), status), PRESENT)).toMatchObject({
      state: 'pending',
      sinceMs: null,
    });
  });

  it('shows nobody who knows of what is kept', () => {
    const acknowledged = { by: 'me', comment: '', sinceMs: 1, untilMs: 2 };
    expect(statusOf(after(knownOf(promiseSpec('a'), undefined), 'ok'), { ...PRESENT, acknowledged })).not.toHaveProperty('acknowledged');
  });
});

describe('what a partition was found to have', () => {
  const finder = promiseSpec('partition', { check: { kind: 'slapos', program: '/p', configuration: '/c', partition: '/d' } });
  const of = (title: string, startedAtMs: number, message = 'm'): SlaposResult => ({
    title,
    outcome: { state: 'ok', message },
    startedAtMs,
    executionTimeMs: 50,
  });
  const now = (results: SlaposResult[], before = new Map<string, Known>() as ReadonlyMap<string, Known>) =>
    foundNow(finder, results, before, (id) => id === 'mine');

  it('is a promise of its own by its title', () => {
    const { found, changed } = now([of('a', 1), of('b', 2)]);
    expect([...found.keys()]).toEqual(['a', 'b']);
    expect(changed).toHaveLength(2);
    expect(found.get('b')).toMatchObject({ spec: { id: 'b', title: 'b', check: finder.check }, checkedAtMs: 2, executionTimeMs: 50 });
  });

  it('is told when it was checked anew, and goes when its file goes', () => {
    const first = now([of('a', 1), of('b', 1), of('c', 1)]).found;
    const { found, changed } = now([of('a', 1), of('b', 9)], first);
    expect(changed.map(({ spec }) => spec.id)).toEqual(['b']);
    expect([...found.keys()]).toEqual(['a', 'b']);
    expect(found.get('b')).toMatchObject({ sinceMs: 1, checkedAtMs: 9 });
  });

  it('does not take the place of a promise that has its name', () => {
    expect([...now([of('mine', 1)]).found.keys()]).toEqual(['partition:mine']);
  });

  it('is known again by a later runner', () => {
    const { found } = now([of('a', 1), of('mine', 2)]);
    const statuses: PromiseStatus[] = [...found.values(), knownOf(finder, undefined), after(knownOf(promiseSpec('z'), undefined), 'ok')].map((known) =>
      statusOf(known, PRESENT),
    );
    const before = foundBefore(finder, statuses);
    expect([...before.keys()]).toEqual(['a', 'partition:mine']);
    expect(now([of('a', 1), of('mine', 2)], before).changed).toEqual([]);
    expect(definitionOf(finder)).toBe(before.get('a')?.definition);
  });
});
