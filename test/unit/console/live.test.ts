import { writeFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import { createLive, type News } from '../../../src/console/live/live.ts';
import { makeDirectory } from '../../../src/base/files.ts';
import { SERVICES, statusOf } from '../../process/console/console-process.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

async function installation(): Promise<Layout> {
  const layout = layoutOf(temporaryDirectory());
  await makeDirectory(layout.run);
  return layout;
}

function listenTo(live: ReturnType<typeof createLive>): { news: News[]; isListening: boolean; stop: () => void } {
  const news: News[] = [];
  const stop = live.listen((each) => void news.push(each));
  if (stop !== undefined) stops.push(stop);
  return { news, isListening: stop !== undefined, stop: () => stop?.() };
}

const ignore = (): void => undefined;

it('tells each listener what is so now, then all of them what changed', async () => {
  const layout = await installation();
  writeFileSync(layout.status, JSON.stringify(statusOf(SERVICES)));
  const live = createLive(layout, ignore, { lookEveryMs: 10 });
  const first = listenTo(live);
  await eventually('the first was told', () => first.news.length === 1);
  const second = listenTo(live);
  expect(second.news[0]?.revision).toBe(first.news[0]?.revision);
  writeFileSync(layout.status, JSON.stringify(statusOf(SERVICES.map((service) => ({ ...service, health: 'unhealthy', reason: 'why' })))));
  await eventually('both were told', () => first.news.length >= 2 && second.news.at(-1)?.revision === first.news.at(-1)?.revision);
  expect(first.news.at(-1)?.announce).toContain('Carbon cache: Unhealthy.');
});

it('takes so many listeners and no more, until one is gone', async () => {
  const live = createLive(await installation(), ignore, { mostListeners: 2, lookEveryMs: 10 });
  const [first, second, third] = [listenTo(live), listenTo(live), listenTo(live)];
  expect([first.isListening, second.isListening, third.isListening]).toEqual([true, true, false]);
  first.stop();
  expect(listenTo(live).isListening).toBe(true);
});

it('keeps nothing running when nobody listens any more', async () => {
  const live = createLive(await installation(), ignore, { lookEveryMs: 60_000 });
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const listener = listenTo(live);
  expect(timers()).toBe(before + 1);
  listener.stop();
  expect(timers()).toBe(before);
});
