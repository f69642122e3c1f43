import { expect, it } from 'vitest';
import { createProgress, finishedLine, secondsLeft, speedOf, transferLine, type Transfer } from '../../../src/base/progress.ts';

const MiB = 1 << 20;
const transfer = (changes: Partial<Transfer> = {}): Transfer => ({
  name: 'grafana.tar.gz',
  doneBytes: 40 * MiB,
  totalBytes: 100 * MiB,
  startedMs: 0,
  startBytes: 0,
  ...changes,
});

it('tells speed and time left', () => {
  expect(speedOf(transfer(), 4000)).toBe(10 * MiB);
  expect(secondsLeft(transfer(), 4000)).toBe(6);
});

it('does not guess at the beginning, nor count what was there already', () => {
  expect(speedOf(transfer(), 500)).toBeUndefined();
  expect(speedOf(transfer({ startBytes: 20 * MiB }), 4000)).toBe(5 * MiB);
  expect(secondsLeft(transfer({ totalBytes: undefined }), 4000)).toBeUndefined();
});

it.each<[string, Transfer, number, number, string]>([
  ['all of it', transfer(), 4000, 200, 'grafana.tar.gz   40 %  40.0 MiB of 100 MiB  10.0 MiB/s  6 s left'],
  ['an unknown size', transfer({ totalBytes: undefined }), 4000, 200, 'grafana.tar.gz  40.0 MiB  10.0 MiB/s'],
  ['the beginning', transfer({ doneBytes: 0 }), 0, 200, 'grafana.tar.gz    0 %  0 B of 100 MiB'],
  ['a narrow terminal', transfer(), 4000, 20, 'grafana.tar.gz   40…'],
])('writes a line: %s', (_, state, nowMs, width, line) => {
  expect(transferLine(state, nowMs, width)).toBe(line);
});

it('writes what became of it', () => {
  expect(finishedLine('f', transfer({ doneBytes: 100 * MiB }), 10_000)).toBe('f  100 MiB in 10 s (10.0 MiB/s)');
  expect(finishedLine('f', transfer({ doneBytes: 5 }), 10)).toBe('f  5 B');
  expect(finishedLine('f', undefined, 10, 'from the vendor directory')).toBe('f  from the vendor directory');
});

interface Screen {
  text: string;
  now: number;
}

function screen(isTTY: boolean): { screen: Screen; progress: ReturnType<typeof createProgress> } {
  const state: Screen = { text: '', now: 0 };
  const stream = { isTTY, columns: 80, write: (text: string) => (state.text += text) };
  return { screen: state, progress: createProgress({ stream, now: () => state.now }) };
}

it('writes plain lines where there is no terminal: at the beginning, every five seconds, at the end', () => {
  const { screen: seen, progress } = screen(false);
  for (seen.now = 0; seen.now <= 11_000; seen.now += 100) progress.update('a', seen.now * 100, 1_200_000);
  progress.finish('a');
  progress.fail('b', 'answered 404 Not Found');
  progress.close();
  const lines = seen.text.trimEnd().split('\n');
  expect(lines).toHaveLength(5);
  expect(lines[0]).toBe('a    0 %  0 B of 1.1 MiB');
  expect(lines[1]).toMatch(/^a {3}41 % {2}488 KiB of 1\.1 MiB {2}\S+ KiB\/s {2}\d+ s left$/);
  expect(lines[3]).toMatch(/^a {2}1\.0 MiB in 11 s/);
  expect(lines[4]).toBe('b: answered 404 Not Found');
  expect(seen.text).not.toContain('\u001b');
});

it('writes one line for a small file', () => {
  const { screen: seen, progress } = screen(false);
  progress.update('a', 10, 10);
  progress.finish('a');
  expect(seen.text).toBe('a  10 B\n');
});

/** What a terminal shows after these writes: `ESC[nA` goes up n lines, `ESC[J` clears from there. */
function rendered(text: string): string[] {
  const lines: string[] = [''];
  for (const part of text.split(/(\u001b\[\d*[AJ]|\n)/)) {
    if (part === '\n') lines.push('');
    else if (part.endsWith('A') && part.startsWith('\u001b')) lines.splice(lines.length - 1 - Number(part.slice(2, -1)), Infinity, '');
    else if (!part.startsWith('\u001b')) lines[lines.length - 1] += part;
  }
  return lines.filter((line) => line !== '');
}

it('keeps one live line for each transfer on a terminal, what is finished above', () => {
  const { screen: seen, progress } = screen(true);
  progress.update('a', 0, 100);
  progress.update('b', 0, 100);
  seen.now = 200;
  progress.update('a', 50, 100);
  expect(rendered(seen.text)).toEqual(['a   50 %  50 B of 100 B', 'b    0 %  0 B of 100 B']);
  progress.note('a note');
  progress.finish('a');
  expect(rendered(seen.text)).toEqual(['a note', 'a  50 B', 'b    0 %  0 B of 100 B']);
  progress.fail('b');
  progress.close();
  expect(rendered(seen.text)).toEqual(['a note', 'a  50 B']);
});

it('does not redraw for every few bytes', () => {
  const { screen: seen, progress } = screen(true);
  for (let bytes = 0; bytes < 1000; bytes += 1) progress.update('a', bytes, 1000);
  expect(seen.text.split('\n').length).toBeLessThan(4);
});
