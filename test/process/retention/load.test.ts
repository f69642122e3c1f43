import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { listTree } from '../../../src/base/files.ts';
import { readHeader } from '../../../src/whisper/format.ts';
import { readSeries, valueAt } from '../../../src/whisper/series.ts';
import { lines, now, sendTcp, type Datapoint } from '../../helpers/graphite.ts';
import { eventually } from '../../helpers/wait.ts';
import { builtStore, PYTHON, storeInstallation, type StoreInstallation, type StoreName } from './store-installation.ts';

const METRICS = 60;
const BACKFILL_S = 3_000;

/** What was sent, and taken, by metric and second. */
type Sent = Map<string, Map<number, number>>;

async function send(port: number, sent: Sent, points: readonly Datapoint[]): Promise<void> {
  await sendTcp(port, lines(points));
  for (const [name, value, time] of points) sent.set(name, (sent.get(name) ?? new Map<number, number>()).set(time, value));
}

/** Sends to every metric, again and again: the present second, and seconds of the past that had no point yet. */
async function load(port: number, sent: Sent, signal: AbortSignal): Promise<void> {
  for (let round = 1; !signal.aborted; round += 1) {
    const time = now();
    const points = Array.from({ length: METRICS }, (_, metric): Datapoint[] => [
      [`load.test.metric${metric}`, round, time],
      [`load.test.metric${metric}`, -round, time - BACKFILL_S + round],
    ]).flat();
    await send(port, sent, points);
    await pause(250, undefined, { signal }).catch(() => undefined);
  }
}

function missing({ whisper }: StoreInstallation, sent: Sent): string[] {
  return [...sent].flatMap(([name, points]) => {
    const file = readFileSync(join(whisper, `${name.replaceAll('.', '/')}.wsp`));
    const read = readHeader(file, file.length);
    if (read.kind !== 'whisper') return [`${name} is ${read.kind}`];
    const series = readSeries(file, read.header.archives[0]!);
    if ('why' in series) return [`${name}: ${series.why}`];
    return [...points].filter(([time, value]) => valueAt(series, time) !== value).map(([time, value]) => `${name} ${value} ${time}: ${valueAt(series, time)}`);
  });
}

/** Waits until the store has written everything, or nothing new for a while: on a busy machine it takes its time. */
async function writtenOut(installation: StoreInstallation, sent: Sent): Promise<void> {
  let fewest = Infinity;
  let lastMs = Date.now();
  await eventually(
    'the store wrote what it has',
    () => {
      const left = missing(installation, sent).length;
      if (left < fewest) [fewest, lastMs] = [left, Date.now()];
      return left === 0 || Date.now() - lastMs > 15_000;
    },
    90_000,
  );
}

describe.each<StoreName>(['go-carbon', 'carbon-cache'])('a change of retentions while %s takes metrics', (store) => {
  it('loses no point that was taken', async ({ skip }) => {
    const component = builtStore(store);
    skip(component === undefined, `${store} is not built: "npm run make-package -- --fallback --provider store=${store}" builds it`);
    skip(store === 'carbon-cache' && PYTHON === undefined, 'carbon-cache needs python3');
    const installation = await storeInstallation(store, component);
    const { dkm, port, setSchemas, whisper } = installation;
    setSchemas({ default: { pattern: '.*', retentions: '1s:1h,1m:1d' } });
    const started = await dkm('start');
    expect(started.code, started.stdout + started.stderr).toBe(0);

    const sent: Sent = new Map();
    const ending = new AbortController();
    const loading = load(port + 1, sent, ending.signal);
    try {
      await eventually('every metric has a file', async () => (await listTree(whisper)).filter((file) => file.startsWith('load/')).length === METRICS);
      for (const retentions of ['1s:90m,10s:1d', '1s:2h,1m:2d,10m:30d']) {
        setSchemas({ default: { pattern: '.*', retentions } });
        const applied = await dkm(
          'retention',
          'apply',
          '--allow-loss',
          '--files-per-second',
          '1000',
          '--mib-per-second',
          '1000',
          '--metric',
          'load.**',
          '--json',
        );
        expect(JSON.parse(applied.stdout || '{}'), applied.stdout + applied.stderr).toMatchObject({ converted: METRICS, failed: 0, left: 0 });
      }
    } finally {
      ending.abort();
      await loading;
    }
    await writtenOut(installation, sent);
    expect(missing(installation, sent)).toEqual([]);
    expect((await listTree(whisper)).filter((file) => !file.endsWith('.wsp'))).toEqual([]);
    const again = await dkm('retention', 'show', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ leftovers: 0, obstacles: { damaged: 0 } });
  });
});
