import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listTree } from '../../../src/base/files.ts';
import { unappliedRetention } from '../../../src/retention/unapplied.ts';
import { readHeader } from '../../../src/whisper/format.ts';
import { eventually } from '../../helpers/wait.ts';
import { fileWith, pointsOf, shape } from '../../unit/whisper/files.ts';
import { storeInstallation, type StoreInstallation } from './store-installation.ts';

const NOW = Math.floor(Date.now() / 60_000) * 60;
const SHORT = '10s x 60,60s x 120';
const RULES = {
  web: { pattern: '^web\\.', retentions: '10s:20m,1m:1d' },
  default: { pattern: '.*', retentions: '10s:10m,1m:2h' },
};
const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts');

async function installationWith(metrics: string[]): Promise<StoreInstallation> {
  const installation = await storeInstallation('go-carbon');
  installation.setSchemas(RULES);
  for (const metric of metrics) store(installation, metric);
  return installation;
}

function store({ whisper }: StoreInstallation, metric: string, made = shape(SHORT)): string {
  const path = join(whisper, `${metric.replaceAll('.', '/')}.wsp`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, fileWith(made, [[[NOW - 60, 1]], [[NOW - 60, 1]]]).file);
  return path;
}

const stepsOf = (path: string): string => {
  const bytes = readFileSync(path);
  const read = readHeader(bytes, bytes.length);
  if (read.kind !== 'whisper') return read.kind;
  expect(pointsOf(bytes, read.header, 0)).toEqual([[NOW - 60, 1]]);
  return read.header.archives.map(({ stepSeconds, points }) => `${stepSeconds}x${points}`).join(',');
};

/** Every point of a file: archive's step, time, value. */
function allPoints(path: string): [number, number, number][] {
  const bytes = readFileSync(path);
  const read = readHeader(bytes, bytes.length);
  if (read.kind !== 'whisper') throw new Error(`${path} is ${read.kind}`);
  const { header } = read;
  return header.archives.flatMap(({ stepSeconds }, index) =>
    pointsOf(bytes, header, index).map(([time, value]): [number, number, number] => [stepSeconds, time, value]),
  );
}

describe('dkm retention', () => {
  it('shows, plans and applies changed rules', async () => {
    const installation = await installationWith(['web.a', 'web.b', 'db.c']);
    const { dkm, whisper, layout } = installation;
    const show = JSON.parse((await dkm('retention', 'show', '--json')).stdout) as { rules: Record<string, unknown>[] };
    expect(show).toMatchObject({ store: 'go-carbon', files: 3, differing: 2, isComplete: true, metricsPerHost: 300 });
    expect(show.rules[0]).toMatchObject({
      name: 'web',
      files: 2,
      differing: 2,
      bytesPerMetric: 40 + 12 * (120 + 1440),
      words: 'every 10 s for 20 m, every 1 m for 1 d',
    });
    const shown = await dkm('retention', 'show');
    expect(shown.stdout).toContain('every 10 s for 20 m, every 1 m for 1 d');
    expect(shown.stdout).toMatch(/A host has about 300 metrics \(what a default collectd makes of .*\n3 metrics take .* now, .* when their files are full\./);
    expect(shown.stderr).toContain('2 metrics are kept by other rules than these');
    expect(await unappliedRetention(layout)).toMatchObject({ looked: 3, differing: 2, isComplete: true });

    const before = await snapshot(whisper);
    const planned = await dkm('retention', 'plan');
    expect(planned.stdout).toMatch(/web +\^web\\\. +2 .*every 10 s for 20 m/);
    expect(await snapshot(whisper)).toEqual(before);

    const applied = await dkm('retention', 'apply');
    expect(applied.stdout).toContain('Converted 2 metrics');
    expect(applied.code).toBe(0);
    expect(['web/a', 'web/b', 'db/c'].map((name) => stepsOf(join(whisper, `${name}.wsp`)))).toEqual(['10x120,60x1440', '10x120,60x1440', '10x60,60x120']);
    expect(await unappliedRetention(layout)).toMatchObject({ differing: 0, message: '' });
    expect((await dkm('retention', 'plan')).stdout).toContain('nothing to convert');
    expect((await dkm('retention', 'apply')).stdout).toContain('Nothing was converted.');
  });

  it('shows what metrics cost, now and when their files are full', async () => {
    const installation = await installationWith(['collectd.a.load.load.shortterm', 'collectd.a.cpu.0.cpu.user', 'web.x']);
    const { cost, metricsPerHost, rules } = JSON.parse((await installation.dkm('retention', 'show', '--json')).stdout) as {
      cost: Record<string, unknown>;
      metricsPerHost: number;
      rules: Record<string, unknown>[];
    };
    const amount = expect.any(Number) as number;
    expect(cost).toEqual({
      perHost: { from: 'counted', hosts: 1, metricsPerHost: 2, most: { prefix: 'collectd.a', metrics: 2 } },
      bytesPerHost: 2 * 4096, // 60 and 120 points
      nowBytes: amount,
      fullBytes: amount,
      growingFiles: 3,
      growth: { bytesPerDay: amount, bytesToCome: amount, daysUntilFilesFull: amount, daysUntilDiskFull: null, daysUntilDiskFullAtThisPace: null },
      disk: { freeBytes: amount, totalBytes: amount },
      isReckoned: false,
    });
    expect(metricsPerHost).toBe(2);
    expect(rules[1]).toMatchObject({ name: 'default', bytesPerHost: 2 * (40 + 12 * 180) });
    expect((await installation.dkm('retention', 'show')).stdout).toContain('A host has 2 metrics (counted: collectd.a), which take 8.0 KiB when');
  });

  it('tells what the groups change for metrics that are there, and converts them without losing anything', async () => {
    const installation = await storeInstallation('go-carbon');
    const { dkm, whisper } = installation;
    // As the rules before made them: see test/fixtures/retention/before-groups.
    const before = { minutes: shape('60s x 10080, 600s x 52560'), tens: shape('10s x 2160, 60s x 10080, 600s x 52560') };
    const newest = Math.floor(Date.now() / 600_000) * 600;
    const paths = Object.entries({
      'carbon.agents.a.cpuUsage': before.minutes,
      'collectd.a.cpu.0.cpu.user': before.tens,
      'dataiku.dss.design.requests.count': before.tens,
      'my.own': before.tens,
    }).map(([metric, made]) => {
      const path = join(whisper, `${metric.replaceAll('.', '/')}.wsp`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(
        path,
        fileWith(
          made,
          made.archives.map(({ stepSeconds }) => Array.from({ length: 50 }, (_, at) => [newest - (49 - at) * stepSeconds, at] as const)),
        ).file,
      );
      return path;
    });
    const planned = JSON.parse((await dkm('retention', 'plan', '--json')).stdout) as { rules: Record<string, unknown>[] };
    expect(planned.rules.map(({ rule, files, losing }) => [rule, files, losing])).toEqual(
      expect.arrayContaining([
        ['self', 1, 0],
        ['host', 1, 0],
        ['dss', 1, 0],
      ]),
    );
    expect(planned.rules).toHaveLength(3); // the rest is kept as it was
    const [old, kept] = [paths.map((path) => allPoints(path)), (await dkm('retention', 'apply', '--json')).stdout];
    expect(JSON.parse(kept)).toMatchObject({ converted: 3, losing: 0, failed: 0, left: 0 });
    for (const [index, path] of paths.entries()) expect(allPoints(path), path).toEqual(expect.arrayContaining(old[index]!));
  });

  it('converts only what is asked for', async () => {
    const { dkm, whisper } = await installationWith(['web.a', 'web.b.x', 'web.c.x']);
    expect(JSON.parse((await dkm('retention', 'apply', '--metric', 'web.{a,b}*.*', '--json')).stdout)).toMatchObject({ converted: 1, left: 0 });
    expect(JSON.parse((await dkm('retention', 'apply', '--pattern', 'default', '--json')).stdout)).toMatchObject({ converted: 0 });
    expect(JSON.parse((await dkm('retention', 'apply', '--pattern', '^web\\.', '--json')).stdout)).toMatchObject({ converted: 2 });
    expect(stepsOf(join(whisper, 'web/b/x.wsp'))).toBe('10x120,60x1440');
    expect(await dkm('retention', 'plan', '--pattern', 'weg')).toMatchObject({ code: 2, stderr: expect.stringContaining('Rules are web, default.') as string });
  });

  it('does not shorten anything unless it is allowed to', async () => {
    const installation = await installationWith([]);
    const path = store(installation, 'db.c', shape('10s x 600'));
    const refused = await installation.dkm('retention', 'apply');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('from 10 m to 100 m back, a point every 1 m in place of every 10 s') as string });
    expect(refused.stderr).toContain('--allow-loss only');
    expect(stepsOf(path)).toBe('10x600');
    expect((await installation.dkm('retention', 'apply', '--allow-loss')).code).toBe(0);
    expect(stepsOf(path)).toBe('10x60,60x120');
  });

  it('names what it cannot convert, and converts the rest', async () => {
    const installation = await installationWith(['web.good', 'web.damaged', 'other.linked']);
    const { dkm, whisper } = installation;
    truncateSync(join(whisper, 'web/damaged.wsp'), 1000);
    writeFileSync(join(whisper, 'web/compressed.wsp'), 'whisper_compressed\u0001');
    symlinkSync(join(whisper, 'other/linked.wsp'), join(whisper, 'web/link.wsp'));
    store(installation, 'web.x');
    mkdirSync(join(whisper, 'web/host.example.org'));
    writeFileSync(join(whisper, 'web/host.example.org/y.wsp'), fileWith(shape(SHORT), []).file);
    const applied = await dkm('retention', 'apply', '--json');
    expect(JSON.parse(applied.stdout)).toMatchObject({
      converted: 2,
      failures: [{ file: 'web/damaged.wsp', why: 'it is cut off: 1000 of 2200 bytes' }],
      leftAlone: { compressed: 1, link: 1, nameless: 1 },
    });
    expect(applied.code).toBe(1);
    expect(statSync(join(whisper, 'web/damaged.wsp')).size).toBe(1000);
    expect((await dkm('retention', 'show')).stderr).toContain('web/damaged.wsp: it is cut off: 1000 of 2200 bytes');
  });

  it('leaves metrics alone that come to a pattern it cannot read', async () => {
    const installation = await installationWith(['web.a', 'db.c']);
    installation.setSchemas({ web: RULES.web, odd: { pattern: '^\\pL', retentions: '1m:1d' }, default: RULES.default });
    const applied = await installation.dkm('retention', 'apply');
    expect(applied.stderr).toContain('db/c.wsp: rule [odd]: pattern ^\\pL: dkm cannot tell what \\p means to the store');
    expect([stepsOf(join(installation.whisper, 'web/a.wsp')), stepsOf(join(installation.whisper, 'db/c.wsp'))]).toEqual(['10x120,60x1440', '10x60,60x120']);
  });

  it('stops between two files on Ctrl-C, and goes on', async () => {
    const metrics = Array.from({ length: 30 }, (_, index) => `web.m${index}`);
    const { dkm, whisper, layout } = await installationWith(metrics);
    const child = spawn(process.execPath, [MAIN, 'dkm', '--directory', layout.root, 'retention', 'apply', '--files-per-second', '4']);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const converted = (): number => metrics.filter((metric) => stepsOf(join(whisper, `${metric.replace('.', '/')}.wsp`)) === '10x120,60x1440').length;
    await eventually('the first are converted', () => converted() >= 2);
    child.kill('SIGINT');
    await eventually('it ended', () => child.exitCode !== null);
    expect(child.exitCode).toBe(1);
    expect(said).toContain(`Interrupted between two files; ${30 - converted()} are left. "dkm retention apply" goes on.`);
    expect((await listTree(whisper)).every((file) => file.endsWith('.wsp'))).toBe(true);
    expect((await dkm('retention', 'apply', '--files-per-second', '1000')).code).toBe(0);
    expect(converted()).toBe(30);
  });

  it('goes on after kill -9, wherever that came', async () => {
    const metrics = Array.from({ length: 100 }, (_, index) => `web.m${index}`);
    const { dkm, whisper, layout } = await installationWith(metrics);
    for (let kills = 0; kills < 3; kills += 1) {
      const child = spawn(process.execPath, [MAIN, 'dkm', '--directory', layout.root, 'retention', 'apply', '--files-per-second', '1000'], { stdio: 'ignore' });
      await eventually('one is under way', () => readdirSync(join(whisper, 'web')).some((name) => name.includes('.retention-')) || child.exitCode !== null);
      child.kill('SIGKILL');
      await eventually('it is dead', () => child.signalCode !== null || child.exitCode !== null);
    }
    expect((await dkm('retention', 'apply', '--files-per-second', '1000')).code).toBe(0);
    expect(metrics.every((metric) => stepsOf(join(whisper, `${metric.replace('.', '/')}.wsp`)) === '10x120,60x1440')).toBe(true);
    expect((await listTree(whisper)).every((file) => file.endsWith('.wsp'))).toBe(true);
  });

  it('changes nothing where the store does not lock its files, or there is too little space', async () => {
    const { dkm, whisper, layout } = await installationWith(['web.a']);
    const file = join(layout.conf, 'go-carbon', 'go-carbon.toml');
    const conf = readFileSync(file, 'utf8');
    writeFileSync(file, conf.replace('flock = true', 'flock = false'));
    expect(await dkm('retention', 'apply')).toMatchObject({ code: 4, stderr: expect.stringContaining('Set flock = true under [whisper]') as string });
    writeFileSync(file, conf);
    writeFileSync(layout.settings, `${readFileSync(layout.settings, 'utf8')}\n[disk]\nstop_free_mib = 1000000000\n`);
    const little = await dkm('retention', 'apply');
    expect(little.stderr).toContain('are to stay free, so that the store is not stopped');
    expect(little.code).toBe(4);
    expect(stepsOf(join(whisper, 'web/a.wsp'))).toBe('10x60,60x120');
  });

  it('says so where there is no store', async () => {
    const { dkm, layout } = await installationWith([]);
    writeFileSync(layout.settings, readFileSync(layout.settings, 'utf8').replace('store = "go-carbon"', ''));
    expect(await dkm('retention', 'show')).toMatchObject({ code: 2, stderr: expect.stringContaining('has no store of its own') as string });
    expect(await unappliedRetention(layout)).toBeUndefined();
    expect(existsSync(join(layout.run, 'retention.lock'))).toBe(false);
  });
});

async function snapshot(root: string): Promise<[string, number, number][]> {
  return (await listTree(root)).map((file) => {
    const { ino, mtimeMs } = statSync(join(root, file));
    return [file, ino, mtimeMs];
  });
}
