import { describe, expect, it } from 'vitest';
import type { InstancesAnswer } from '../../../../src/console/answers.ts';
import type { Sight } from '../../../../src/console/instances/look.ts';
import { watchInstances } from '../../../../src/console/instances/watch.ts';
import { eventually } from '../../../helpers/wait.ts';

const seen = (more: Partial<Extract<Sight, { kind: 'seen' }>> = {}): Sight => ({
  kind: 'seen',
  title: 'T',
  rootTitle: '',
  isWell: true,
  isWhole: true,
  atMs: null,
  promises: [],
  note: '',
  isVerified: true,
  ...more,
});

interface Scene {
  answer: () => Promise<InstancesAnswer>;
  looks: string[];
  urls: string[];
  clock: { now: number };
}

function scene(urls: string[], look: (url: string) => Promise<Sight>): Scene {
  const [looks, clock] = [[] as string[], { now: 1_000_000_000 }];
  const watch = watchInstances({
    urls: () => Promise.resolve(urls),
    log: () => {},
    now: () => clock.now,
    look: (url) => {
      looks.push(url);
      return look(url);
    },
  });
  return { answer: watch.answer, looks, urls, clock };
}

describe('instances', () => {
  it('are answered at once and asked at the same time, eight at most', async () => {
    const pending: (() => void)[] = [];
    const { answer, looks } = scene(
      Array.from({ length: 12 }, (_, index) => `http://m${index}`),
      () => new Promise((resolve) => pending.push(() => resolve(seen()))),
    );
    expect((await answer()).counts).toEqual({ all: 12, well: 0, failing: 0, unreachable: 0, notAsked: 12 });
    expect(looks).toHaveLength(8);
    pending.shift()!();
    await eventually('the ninth is asked', () => looks.length === 9);
    await answer();
    expect(looks).toHaveLength(9);
  });

  it.each<[Sight, string, string]>([
    [seen(), 'good', 'Well'],
    [seen({ isWell: false }), 'bad', 'Failing'],
    [seen({ isWhole: false }), 'unknown', 'Partly known'],
    [seen({ promises: [{ title: 'a', isKept: false, message: 'm', sinceMs: null }] }), 'bad', 'Failing'],
    [seen({ atMs: 1_000_000_000 - 3_600_000 }), 'unknown', 'Out of date'],
    [seen({ atMs: 1_000_000_000 - 60_000 }), 'good', 'Well'],
    [{ kind: 'unseen', message: 'Nothing listens.' }, 'unknown', 'Unreachable'],
  ])('are shown as they are: %j', async (sight, wellbeing, word) => {
    const { answer } = scene(['http://a/'], () => Promise.resolve(sight));
    await answer();
    await eventually('asked', async () => (await answer()).counts.notAsked === 0);
    expect((await answer()).instances).toMatchObject([{ url: 'http://a', wellbeing, word }]);
  });

  it('that fail are asked less and less often, and at once again when they are back', async () => {
    let isUp = false;
    const { answer, looks, clock } = scene(['http://a'], () => Promise.resolve(isUp ? seen() : { kind: 'unseen', message: 'down' }));
    const asked = async (): Promise<number> => {
      await answer();
      await Promise.resolve();
      return looks.length;
    };
    const minutes: number[] = [];
    for (let minute = 0, before = 0; minute < 40; minute += 1, clock.now += 60_000) {
      const now = await asked();
      if (now > before) minutes.push(minute);
      before = now;
    }
    expect(minutes).toEqual([0, 1, 3, 7, 15, 25, 35]);
    isUp = true;
    clock.now += 600_000;
    await asked();
    const before = looks.length;
    clock.now += 60_000;
    expect(await asked()).toBe(before + 1);
    expect((await answer()).instances[0]).toMatchObject({ wellbeing: 'good' });
  });

  it('follow the settings', async () => {
    const { answer, urls } = scene(['http://a'], () => Promise.resolve(seen()));
    await answer();
    urls.splice(0, 1, 'http://b', 'http://b/');
    expect((await answer()).instances.map(({ url }) => url)).toEqual(['http://b']);
  });

  it('tell when the settings cannot be read, and keep what they know', async () => {
    let isBroken = false;
    const watch = watchInstances({
      urls: () => (isBroken ? Promise.reject(new Error('line 3')) : Promise.resolve(['http://a'])),
      log: () => {},
      look: () => Promise.resolve(seen()),
    });
    await watch.answer();
    isBroken = true;
    expect(await watch.answer()).toMatchObject({ problem: 'The settings cannot be read: line 3', counts: { all: 1 } });
    watch.close();
  });
});
