import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InstancesAnswer } from '../../../src/console/answers.ts';
import { eventually } from '../../helpers/wait.ts';
import { CookieJar, startConsole, type ConsoleProcess } from './console-process.ts';
import { fakeMonitors, settingsWith, type FakeMonitors } from './fake-monitors.ts';

/** What the console may take more while it asks 50 monitors, one of which sends 20 MiB. */
const MOST_MIB_MORE = 80;

let monitors: FakeMonitors;
let running: ConsoleProcess;
const jar = new CookieJar();

beforeAll(async () => {
  [monitors, running] = await Promise.all([fakeMonitors(), startConsole('http://127.0.0.1:1')]);
  expect((await jar.logIn(running.url)).status).toBe(303);
}, 60_000);
afterAll(async () => {
  await running.stop();
  await monitors.close();
});

const answer = async (): Promise<InstancesAnswer> => (await (await jar.request(`${running.url}/api/instances`)).json()) as InstancesAnswer;
const settings = (text: string): void => {
  mkdirSync(join(running.directory, 'conf'), { recursive: true });
  writeFileSync(join(running.directory, 'conf/dkm.toml'), text);
};
const memoryMib = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${running.child.pid}/status`, 'utf8'))![1]) / 1024;

describe('instances', () => {
  it('are none where none are named', async () => {
    expect(await answer()).toMatchObject({ problem: '', counts: { all: 0 }, instances: [] });
    expect(await (await jar.request(`${running.url}/instances`)).text()).toContain('No other monitors are shown here');
  });

  it('are all asked though ten of 50 are dead, and the page waits for none', async () => {
    settings(settingsWith(monitors.urls));
    const before = memoryMib();
    expect((await answer()).counts).toEqual({ all: 50, well: 0, failing: 0, unreachable: 0, notAsked: 50 });
    const counts = await eventually(
      'all were asked',
      async () => {
        const now = (await answer()).counts;
        return now.notAsked === 0 && now;
      },
      30_000,
    );
    expect(counts).toEqual({ all: 50, well: 34, failing: 6, unreachable: 10, notAsked: 0 });
    expect(memoryMib() - before).toBeLessThan(MOST_MIB_MORE);
  });

  it('say how they are and why', async () => {
    const { instances } = await answer();
    expect(instances.slice(40).map(({ message }) => message)).toEqual([
      'Nothing listens at its address.',
      'Nothing listens at its address.',
      'It did not answer within 8 s.',
      'It did not answer within 8 s.',
      'What it answers with is not the state of a monitor.',
      'Its answer has more than 1048576 bytes.',
      `It sends one elsewhere: ${monitors.urls[0]}.`,
      'It does not show its state to everybody (status 401).',
      expect.stringMatching(/^It cannot be asked: Parse Error/) as string,
      'It ended the connection.',
    ]);
    expect(instances[6]).toMatchObject({
      title: 'monitor 7',
      rootTitle: 'all of them',
      word: 'Failing',
      promises: [
        { title: 'disk', isKept: false, message: 'Said by 7 <b>' },
        { title: 'store & query', isKept: true },
      ],
    });
    expect(instances[38]).toMatchObject({ title: 'monitor 39', wellbeing: 'good', isVerified: false });
    expect(instances[39]).toMatchObject({
      title: 'seed',
      wellbeing: 'bad',
      promises: [
        { title: 'b', isKept: false, message: 'not good' },
        { title: 'a', isKept: true },
      ],
    });
  });

  it('are a page without script, with nothing of theirs as markup', async () => {
    const page = await (await jar.request(`${running.url}/instances`)).text();
    expect(page).toContain('Said by 7 &lt;b&gt;');
    expect(page).toMatch(/6 failing[\s\S]*10 unknown[\s\S]*34 of 50 well/);
    expect(page.indexOf('monitor 7')).toBeLessThan(page.indexOf('monitor 1<'));
  });

  it('are still shown, with a reason, when the settings cannot be read', async () => {
    settings('[monitor\n');
    expect(await answer()).toMatchObject({ problem: expect.stringMatching(/^The settings cannot be read: /) as string, counts: { all: 50 } });
  });
});
