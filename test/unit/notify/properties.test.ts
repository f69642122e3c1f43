import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NotifyRules } from '../../../src/contract/notify.ts';
import type { PromiseState } from '../../../src/contract/promise.ts';
import { channel, HOUR, MINUTE, Scene, spec } from './scene.ts';

const state = fc.constantFrom<PromiseState>('ok', 'failed', 'no-data');
const id = fc.constantFrom('a', 'b', 'c');

const rules: fc.Arbitrary<NotifyRules> = fc
  .record({
    of: fc.integer({ min: 1, max: 5 }),
    failures: fc.integer({ min: 1, max: 5 }),
    atLatestMs: fc.constantFrom(0, 7 * MINUTE),
    reminderMs: fc.constantFrom(0, 20 * MINUTE),
    digestWithinMs: fc.constantFrom(0, 20_000, 3 * MINUTE),
    digestFrom: fc.integer({ min: 1, max: 3 }),
    recovery: fc.boolean(),
    noData: fc.boolean(),
    flapChanges: fc.constantFrom(0, 3),
  })
  .map((given) => ({ ...given, failures: Math.min(given.failures, given.of) }));

const quietHours = fc.constantFrom<string[][]>([], ['12:10-12:40'], ['11:00-12:05', '12:05-12:30']);

/** Runs of promises a minute apart, restarts, and pauses. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('run' as const), id, state }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), minutes: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function played(given: NotifyRules, hours: string[], steps: readonly Step[]): Scene {
  const scene = new Scene(spec(given, { channels: [channel({ quietHours: hours })] }));
  for (const taken of steps) {
    if (taken.kind === 'run') scene.run(taken.state, { id: taken.id }).pass(MINUTE);
    else if (taken.kind === 'pass') scene.pass(taken.minutes * MINUTE);
    else scene.restart();
  }
  return scene;
}

const steps = fc.array(step, { maxLength: 60 });
const eventsOf = (scene: Scene, of: string): string[] =>
  scene.decisions.flatMap(({ tellings }) => tellings.flatMap(({ items }) => items.filter((item) => item.id === of).map(({ event }) => event)));
const KEPT_AGAIN = ['recovered', 'passed', 'removed'];

describe('whatever happens', () => {
  it('never tells the same twice in a row, nor a recovery of what was not told', () => {
    fc.assert(
      fc.property(rules, quietHours, steps, (given, hours, taken) => {
        const scene = played(given, hours, taken);
        for (const of of ['a', 'b', 'c']) {
          let last = 'ok';
          for (const event of eventsOf(scene, of)) {
            if (event === 'recovered') expect(['failed', 'no-data', 'unstable']).toContain(last);
            else if (event === 'passed') expect(last).toBe('ok');
            else if (event === 'reminder') expect(last).not.toBe('ok');
            else if (given.recovery) expect(event).not.toBe(last);
            if (event !== 'reminder') last = KEPT_AGAIN.includes(event) ? 'ok' : event;
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('every message has an id of its own', () => {
    fc.assert(
      fc.property(rules, quietHours, steps, (given, hours, taken) => {
        const ids = played(given, hours, taken).decisions.flatMap(({ tellings }) => tellings.map((telling) => telling.id));
        expect(new Set(ids).size).toBe(ids.length);
      }),
      { numRuns: 200 },
    );
  });

  it('tells in time what breaks and stays broken, and that it is kept again', () => {
    fc.assert(
      fc.property(rules, quietHours, steps, (given, hours, taken) => {
        const scene = played(given, hours, taken);
        // As many runs as it may take, the digest's time, the end of the quiet and of the unrest.
        const settle = (to: PromiseState): void => {
          for (let minute = 0; minute < 130; minute += 1) scene.run(to, { id: 'a' }).pass(MINUTE);
          scene.pass(given.digestWithinMs + HOUR);
        };
        const isKnown = (): boolean => {
          const last = eventsOf(scene, 'a')
            .filter((event) => event !== 'reminder')
            .at(-1);
          return last === 'failed' || last === 'no-data';
        };
        settle('failed');
        expect(isKnown()).toBe(true);
        settle('ok');
        if (given.recovery) expect(KEPT_AGAIN).toContain(eventsOf(scene, 'a').at(-1));
        expect(scene.memory.channels['ops']?.told['a']).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  it('the same whether or not the supervisor was restarted at every step', () => {
    fc.assert(
      fc.property(rules, fc.array(fc.record({ kind: fc.constant('run' as const), id, state }), { maxLength: 40 }), (given, taken) => {
        const often = taken.flatMap((one): Step[] => [one, { kind: 'restart' }]);
        expect(played(given, [], often).told).toEqual(played(given, [], taken).told);
      }),
      { numRuns: 200 },
    );
  });
});
