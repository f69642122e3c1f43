import { closeSync, mkdirSync, openSync, utimesSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { surveyCost } from '../../../src/retention/cost.ts';
import { costInWords } from '../../../src/retention/cost-in-words.ts';
import { hostsAmong } from '../../../src/retention/hosts.ts';
import { parseRules, type Rules } from '../../../src/retention/rules.ts';
import { fileBytesOf } from '../../../src/whisper/format.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { fileWith, shape } from '../whisper/files.ts';

const RULES = rules('10s:1h,1m:1d');
const SHAPE = shape('10s x 360, 60s x 1440');
const BYTES = fileBytesOf(SHAPE);
const BLOCKS_BYTES = Math.ceil(BYTES / 4096) * 4096;

function rules(retentions: string): Rules {
  return parseRules(
    { schemas: `[host]\npattern = ^collectd\nretentions = ${retentions}\n[default]\npattern = .*\nretentions = 1m:1h\n`, aggregations: '' },
    { dialect: 'go-carbon', schemasFile: 'schemas', aggregationFile: '' },
  );
}

function store(root: string, metric: string, modified = new Date()): string {
  const path = join(root, `${metric.replaceAll('.', '/')}.wsp`);
  mkdirSync(dirname(path), { recursive: true });
  const { file } = fileWith(SHAPE, [[[Math.floor(Date.now() / 1000), 1]]]);
  // Sparse, as the stores make it: what was written are the beginnings of both archives, and the last byte.
  const handle = openSync(path, 'w');
  writeSync(handle, file, 0, 2 * 4096, 0);
  writeSync(handle, file, BYTES - 1, 1, BYTES - 1);
  closeSync(handle);
  utimesSync(path, modified, modified);
  return path;
}

describe('hosts among metrics', () => {
  it('are known by what each has, whatever their names look like', () => {
    const found = hostsAmong([
      'collectd.org.example.web1.load.load.shortterm',
      'collectd.org.example.web1.cpu.0.cpu.user',
      'collectd.org.example.web1.cpu.1.cpu.user',
      'collectd.org.example.load.load.shortterm',
      'collectd.org.example.memory.memory.used',
      'telegraf.org.example.web1.system.load1',
      'dss.design.collectd.load.load.shortterm',
      'dss.design.backend.count',
      'carbon.agents.web1.cpu',
    ]);
    expect(found.map(({ prefix, metrics }) => [prefix, metrics.length])).toEqual([
      ['collectd.org.example.web1', 3],
      ['collectd.org.example', 2],
      ['telegraf.org.example.web1', 1],
      ['dss.design.collectd', 1],
    ]);
    expect(hostsAmong(['a.b'])).toEqual([]);
  });
});

describe('what metrics cost', () => {
  it('is reckoned with what a default collectd makes where there is no host', async () => {
    const root = temporaryDirectory();
    store(root, 'other.a');
    const { cost } = await surveyCost(root, RULES);
    expect(cost.perHost).toEqual({ from: 'default', hosts: 0, metricsPerHost: 300 });
    expect(cost.bytesPerHost).toBe(300 * BLOCKS_BYTES);
    expect(costInWords(1, cost)[0]).toContain(
      'about 300 metrics (what a default collectd makes of a server with 16 processors; there is no host here yet to count)',
    );
  });

  it('is that of the hosts that are there, each metric under its rule', async () => {
    const root = temporaryDirectory();
    const files = [
      'org.example.a.load.load.shortterm',
      'org.example.a.cpu.0.cpu.user',
      'org.example.a.cpu.1.cpu.user',
      'org.example.b.load.load.shortterm',
    ].map((name) => store(root, `collectd.${name}`));
    const { cost, survey } = await surveyCost(root, RULES);
    expect(cost.perHost).toEqual({ from: 'counted', hosts: 2, metricsPerHost: 2, most: { prefix: 'collectd.org.example.a', metrics: 3 } });
    expect(cost.bytesPerHost).toBe(2 * BLOCKS_BYTES);
    const disk = (await Promise.all(files.map(async (file) => stat(file)))).reduce((sum, { blocks }) => sum + blocks * 512, 0);
    expect(cost).toMatchObject({ nowBytes: disk, fullBytes: 4 * BLOCKS_BYTES, growingFiles: 4, isReckoned: false });
    expect(cost.growth.bytesToCome).toBe(cost.fullBytes - cost.nowBytes);
    expect(costInWords(survey.files, cost)[0]).toContain('the average of 2 that were counted; collectd.org.example.a has the most, 3');
  });

  it('does not grow where nothing comes any more', async () => {
    const root = temporaryDirectory();
    store(root, 'collectd.a.load.load.shortterm', new Date(Date.now() - 2 * 86_400_000));
    const { cost } = await surveyCost(root, RULES);
    expect(cost).toMatchObject({ growingFiles: 0, growth: { bytesPerDay: 0, bytesToCome: 0, daysUntilDiskFullAtThisPace: null } });
    expect(costInWords(1, cost).slice(2)).toEqual([
      '0 of them are written to, and grow no more in the next 24 hours.',
      expect.stringMatching(/^The disk has .* free: these metrics take no more of it\.$/) as string,
    ]);
  });

  it('is reckoned for the rest where there was no time to look at every file', async () => {
    const root = temporaryDirectory();
    for (let index = 0; index < 50; index += 1) store(root, `collectd.a.metric${index}`);
    const whole = await surveyCost(root, RULES);
    const part = await surveyCost(root, RULES, { withinMs: 0 });
    expect(part.survey.isComplete).toBe(false);
    expect(part.survey.files).toBeLessThan(50);
    expect(part.cost).toMatchObject({ isReckoned: true, nowBytes: whole.cost.nowBytes, fullBytes: whole.cost.fullBytes, growingFiles: 50 });
    expect(part.cost.growth.bytesPerDay).toBeCloseTo(whole.cost.growth.bytesPerDay);
  });
});

describe('in words', () => {
  const growth = { bytesPerDay: 2 ** 20, bytesToCome: 2 ** 30, daysUntilFilesFull: 300, daysUntilDiskFull: null, daysUntilDiskFullAtThisPace: 5000 };
  const cost = {
    perHost: { from: 'counted', hosts: 1, metricsPerHost: 312, most: { prefix: 'collectd.a', metrics: 312 } } as const,
    bytesPerHost: 2 ** 28,
    nowBytes: 2 ** 25,
    fullBytes: 2 ** 30,
    growingFiles: 312,
    growth,
    disk: { freeBytes: 2 ** 33, totalBytes: 2 ** 34 },
    isReckoned: false,
  };

  it('says when files and disk are full', () => {
    expect(costInWords(312, cost)).toEqual([
      'A host has 312 metrics (counted: collectd.a), which take 256 MiB when their files are full.',
      '312 metrics take 32.0 MiB now, 1.0 GiB when their files are full.',
      '312 of them are written to and grow by 1.0 MiB in the next 24 hours; the last is full in 300 days.',
      'The disk has 8.0 GiB free: these metrics will take 1.0 GiB more and do not fill it; at the pace of the next 24 hours it would be full in 5000 days.',
    ]);
    const little = costInWords(312, { ...cost, disk: { freeBytes: 2 ** 27, totalBytes: 2 ** 34 }, growth: { ...growth, daysUntilDiskFull: 0.3 } });
    expect(little[3]).toContain('128 MiB free: these metrics fill it in 7 hours, as they will take 1.0 GiB more');
    expect(costInWords(10, { ...cost, isReckoned: true })[1]).toContain('reckoned from the 10 that were looked at');
  });
});
