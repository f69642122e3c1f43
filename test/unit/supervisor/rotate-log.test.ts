import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { archivesOf, readArchive } from '../../../src/log-files/log-archives.ts';
import { whileHeld, writersOf } from '../../../src/supervisor/log-writers.ts';
import { childrenOf } from '../../../src/supervisor/memory.ts';
import { readTailOfAll } from '../../../src/log-files/logs.ts';
import { compressArchive, rotateLog, tidyUp } from '../../../src/supervisor/rotate-log.ts';
import { beforeRemoval, temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

const STAMP = '20261121-044512-345';
const logWith = (content: string): string => {
  const path = join(temporaryDirectory(), 'a.log');
  writeFileSync(path, content);
  return path;
};
const namesIn = (log: string): string[] => readdirSync(join(log, '..')).sort();

describe('rotateLog', () => {
  it('renames a log that nobody writes', async () => {
    const log = logWith('one\n');
    const rotated = await rotateLog({ path: log });
    expect(existsSync(log)).toBe(false);
    expect(rotated.done && readFileSync(rotated.archive, 'utf8')).toBe('one\n');
  });

  it('cuts one that we write ourselves, and goes on', async () => {
    const log = logWith('one\n');
    const file = openSync(log, 'a');
    expect(await rotateLog({ path: log, leader: process.pid })).toMatchObject({ done: true });
    appendFileSync(file, 'two\n');
    closeSync(file);
    expect(readFileSync(log, 'utf8')).toBe('two\n');
    expect(await readTailOfAll(log, 5)).toBe('one\ntwo');
  });

  it('does not take ourselves for a writer', async () => {
    const log = logWith('one\n');
    const file = openSync(log, 'a');
    expect(writersOf({ dev: 0, ino: 0 }, log)).toEqual([]);
    closeSync(file);
    const rotated = await rotateLog({ path: log });
    if (!rotated.done) throw new Error(rotated.refused);
    expect(await compressArchive(rotated.archive)).toBe(true);
    expect(gunzipSync(readFileSync(`${rotated.archive}.gz`)).toString()).toBe('one\n');
    expect(existsSync(rotated.archive)).toBe(false);
  });
});

describe('what fails', () => {
  it('leaves the copy of a log that was emptied already, when it cannot get its name', async () => {
    const log = logWith('one'); // in a line: it is given time to end it
    const rotation = expect(rotateLog({ path: log, leader: process.pid })).rejects.toThrow('EISDIR');
    while (archivesOf(log).unfinished.length === 0) await nextTurn();
    const [taken = ''] = archivesOf(log).unfinished.map((path) => path.replace(/\.part$/, ''));
    mkdirSync(taken);
    await rotation;
    rmdirSync(taken);
    tidyUp(log);
    expect(await readTailOfAll(log, 5)).toBe('one');
  });

  it('leaves no half of a compressed log, which would take the room that is lacking', async () => {
    const log = logWith('');
    writeFileSync(`${log}.${STAMP}`, 'one\n');
    mkdirSync(`${log}.${STAMP}.gz`);
    await expect(compressArchive(`${log}.${STAMP}`)).rejects.toThrow('EISDIR');
    expect(namesIn(log)).toEqual(['a.log', `a.log.${STAMP}`, `a.log.${STAMP}.gz`]);
  });
});

describe('whileHeld', () => {
  it('has nobody go on later, who may be held again by then', async ({ skip }) => {
    skip(process.platform !== 'linux', 'needs /proc to see whether a process holds still');
    const before = new Set(childrenOf(process.pid));
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const pid = child.pid ?? 0;
    beforeRemoval(() => Promise.resolve(child.kill('SIGKILL')));
    for (let round = 0; round < 20; round += 1) {
      expect(await whileHeld([pid], () => 'done')).toBe('done');
      child.kill('SIGSTOP');
      await eventually('the shell that would continue it has ended', () => childrenOf(process.pid).every((each) => each === pid || before.has(each)));
      expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(' T ');
      child.kill('SIGCONT');
    }
  });
});

describe('tidyUp, after a crash', () => {
  it.each([
    ['while it was copied', 'one\ntwo\n', { [`.${STAMP}.part`]: 'one\n' }, ['a.log']],
    ['before the log was emptied', 'one\n', { [`.${STAMP}.part`]: 'one\n' }, ['a.log']],
    ['after it was emptied, before the copy had its name', 'two\n', { [`.${STAMP}.part`]: 'one\n' }, ['a.log', `a.log.${STAMP}`]],
    ['after it was emptied, with nothing written since', '', { [`.${STAMP}.part`]: 'one\n' }, ['a.log', `a.log.${STAMP}`]],
    ['while it was compressed', '', { [`.${STAMP}`]: 'one\n', [`.${STAMP}.gz.part`]: 'x' }, ['a.log', `a.log.${STAMP}`]],
    ['before the plain one was taken away', '', { [`.${STAMP}`]: 'one\n', [`.${STAMP}.gz`]: gzipSync('one\n') }, ['a.log', `a.log.${STAMP}.gz`]],
  ])('%s', (_, content, others, expected) => {
    const log = logWith(content);
    for (const [end, text] of Object.entries(others)) writeFileSync(`${log}${end}`, text);
    tidyUp(log);
    expect(namesIn(log)).toEqual(expected);
    const whole =
      archivesOf(log)
        .archives.map((archive) => String(readArchive(archive)))
        .join('') + readFileSync(log, 'utf8');
    expect(whole.match(/one/g)).toHaveLength(1);
  });
});
