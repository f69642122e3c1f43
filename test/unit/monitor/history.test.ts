import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addToHistory, countDays, rotateHistory, titlesWithHistory } from '../../../src/monitor/history.ts';
import { appendToLog, logEntry } from '../../../src/monitor/promise-log.ts';
import { DataFile } from '../../../src/monitor/data-file.ts';
import { toDate } from '../../../src/monitor/dates.ts';
import { readHistory, readStatistics, type HistoryRecord } from '../../../src/monitor/read.ts';
import { promiseSpecOf, resultOf } from '../../helpers/monitored-specs.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const DAY_MS = 86_400_000;
const AT = Date.parse('2026-11-16T10:00:00Z');
const promise = { title: 'disk', name: 'disk.sh' };

function record(atMs: number, status: 'OK' | 'ERROR' = 'OK', message = ''): HistoryRecord {
  return { 'execution-time': 0.1, status, failed: status !== 'OK', date: toDate(atMs), message, 'change-date': toDate(atMs) };
}

function tree(): { layout: { monitor: string }; path: string; statistics: string; folder: string } {
  const monitor = temporaryDirectory();
  const folder = join(monitor, 'public');
  mkdirSync(folder);
  return { layout: { monitor }, folder, path: join(folder, 'disk.history.json'), statistics: join(folder, 'disk.stats.json') };
}

describe('a history', () => {
  it('names its promise first, and ends where the original appends', async () => {
    const { path, layout } = tree();
    await addToHistory(path, promise, record(AT), AT);
    await addToHistory(path, promise, record(AT + 1000, 'ERROR', 'full'), AT);
    const text = readFileSync(path, 'utf8');
    expect(text.endsWith('}]}')).toBe(true);
    expect(text.match(/"title"/g)).toHaveLength(1);
    expect(readHistory(layout, 'disk.sh')).toEqual([
      { atMs: AT, state: 'ok', message: '', sinceMs: AT, executionTimeMs: 100 },
      { atMs: AT + 1000, state: 'failed', message: 'full', sinceMs: AT + 1000, executionTimeMs: 100 },
    ]);
    expect(readHistory(layout, 'disk.py'), 'that is another promise').toEqual([]);
    expect(readHistory(layout, '../../etc/passwd')).toEqual([]);
  });

  it.each(['', '{"date": 1, "data": [', '{"date":1,"data":[]}', '"text"', '{"data":7}'])('that holds %j is begun anew', async (text) => {
    const { path, layout } = tree();
    writeFileSync(path, text);
    await addToHistory(path, promise, record(AT), AT);
    expect(readHistory(layout, 'disk.sh')).toHaveLength(1);
  });

  it('is put aside each week; four of them are kept and read', async () => {
    const { path, layout, folder } = tree();
    for (let week = 0; week < 7; week += 1) {
      const nowMs = AT + week * 7 * DAY_MS;
      expect(await rotateHistory(path, nowMs)).toBe(week > 0);
      expect(await rotateHistory(path, nowMs), 'it was just done').toBe(false);
      await addToHistory(path, promise, record(nowMs, week % 2 ? 'ERROR' : 'OK'), nowMs);
    }
    expect(readdirSync(folder)).toHaveLength(5);
    expect(readHistory(layout, 'disk.sh').map(({ atMs }) => (atMs - AT) / (7 * DAY_MS))).toEqual([2, 3, 4, 5, 6]);
  });

  it('of a promise that never says the same stays bounded', async () => {
    const { path, layout, folder } = tree();
    for (let run = 0; run < 400; run += 1) await addToHistory(path, promise, record(AT + run * 1000, 'OK', `${run} ${'x'.repeat(1500)}`), AT);
    expect(readdirSync(folder).length).toBeLessThanOrEqual(5);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThan(70_000);
    const runs = readHistory(layout, 'disk.sh').map(({ message }) => Number(message.split(' ')[0]));
    expect(runs.at(-1)).toBe(399);
    expect(runs).toEqual(runs.toSorted((a, b) => a - b));
  });

  it('entries of others are read as far as they are some', () => {
    const { path, layout } = tree();
    const odd = [
      { ...promise, ...record(AT) },
      null,
      7,
      { status: 'OK' },
      { ...record(AT + 1), date: 'x' },
      { status: 'ERROR', date: '2026-11-16T11:00:00', 'change-date': '?' },
    ];
    writeFileSync(path, JSON.stringify({ date: 1, data: odd }));
    expect(readHistory(layout, 'disk.sh').map(({ state, sinceMs }) => [state, sinceMs])).toEqual([
      ['ok', AT],
      ['failed', AT + 3_600_000],
    ]);
  });
});

describe('statistics', () => {
  it('count each day once, when it has passed', async () => {
    const { path, statistics, layout } = tree();
    await addToHistory(path, promise, record(AT), AT);
    await addToHistory(path, promise, record(AT + 60_000, 'ERROR'), AT);
    await countDays(path, statistics, AT + 120_000);
    expect(readStatistics(layout, 'disk.sh')).toEqual([]);
    await addToHistory(path, promise, record(AT + DAY_MS), AT);
    await countDays(path, statistics, AT + DAY_MS);
    await countDays(path, statistics, AT + DAY_MS);
    expect(readStatistics(layout, 'disk.sh')).toEqual([{ day: '2026-11-16', ok: 1, failed: 1 }]);
    await rotateHistory(path, AT + 8 * DAY_MS);
    await addToHistory(path, promise, record(AT + 8 * DAY_MS), AT + 8 * DAY_MS);
    await countDays(path, statistics, AT + 9 * DAY_MS);
    expect(readStatistics(layout, 'disk.sh').map(({ day, ok, failed }) => [day, ok, failed])).toEqual([
      ['2026-11-16', 1, 1],
      ['2026-11-17', 1, 0],
      ['2026-11-24', 1, 0],
    ]);
  });
});

describe('the titles of files', () => {
  it('are those of histories, what was put aside, and statistics alone', () => {
    const names = ['a.history.json', 'b.stats.json', 'c.history.json-20261121', 'd.history.json-20261121.2', 'e.status.json', 'feed', 'f.history.json.bak'];
    expect([...titlesWithHistory(names)]).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('a log', () => {
  it('is begun anew when it is large, with the last three runs', async () => {
    const path = join(temporaryDirectory(), 'disk.log');
    const spec = promiseSpecOf('disk');
    let runs = 0;
    do {
      runs += 1;
      await appendToLog(path, logEntry(resultOf(spec, { message: `run ${runs}\n${'x'.repeat(900)}` }, AT + runs * 1000)));
    } while (!readdirSync(join(path, '..')).includes('disk.log.1'));
    const kept = [...readFileSync(path, 'utf8').matchAll(/ - run (\d+)\n/g)].map(([, run]) => Number(run));
    expect(kept).toEqual([runs - 3, runs - 2, runs - 1, runs]);
    expect(statSync(`${path}.1`).size).toBeLessThan(66_000);
  });

  it('with one endless line is begun anew, too', async () => {
    const path = join(temporaryDirectory(), 'disk.log');
    appendFileSync(path, 'x'.repeat(100_000));
    await appendToLog(path, logEntry(resultOf(promiseSpecOf('disk'), {}, AT)));
    expect(statSync(path).size).toBeLessThan(1000);
  });
});

describe('a data file', () => {
  it('keeps its latest lines and what was there before', async () => {
    const path = join(temporaryDirectory(), 'x.data.json');
    writeFileSync(path, '{"date": 7.5, "data": ["head", "1", "2"]}');
    const file = new DataFile(path, 'head', 3);
    await file.append(AT, '3');
    await file.append(AT, '4');
    expect(readFileSync(path, 'utf8')).toBe('{"date":7.5,"data":["head","2","3","4"]}');
    const empty = join(temporaryDirectory(), 'y.data.json');
    await new DataFile(empty, 'head', 3).append(AT);
    expect(readFileSync(empty, 'utf8')).toBe(`{"date":${AT / 1000},"data":["head"]}`);
  });
});
