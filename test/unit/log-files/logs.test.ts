import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { followLines, readTail } from '../../../src/log-files/logs.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

const file = (content?: string): string => {
  const path = join(temporaryDirectory(), 'x.log');
  if (content !== undefined) writeFileSync(path, content);
  return path;
};

describe('readTail', () => {
  it.each([
    ['', 3, ''],
    ['a\nb\nc\n', 2, 'b\nc'],
    ['a\nb\nc', 2, 'b\nc'],
    ['a\nb\n', 9, 'a\nb'],
    ['\n\n\n', 2, '\n'],
  ])('%j, %i lines -> %j', async (content, count, expected) => {
    expect(await readTail(file(content), count)).toBe(expected);
  });

  it('reads the end of a large file, with characters of several bytes across its blocks', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `${index} ${'é'.repeat(index % 40)}`);
    expect(await readTail(file(`${lines.join('\n')}\n`), 9_000)).toBe(lines.slice(-9_000).join('\n'));
  });

  it('takes a missing file for an empty one', async () => {
    expect(await readTail(file(), 3)).toBe('');
  });
});

describe('followLines', () => {
  it('hands what it cannot read to whoever takes errors, and goes on trying', async () => {
    const path = file('');
    const [seen, errors] = [[] as string[], [] as unknown[]];
    const stop = followLines(path, (line) => seen.push(line), { intervalMs: 10, onError: (error) => errors.push(error) });
    rmSync(path);
    mkdirSync(path);
    await eventually('the error is told', () => errors.length > 1);
    stop();
    expect([seen, String(errors[0])]).toEqual([[], expect.stringContaining('EISDIR')]);
  });

  it('tells every new line once, also across a rotation and a truncation, and unfinished lines when they are finished', async () => {
    const path = file('old\n');
    const seen: string[] = [];
    const stop = followLines(path, (line) => seen.push(line), { intervalMs: 10 });
    const sees = (expected: string[]): Promise<unknown> =>
      eventually(expected.join(), () => expected.length === seen.length && expected.every((line, index) => seen[index] === line));
    appendFileSync(path, 'one\ntw');
    await sees(['one']);
    appendFileSync(path, 'o é\n');
    await sees(['one', 'two é']);
    appendFileSync(path, 'last of the old\n');
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'first of the new\n');
    await sees(['one', 'two é', 'last of the old', 'first of the new']);
    writeFileSync(path, 'cut\n');
    await sees(['one', 'two é', 'last of the old', 'first of the new', 'cut']);
    stop();
  });
});
