import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { run, runOrThrow } from '../../src/base/exec.ts';
import { lines, now, render, sendTcp, values, type Datapoint } from '../helpers/graphite.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { measureLoss, type LossOptions } from '../helpers/loss.ts';
import { checkWhisper, fetchWhisper, findNumbered, numbered, sendNumbered } from '../helpers/numbered-points.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

/*
 * What was accepted is stored, whatever happens: for each store, under load, counted with whisper's own reader. The
 * figures themselves are printed by `npm run bench`.
 */

const BUNDLES = [
  { name: 'carbon-cache', bundle: inject('fallbackBundle'), without: '' },
  { name: 'go-carbon', bundle: inject('firstChoiceBundle'), without: inject('withoutFirstChoice') },
];
const LOAD: LossOptions = { perSecond: 4_000, metrics: 200, aroundMs: 4_000 };
/** What a killed store may have had in memory: three seconds of points. It writes each within about one. */
const MOST_LOST_BY_KILL = 3 * LOAD.perSecond;

describe.each(BUNDLES)('$name', ({ name, bundle, without }) => {
  const root = workDirectory(`loss-${name}`);
  let target: Installation | undefined;
  let reader = { site: '', reason: '' };

  beforeAll(async () => {
    if (without !== '') return;
    mkdirSync(join(root, '..'), { recursive: true });
    reader = await fetchWhisper(join(root, '..'));
    target = await install(bundle, root, '--hostname', 'probe.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
    await startAll(target);
  });
  afterAll(async () => {
    await target?.stop();
    removeTree(root);
  });

  const ready = (skip: (condition: boolean, reason: string) => void): Installation => {
    skip(without !== '', without);
    skip(reader.reason !== '', reader.reason);
    if (!target) throw new Error('there is no installation');
    return target;
  };

  it('loses no acknowledged point when it is restarted', async ({ skip }) => {
    const figures = await measureLoss(ready(skip), reader.site, 'restart', LOAD);
    expect(figures.acknowledged).toMatchObject({ lost: 0, sent: expect.toSatisfy((sent: number) => sent > 1_000) as number });
    expect(figures.wrong).toBe(0);
  });

  it('loses nothing at all when the supervisor is killed and taken over', async ({ skip }) => {
    const figures = await measureLoss(ready(skip), reader.site, 'supervisor killed', LOAD);
    expect(figures).toMatchObject({ acknowledged: { lost: 0 }, streamed: { lost: 0 }, cut: { sent: 0 }, wrong: 0 });
    expect(figures.streamed.sent).toBeGreaterThan(1_000);
  });

  it('loses what it had in memory and no more when it is killed, and damages no file', async ({ skip }) => {
    const installed = ready(skip);
    const figures = await measureLoss(installed, reader.site, 'store killed', LOAD);
    expect(figures.acknowledged.sent).toBeGreaterThan(1_000);
    expect(figures.acknowledged.lost + figures.streamed.lost).toBeLessThan(MOST_LOST_BY_KILL);
    expect(figures.wrong).toBe(0);
    const { files, damaged } = await checkWhisper(reader.site, join(installed.layout.storage, 'whisper'));
    expect(files).toBeGreaterThan(LOAD.metrics);
    expect(damaged).toEqual([]);
  });

  it('gives the query service what a restart interrupted', async ({ skip }) => {
    const installed = ready(skip);
    const points = numbered('loss.queried', 50);
    const end = await sendNumbered('send', installed.port + 1, points, 2_000);
    expect(await installed.dkm('restart', name)).toMatchObject({ code: 0 });
    const sent = await end();
    await eventually(
      'every acknowledged point is answered',
      async () => {
        const series = await render(installed.port + 2, `${points.prefix}.*`, '-5h45min');
        const answered = new Set(series.flatMap(({ datapoints }) => datapoints.flatMap(([value]) => (value === null ? [] : [value]))));
        const missing = (sent['acknowledged'] ?? []).flatMap(([from, to]) =>
          Array.from({ length: to - from }, (_, index) => from + index).filter((number) => !answered.has(number)),
        );
        return missing.length === 0 && answered.size > 0;
      },
      60_000,
    );
  });
});

describe.each(BUNDLES)('$name on a disk that gets full', ({ name, bundle, without }) => {
  const root = workDirectory(`full-${name}`);
  let target: Installation | undefined;
  let reader = { site: '', reason: '' };
  let mounted = '';

  const mount = async (...args: string[]): Promise<string> => (await run('mount', args)).stderr.trim();

  beforeAll(async () => {
    if (without !== '') return;
    reader = await fetchWhisper(join(root, '..'));
    target = await install(bundle, root, '--hostname', 'probe.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
    const { storage } = target.layout;
    const directories = readdirSync(storage, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
    mounted = await mount('-t', 'tmpfs', '-o', 'size=192m', 'tmpfs', storage);
    if (mounted !== '') return;
    for (const { parentPath, name: directory } of directories) mkdirSync(join(parentPath, directory), { recursive: true, mode: 0o700 });
    appendFileSync(target.layout.settings, '\n[disk]\nwarn_free_mib = 96\nstop_free_mib = 64\n');
    await startAll(target);
  });
  afterAll(async () => {
    await target?.stop();
    if (target && mounted === '') await runOrThrow('umount', [target.layout.storage]);
    removeTree(root);
  });

  it('is warned of, stopped before, and started again after, without a damaged file or a lost point', async ({ skip }) => {
    skip(without !== '', without);
    skip(reader.reason !== '', reader.reason);
    skip(mounted !== '', `a tmpfs cannot be mounted here (${mounted}); run the tests as root, or below "unshare --map-root-user --mount"`);
    const installed = target as Installation;
    const { storage } = installed.layout;
    const query = installed.port + 2;
    const ballast = join(storage, 'ballast');
    const fill = (mib: number): void => writeFileSync(ballast, Buffer.alloc(mib * 2 ** 20, 1));
    const carbon = installed.port + 1;
    const shown = async (): Promise<Shown> => JSON.parse((await installed.dkm('status', '--json')).stdout) as Shown;
    const store = async (): Promise<Shown['services'][number]> => (await shown()).services.find((service) => service.name === name)!;

    fill(110); // 82 MiB are left
    const warning = await eventually('a warning', async () => (await shown()).warnings[0]?.message);
    expect(warning).toContain('little space');
    expect(await store()).toMatchObject({ state: 'RUNNING' });
    expect((await installed.dkm('status')).stdout).toContain('Warning: little space');

    // At full speed: each metric is a new file.
    const points = numbered('full', 15_000);
    const end = await sendNumbered('send', carbon, points, 20_000);
    await eventually('the store is stopped', async () => (await store()).state === 'STOPPED', 120_000);
    const sent = await end();
    expect(await store()).toMatchObject({ held: true, reason: expect.stringContaining('nearly full') as string });
    const free = Number((await runOrThrow('stat', ['-f', '-c', '%a', storage])).trim());
    expect(free).toBeGreaterThan(0);
    for (const log of readdirSync(installed.layout.logs))
      expect(readFileSync(join(installed.layout.logs, log), 'utf8'), log).not.toMatch(/no space left|ENOSPC/i);
    const { files, damaged } = await checkWhisper(reader.site, join(storage, 'whisper'));
    expect(files).toBeGreaterThan(100);
    expect(damaged).toEqual([]);
    expect(await installed.dkm('start', name)).toMatchObject({ code: 1, stdout: expect.stringContaining('not started: the disk is nearly full') as string });

    // Room for everything that waits.
    rmSync(ballast);
    expect(await mount('-o', 'remount,size=8g', storage)).toBe('');
    await eventually('it runs again by itself', async () => (await store()).state === 'RUNNING', 60_000);
    await eventually('the warning is gone', async () => (await shown()).warnings.length === 0);
    const point: Datapoint = ['after.full', 42, now()];
    await eventually('it takes points', () => sendTcp(carbon, lines([point])).then(() => true));
    await eventually('and answers them', async () => (await values(query, 'after.full')).includes(42), 120_000);
    await eventually(
      'nothing that was acknowledged is lost',
      async () => {
        const { counts, wrong } = await findNumbered(reader.site, join(storage, 'whisper'), points, sent);
        expect(wrong).toBe(0);
        expect(counts['acknowledged']).toEqual({ sent: counts['acknowledged']?.sent, stored: counts['acknowledged']?.sent });
        return true;
      },
      300_000,
    );
    expect((await checkWhisper(reader.site, join(storage, 'whisper'))).damaged).toEqual([]);
  });
});

interface Shown {
  services: { name: string; state: string; reason: string; held?: boolean }[];
  warnings: { message: string }[];
}
