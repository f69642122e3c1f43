import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, type Finished } from '../../../src/base/exec.ts';
import { convertFile, type Step } from '../../../src/retention/convert-file.ts';
import { fileLocker } from '../../../src/retention/file-lock.ts';
import { readHeader, type Header } from '../../../src/whisper/format.ts';
import { writeSeries } from '../../../src/whisper/series.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';
import { fileWith, pointsOf, series, shape } from '../../unit/whisper/files.ts';

const PROGRAM = join(import.meta.dirname, 'convert-program.ts');
const OLD = shape('1s x 600');
const NEW = shape('1s x 900,10s x 600');
const NOW = Math.floor(Date.now() / 1000);
const KEPT: [number, number][] = Array.from({ length: 300 }, (_, index) => [NOW - 320 + index, index]);
const STEPS: Step[] = ['written', 'verified', 'locked', 'linked', 'replaced', 'kept', 'released', 'settled'];

function oldFile(): string {
  const path = join(temporaryDirectory(), 'x.wsp');
  writeFileSync(path, fileWith(OLD, [KEPT]).file, { mode: 0o640 });
  return path;
}

const converting = (path: string, dieAt?: Step): Promise<Finished> =>
  run(process.execPath, [PROGRAM, JSON.stringify({ path, shape: NEW, dieAt })], { timeoutMs: 60_000 });

/** Writes points as a store does that opened the file before: to the descriptor it has, whatever name that file has now. */
function update(descriptor: number, name: string, points: [number, number][], archive = 0): void {
  const bytes = readFileSync(name);
  writeSeries(bytes, headerOf(bytes).archives[archive]!, series(points));
  writeSync(descriptor, bytes, 0, bytes.length, 0);
}

function headerOf(bytes: Buffer): Header {
  const read = readHeader(bytes, bytes.length);
  if (read.kind !== 'whisper') throw new Error(read.kind);
  return read.header;
}

function storedIn(path: string): { archives: number; points: Map<number, number>; coarse: Map<number, number> } {
  const bytes = readFileSync(path);
  const header = headerOf(bytes);
  return {
    archives: header.archives.length,
    points: new Map(pointsOf(bytes, header, 0)),
    coarse: new Map(header.archives.length > 1 ? pointsOf(bytes, header, 1) : []),
  };
}

async function again(path: string): Promise<void> {
  await convertFile(path, NEW, { dialect: 'go-carbon', patienceMs: 10_000, lock: await fileLocker(PROGRAM) });
}

describe('converting a file on disk', () => {
  it('keeps its mode and its time of change, and leaves nothing beside it', async () => {
    const path = oldFile();
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    expect((await converting(path)).stdout).toContain('"converted"');
    expect(storedIn(path)).toMatchObject({ archives: 2, points: new Map(KEPT) });
    const { mode, mtimeMs } = statSync(path);
    expect([mode & 0o777, mtimeMs]).toEqual([0o640, 1_700_000_000_000]);
    expect(readdirSync(join(path, '..'))).toEqual(['x.wsp']);
    expect((await converting(path)).stdout).toBe('{"kind":"as-wanted"}');
  });

  it.each(STEPS)('killed when it was %s, is brought to its end by the next run', async (step) => {
    const path = oldFile();
    expect((await converting(path, step)).signal).toBe('SIGKILL');
    // Whatever state that left: the metric can be read and written by its name, as before.
    expect(storedIn(path).points).toEqual(new Map(KEPT));
    const descriptor = openSync(path, 'r+');
    update(descriptor, path, [[NOW - 10, 7]]);
    closeSync(descriptor);
    await again(path);
    expect(storedIn(path)).toMatchObject({ archives: 2, points: new Map([...KEPT, [NOW - 10, 7]]) });
    expect(readdirSync(join(path, '..'))).toEqual(['x.wsp']);
  });

  it.each<Step>(['linked', 'replaced', 'kept', 'released'])(
    'killed when it was %s, with a store about to write to the old file, loses nothing of it',
    async (step) => {
      const path = oldFile();
      const late = openSync(path, 'r+'); // a store that opened the file before the new one came
      expect((await converting(path, step)).signal).toBe('SIGKILL');
      const old = existsSync(`${path}.retention-old`) ? `${path}.retention-old` : path;
      update(late, old, [[NOW - 15, 8]]);
      closeSync(late);
      await again(path);
      expect(storedIn(path)).toMatchObject({ archives: 2, points: new Map([...KEPT, [NOW - 15, 8]]) });
      expect(readdirSync(join(path, '..'))).toEqual(['x.wsp']);
    },
  );

  it('brings over what a store wrote to the old file afterwards, and keeps what came to the new one after that', async () => {
    const path = oldFile();
    const late = openSync(path, 'r+');
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify({ path, shape: NEW })], { stdio: 'ignore' });
    await eventually('the new file is there, the old one kept', () => existsSync(`${path}.retention-before`));
    const [start] = [Math.floor((NOW - 100) / 10) * 10];
    update(late, `${path}.retention-old`, [
      [NOW - 5, 1],
      [start, 1000], // had a value before
      [start + 1, 2000],
    ]);
    const present = openSync(path, 'r+');
    update(present, path, [
      [NOW - 4, 2],
      [start + 1, 3000], // later than the late one
    ]);
    update(present, path, [[start, -1]], 1); // and thinned out without the late ones
    closeSync(present);
    closeSync(late);
    await eventually('the old one has gone', () => !existsSync(`${path}.retention-old`));
    await eventually('it ended', () => child.exitCode === 0);
    const { points, coarse } = storedIn(path);
    expect([NOW - 5, NOW - 4, start, start + 1].map((time) => points.get(time))).toEqual([1, 2, 1000, 3000]);
    const interval = Array.from({ length: 10 }, (_, index) => points.get(start + index)!);
    expect(coarse.get(start)).toBe(interval.reduce((sum, value) => sum + value, 0) / 10);
    expect(readdirSync(join(path, '..'))).toEqual(['x.wsp']);
  });

  it('puts the old file back when somebody removed the new one meanwhile', async () => {
    const path = oldFile();
    const late = openSync(path, 'r+');
    await converting(path, 'kept');
    closeSync(late);
    await run('rm', [path]);
    await again(path);
    expect(storedIn(path)).toMatchObject({ archives: 2, points: new Map(KEPT) });
    expect(readdirSync(join(path, '..'))).toEqual(['x.wsp']);
  });

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, 5000), 'it is damaged: it is cut off: 5000 of 7228 bytes'],
    ['compressed', () => Buffer.from('whisper_compressed\u0001'), "it is compressed (go-carbon's own format), which dkm does not convert"],
    [
      'with a point out of place',
      (bytes: Buffer) => (bytes.writeUInt32BE(NOW - 77, 28 + 12), bytes),
      'it is damaged: a point of its archive of 1 s is not in its place',
    ],
  ])('leaves one alone that is %s', async (_, spoil, why) => {
    const path = oldFile();
    const spoilt = spoil(readFileSync(path));
    writeFileSync(path, spoilt);
    expect(JSON.parse((await converting(path)).stdout)).toEqual({ kind: 'refused', why });
    expect(readFileSync(path)).toEqual(spoilt);
    expect(readdirSync(join(path, '..'))).toEqual(['x.wsp']);
  });
});
