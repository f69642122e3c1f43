import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { archivesOf, readArchive } from '../../../src/log-files/log-archives.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { eventually } from '../../helpers/wait.ts';

/** Rotates often, and keeps everything. */
const SMALL = 'max_mib = 0.05\nkeep = 1000\n';

const configure = ({ layout }: FakeInstallation, logs: string): void => appendFileSync(layout.settings, `\n[logs]\n${logs}`);
const notes = (installation: FakeInstallation): string => readFileSync(join(installation.orders('store'), 'fake.events'), 'utf8');
const order = (installation: FakeInstallation, name: string, text: string): void => writeFileSync(join(installation.orders('store'), name), text);

/** Has the store write numbered lines until its log was rotated this often; returns how many it wrote. */
async function write(
  installation: FakeInstallation,
  name: 'print' | 'own-log',
  log: string,
  rotations: number,
  meanwhile?: () => Promise<void>,
): Promise<number> {
  order(installation, name, 'now');
  await eventually('it was rotated often', () => archivesOf(log).archives.length >= rotations, 60_000);
  await meanwhile?.();
  rmSync(join(installation.orders('store'), name));
  return Number(await eventually('it has written everything', () => new RegExp(`${name} done (\\d+)`).exec(notes(installation))?.[1]));
}

/** A log's whole text, over all that was rotated. */
function wholeLog(log: string): string {
  const archives = archivesOf(log).archives.map((archive) => readArchive(archive)?.toString() ?? '');
  return [...archives, existsSync(log) ? readFileSync(log, 'utf8') : ''].join('');
}

/** The numbers of the numbered lines in a text, in their order; a line that is not whole has none. */
function numbersIn(text: string): number[] {
  return text
    .split('\n')
    .flatMap((line) => /^line (\d+) (\.*)$/.exec(line) ?? [])
    .flatMap((_, index, all) => (index % 3 === 0 && (all[index + 2] ?? '').length === Number(all[index + 1]) % 90 ? [Number(all[index + 1])] : []));
}

/** Fails unless every line is there, once. It may just be rotated while it is read here, so it is read again then. */
async function hasAll(log: string, count: number): Promise<void> {
  const numbers = await eventually('nothing is being rotated', () => {
    const before = readdirSync(dirname(log)).join();
    const found = numbersIn(wholeLog(log));
    return !before.includes('.part') && readdirSync(dirname(log)).join() === before && found;
  });
  expect(numbers).toEqual(upTo(count));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('rotation of logs', () => {
  it('loses no line of a service that prints in bursts all the time, and none for who follows', async () => {
    const installation = await fakeInstallation();
    configure(installation, SMALL);
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const { pid } = installation.status().services[0]!;
    const log = join(installation.layout.logs, 'store.log');
    const following = installation.follow('store');
    await eventually('it follows', () => following.printed().includes('listens on'));
    const count = await write(installation, 'print', log, 12);
    await eventually('what follows has seen everything', () => following.printed().includes(`line ${count - 1} `), 20_000);
    expect(await following.end()).toBe(0);

    await hasAll(log, count);
    expect(numbersIn(following.printed())).toEqual(upTo(count));
    expect(installation.status().services[0]!.pid).toBe(pid);
    const shown = await installation.dkm('logs', '-n', '5000', 'store');
    expect(numbersIn(shown.stdout)).toEqual(upTo(count).slice(-5000));
  });

  it('loses no line of a service that keeps its own place in a log and opens it again on a signal', async () => {
    const root = await fakeInstallation({ store: 'log = "{{dir.root}}/orders-store/own.log"' });
    configure(root, SMALL);
    expect(await root.dkm('start')).toMatchObject({ code: 0 });
    const log = join(root.orders('store'), 'own.log');
    const count = await write(root, 'own-log', log, 5);
    await hasAll(log, count);
    expect(notes(root)).toContain('reopen');
    await eventually('everything is compressed', () => archivesOf(log).archives.every(({ isCompressed }) => isCompressed));
  });

  it('keeps as many as it is told, within the total', async () => {
    const installation = await fakeInstallation();
    configure(installation, 'max_mib = 0.05\nkeep = 3\n');
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const log = join(installation.layout.logs, 'store.log');
    const first = new Set<string>();
    const count = await write(installation, 'print', log, 3, async () => {
      for (const { stamp } of archivesOf(log).archives) first.add(stamp);
      await eventually('others take their place', () => archivesOf(log).archives.every(({ stamp }) => !first.has(stamp)));
    });
    await eventually(
      'three are left, compressed',
      () => archivesOf(log).archives.length === 3 && archivesOf(log).archives.every(({ isCompressed }) => isCompressed),
    );
    await eventually('the last line is there', () => numbersIn(wholeLog(log)).at(-1) === count - 1);
  });

  it("rotates the supervisor's own log", async () => {
    const installation = await fakeInstallation();
    configure(installation, 'max_mib = 0.001\nkeep = 1000\n');
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const log = installation.layout.supervisorLog;
    await eventually('it is rotated', async () => (await installation.dkm('reload'), archivesOf(log).archives.length > 1));
    await installation.dkm('stop');
    const whole = wholeLog(log);
    expect(whole.match(/is ready, process/g)).toHaveLength(1);
    expect(whole).toMatch(/supervisor ended\n$/);
  });

  it('leaves nothing held still, and nothing unfinished, when the supervisor is killed while it rotates', async () => {
    const installation = await fakeInstallation();
    configure(installation, SMALL);
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const log = join(installation.layout.logs, 'store.log');
    const count = await write(installation, 'print', log, 1, async () => {
      for (let round = 1; round <= 5; round += 1) {
        const rotated = archivesOf(log).archives.length;
        await eventually('it rotates', () => archivesOf(log).archives.length > rotated);
        const { pid } = installation.status();
        process.kill(pid, 'SIGKILL');
        await eventually('the supervisor is gone', () => !isSameProcess(pid, null));
        expect(await installation.dkm('start')).toMatchObject({ code: 0 });
      }
    });
    await eventually('nothing unfinished is left', () => readdirSync(installation.layout.logs).every((name) => !name.endsWith('.part')));
    await hasAll(log, count);
  });
});
