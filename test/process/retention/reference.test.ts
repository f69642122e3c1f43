import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, runOrThrow } from '../../../src/base/exec.ts';
import { openSources } from '../../../src/retention/sources.ts';
import { methodNumber } from '../../../src/whisper/aggregation.ts';
import { convert } from '../../../src/whisper/convert.ts';
import type { Shape } from '../../../src/whisper/format.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { fileWith, pointsOf } from '../../unit/whisper/files.ts';
import { PYTHON } from './store-installation.ts';

/* Against the whisper that Graphite itself uses, from PyPI: each reads what the other wrote, and both resize alike. */

const VERSION = '1.1.10';
const NOW = Math.floor(Date.now() / 1000);
let site: string | undefined;
const WHY = `whisper ${VERSION} cannot be had here: python3 with pip, and a network or a pip mirror, enable it`;

beforeAll(async () => {
  if (PYTHON === undefined) return;
  const target = realpathSync(mkdtempSync(join(tmpdir(), 'dkm-whisper-')));
  const installed = await run(PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', target, `whisper==${VERSION}`], {
    timeoutMs: 100_000,
  });
  if (installed.code === 0) site = target;
  else rmSync(target, { recursive: true, force: true });
});

afterAll(() => {
  if (site !== undefined) rmSync(site, { recursive: true, force: true });
});

const METHODS = ['average', 'sum', 'last', 'max', 'min', 'avg_zero', 'absmax', 'absmin'];

type Points = [number, number][];

async function reference(...tasks: Record<string, unknown>[]): Promise<unknown[]> {
  const env = { ...process.env, PYTHONPATH: site, NOW: `${NOW}` };
  return JSON.parse(
    await runOrThrow(PYTHON!, [join(import.meta.dirname, 'reference.py')], { env, input: JSON.stringify(tasks), timeoutMs: 60_000 }),
  ) as unknown[];
}

const pairs = (shape: Shape): number[][] => shape.archives.map(({ stepSeconds, points }) => [stepSeconds, points]);

function kept(method: string, xFilesFactor: number, ...archives: [step: number, points: number][]): Shape {
  return { archives: archives.map(([stepSeconds, points]) => ({ stepSeconds, points })), method: methodNumber(method, 'carbon-cache')!, xFilesFactor };
}

/** A point every `step` seconds of the last `span`, with holes; in batches, the oldest first, as a store writes them. */
function history(step: number, span: number): Points[] {
  const points: Points = [];
  for (let time = Math.floor((NOW - span) / step) * step; time <= NOW; time += step)
    if ((time / step) % 7 !== 3 && (time / step) % 90 > 5) points.push([time, (time % 1000) / 8]);
  const batches: Points[] = [];
  for (let index = 0; index < points.length; index += 50) batches.push(points.slice(index, index + 50));
  return batches;
}

function convertedTo(path: string, shape: Shape): Buffer {
  const opened = openSources(readFileSync(path));
  if ('why' in opened) throw new Error(opened.why);
  return convert(opened.sources, { dialect: 'carbon-cache', shape, now: NOW });
}

/** Points that readers can see: those the reference gives. */
const visible = (points: Points, { stepSeconds, points: count }: Shape['archives'][number]): Points =>
  points.filter(([time]) => time > NOW - stepSeconds * count && time <= NOW);

describe('files of the reference whisper', () => {
  it.for(METHODS)('are read as it reads them: %s', async (method, { skip }) => {
    skip(site === undefined, WHY);
    const path = join(temporaryDirectory(), 'x.wsp');
    const old = kept(method, 0.3, [1, 60], [10, 60], [60, 60]);
    const [, seen, info] = (await reference(
      { do: 'create', path, archives: pairs(old), method, xff: 0.3, points: history(1, 500) },
      { do: 'fetch', path },
      { do: 'info', path },
    )) as [null, Points[], unknown];
    const opened = openSources(readFileSync(path));
    if ('why' in opened) throw new Error(opened.why);
    expect(
      opened.sources.map(({ archive, series }) =>
        visible(
          Array.from(series.times, (time, index) => [time, series.values[index]!]),
          archive,
        ),
      ),
    ).toEqual(seen);
    expect(info).toEqual({ method, xff: opened.header.xFilesFactor, archives: pairs(old) });
    expect(opened.header.method).toBe(old.method);
  });

  it.for(METHODS)('that we thin out get the points it gives them: %s', async (method, { skip }) => {
    skip(site === undefined, WHY);
    const path = join(temporaryDirectory(), 'x.wsp');
    const wide = kept(method, 0.4, [1, 600], [10, 90], [60, 60]);
    const [, seen] = (await reference({ do: 'create', path, archives: pairs(wide), method, xff: 0.4, points: history(1, 580) }, { do: 'fetch', path })) as [
      null,
      Points[],
    ];
    // The same points without the coarser archives, which we make of them.
    const narrow = join(temporaryDirectory(), 'y.wsp');
    await reference({ do: 'create', path: narrow, archives: [[1, 600]], method, xff: 0.4, points: history(1, 580) });
    const made = convertedTo(narrow, wide);
    const ours = wide.archives.map((archive, index) => visible(pointsOf(made, { ...wide, archives: layoutOf(wide) }, index), archive));
    expect(ours[0]).toEqual(seen[0]);
    // From the third archive on it thins out what was thinned out; we go back to the finest there is.
    expect(ours[1]).toEqual(seen[1]);
  });
});

const layoutOf = (shape: Shape): { stepSeconds: number; points: number; offset: number }[] => fileWith(shape, []).header.archives;

describe('our files', () => {
  it('are read by it as we read them, wherever their rings begin', async ({ skip }) => {
    skip(site === undefined, WHY);
    const directory = temporaryDirectory();
    const shape = kept('sum', 0.5, [10, 30], [60, 50]);
    const files = [0, 7, 29, 30, 31, 100].map((shift, index) => {
      const points = Array.from({ length: 25 }, (_, at): [number, number] => [Math.floor(NOW / 10) * 10 - (24 - at) * 10, at / 3]);
      const first: [number, number] = [points[0]![0] - shift * 10, 1];
      const { file, header } = fileWith(shape, [[first, ...points], []]);
      const path = join(directory, `${index}.wsp`);
      writeFileSync(path, file);
      return { path, ours: header.archives.map((archive, at) => visible(pointsOf(file, header, at), archive)) };
    });
    const seen = await reference(...files.map(({ path }) => ({ do: 'fetch', path })));
    expect(files.map(({ ours }) => ours)).toEqual(seen);
  });
});

describe('beside whisper-resize.py', () => {
  it.for<[string, string[], Shape]>([
    // 10s:1h, 1m:1d before
    ['longer', ['10s:2h', '1m:2d'], kept('average', 0, [10, 720], [60, 2880])],
    ['another archive', ['10s:1h', '1m:1d', '10m:7d'], kept('average', 0, [10, 360], [60, 1440], [600, 1008])],
    ['without the coarse one', ['10s:6h'], kept('average', 0, [10, 2160])],
    ['without the fine one', ['1m:1d'], kept('average', 0, [60, 1440])],
  ])('the result is the same, but for what it invents or forgets: %s', async ([, retentions, shape], { skip }) => {
    skip(site === undefined, WHY);
    const directory = temporaryDirectory();
    const [path, theirs] = [join(directory, 'x.wsp'), join(directory, 'theirs.wsp')];
    const old = kept('average', 0, [10, 360], [60, 1440]);
    const create = { archives: pairs(old), method: 'average', xff: 0, points: history(10, 20_000) };
    await reference({ do: 'create', path, ...create }, { do: 'create', path: theirs, ...create }, { do: 'resize', path: theirs, retentions });
    const made = convertedTo(path, shape);
    writeFileSync(path, made);
    const [ours, peer] = (await reference({ do: 'fetch', path }, { do: 'fetch', path: theirs })) as [Points[], Points[]];
    const real = new Map(history(10, 20_000).flat());
    let tainted: number[] = [];
    for (const [index, { stepSeconds, points }] of shape.archives.entries()) {
      const [mine, other] = [new Map(ours[index]), new Map(peer[index])];
      const differing = [...new Set([...mine.keys(), ...other.keys()])].filter((time) => mine.get(time) !== other.get(time));
      const facts = { mine, other, real, tainted, isFinest: index === 0, stepSeconds, reach: stepSeconds * points };
      for (const time of differing) expect.soft(reasonFor(time, facts), `${time - NOW}: ${mine.get(time)} and ${other.get(time)}`).not.toBe('none');
      expect(differing.length, 'most are the same').toBeLessThan(mine.size / 2);
      tainted = differing;
    }
  });
});

interface Difference {
  mine: Map<number, number>;
  other: Map<number, number>;
  real: Map<number, number>;
  /** Times at which the next finer archive differs. */
  tainted: number[];
  isFinest: boolean;
  stepSeconds: number;
  reach: number;
}

const isAverage = (values: number[], value: number | undefined): boolean =>
  Math.abs(values.reduce((sum, each) => sum + each, 0) / values.length - (value ?? NaN)) < 1e-9;

/** Why an interval differs from what whisper-resize.py (without --aggregate) makes of it. */
function reasonFor(time: number, { mine, other, real, tainted, isFinest, stepSeconds, reach }: Difference): string {
  const within = (from: number): boolean => from >= time && from < time + stepSeconds;
  // It writes the average of a minute to the first ten seconds of it, though others of its points are known.
  if (isFinest && stepSeconds === 10 && !real.has(time) && !mine.has(time)) return 'invented';
  // It writes points one after the other to an archive that is coarser: the last of them stays, nothing is aggregated.
  if (isFinest && stepSeconds === 60 && [...real].some(([from, value]) => within(from) && value === other.get(time))) return 'only the last';
  // It thins out what it invented.
  if (!isFinest && tainted.some(within)) return 'made of others';
  // It takes the average of the averages of minutes; ours is that of all points.
  if (
    !isFinest &&
    isAverage(
      [...real].filter(([from]) => within(from)).map(([, value]) => value),
      mine.get(time),
    )
  )
    return 'of all points';
  // It is undecided about the minute in which the finer archive begins.
  if (Math.abs(time - (NOW - 3600)) <= 90) return 'at the edge';
  // It does not bring over what an archive is about to forget, or has only the end of.
  if (!other.has(time) && (time < NOW - reach + 2 * stepSeconds || time < NOW - 20_000 + stepSeconds)) return 'forgotten';
  return 'none';
}
