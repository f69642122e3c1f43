import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/base/exec.ts';
import { acknowledge } from '../../../src/promises/acknowledgements.ts';
import { SLOTS } from '../../../src/promises/runner.ts';
import { promiseSpec, scriptPromise } from '../../helpers/promise-specs.ts';
import { eventually } from '../../helpers/wait.ts';
import { processesWith, scene, statuses } from './scene.ts';

const hasProc = existsSync('/proc/self/environ');
const NO_PROC = 'processes are found through /proc: Linux enables it';

describe('an executable', () => {
  it.each<[what: string, script: string, expected: Record<string, unknown>]>([
    ['that keeps it', `echo '{"message":"all well"}'`, { state: 'ok', message: 'all well' }],
    ['that does not, in text', 'echo no; echo why >&2; exit 3', { state: 'failed', message: 'no\nwhy', error: 'why' }],
    ['that reads its input', 'cat; echo read', { state: 'ok', message: 'read' }],
    ['that closes its outputs', 'exec >&- 2>&-; exit 1', { state: 'failed', message: 'It ended with exit code 1 and said nothing.' }],
    ['that ends itself', 'kill -9 $$', { state: 'failed', message: 'It was ended by SIGKILL and said nothing.' }],
    ['that prints bytes that are no text', String.raw`printf 'a\377\000b'`, { state: 'ok', message: 'a\ufffd\ufffdb' }],
    ['without a first line', '#no interpreter\necho by the shell', { state: 'ok', message: 'by the shell' }],
    ['that prints markup and other scripts', `echo '{"message":"]]>&< Größe 水 %d"}'`, { state: 'ok', message: ']]>&< Größe 水 %d' }],
  ])('%s', async (_, script, expected) => {
    const { runner, scripts, check } = scene();
    runner.configure([scriptPromise(scripts, 'p', script)]);
    expect(await check('p')).toEqual([expect.objectContaining({ id: 'p', ...expected })]);
  });

  it('has a small environment, run/ as its directory, and the lowest priority', async ({ skip }) => {
    skip(!hasProc, NO_PROC);
    const { layout, runner, scripts, check } = scene();
    runner.configure([scriptPromise(scripts, 'p', 'env | cut -d= -f1 | sort | tr "\\n" " "; pwd; cut -d" " -f19 /proc/$$/stat')]);
    const [found] = await check();
    const [environment = '', nice] = found!.message.split('\n');
    expect(environment.replace(layout.run, '').trim().split(' ')).toEqual(['DKM_DIRECTORY', 'DKM_PROMISE_RUN', 'PATH', 'PWD']);
    expect(environment).toContain(layout.run);
    expect(nice).toBe('19');
  });

  it('may print 100 MB: its end is kept, and memory stays', async () => {
    const { runner, scripts, check } = scene();
    runner.configure([scriptPromise(scripts, 'p', 'head -c 100000000 /dev/zero | tr "\\0" x; echo the end; exit 1')]);
    const before = process.memoryUsage().rss;
    const [found] = await check('p');
    expect(found!.message).toMatch(/^\.\.\.x+the end$/);
    expect(found!.message.length).toBeLessThan(6000);
    expect(process.memoryUsage().rss - before).toBeLessThan(20 << 20);
  });

  it.each<[what: string, spoil: (path: string) => void, message: RegExp]>([
    ['vanished', (path) => rmSync(path), /p is not there$/],
    ['is not executable any more', (path) => chmodSync(path, 0o600), /is not executable by this user: chmod u\+x/],
    ['became a directory', (path) => (rmSync(path), mkdirSync(path)), /p is no file$/],
    ['wants an interpreter that there is not', (path) => writeFileSync(path, '#!/nowhere/perl\n'), /its interpreter \/nowhere\/perl is not there$/],
    ['was edited on Windows', (path) => writeFileSync(path, '#!/bin/sh\r\necho hello\r\n'), /ends with a carriage return/],
    ['is a program of another kind', (path) => writeFileSync(path, Buffer.from('\x7fELF\x02\x01\x01 nonsense', 'latin1')), /\bp\b/],
  ])('that %s is not kept, and says why', async (_, spoil, message) => {
    const { runner, scripts, check, status } = scene();
    runner.configure([scriptPromise(scripts, 'p', 'echo fine')]);
    expect(await check('p')).toMatchObject([{ state: 'ok' }]);
    spoil(join(scripts, 'p'));
    expect(await check('p')).toMatchObject([{ state: 'failed', message: expect.stringMatching(message) as string }]);
    expect(status('p')).toMatchObject({ state: 'failed' });
  });
});

describe('a time-out', () => {
  it('ends a check with its children, also those that ignore it or left its group', async ({ skip }) => {
    skip(!hasProc, NO_PROC);
    const { runner, scripts, check } = scene();
    const mark = join(scripts, 'mark');
    const sleeper = (name: string): string => `sh -c 'trap "" TERM; while :; do sleep 0.2; done' ${mark}-${name}`;
    const script = `trap "" TERM\n${sleeper('child')} &\nsetsid ${sleeper('left')} &\nsetsid sh -c "setsid ${sleeper('far').replaceAll('"', '\\"')} & exit" &\nwhile :; do sleep 0.2; done`;
    runner.configure([scriptPromise(scripts, 'p', script, { timeoutMs: 700 })]);
    const checking = check('p');
    await eventually('its children are there', () => processesWith(`${mark}-child`).length > 0 && processesWith(`${mark}-left`).length > 0);
    expect(await checking).toMatchObject([{ state: 'failed', message: 'Error: Promise timed out after 0.7 seconds' }]);
    await eventually('nothing of it is left', () => processesWith(mark).length === 0, 5000);
  });

  it('is not waited for by who ended and left somebody behind with its outputs', async ({ skip }) => {
    skip(!hasProc, NO_PROC);
    const { runner, scripts, check } = scene();
    const pidFile = join(scripts, 'pid');
    runner.configure([
      scriptPromise(scripts, 'p', `setsid sh -c 'echo $$ > ${pidFile}; exec sleep 30' &\nwhile [ ! -s ${pidFile} ]; do sleep 0.02; done\necho started`),
    ]);
    const [found] = await check('p');
    expect(found).toMatchObject({ state: 'ok', message: 'started' });
    expect(found!.executionTimeMs).toBeLessThan(10_000);
    process.kill(Number(readFileSync(pidFile, 'utf8')));
  });

  it('ends what is left of its group when it ends itself', async ({ skip }) => {
    skip(!hasProc, NO_PROC);
    const { runner, scripts, check } = scene();
    const mark = join(scripts, 'forked');
    runner.configure([scriptPromise(scripts, 'p', `sh -c 'while :; do sleep 1; done' ${mark} &\necho forked`)]);
    expect(await check('p')).toMatchObject([{ state: 'ok', message: 'forked' }]);
    await eventually('its child ended', () => processesWith(mark).length === 0, 5000);
  });
});

describe('many', () => {
  it('200 at once: a few at a time, each once', async () => {
    const { runner, scripts, check, layout } = scene();
    const now = join(scripts, 'now');
    mkdirSync(now);
    const script = `touch ${now}/$$; ls ${now} | wc -l; rm ${now}/$$`;
    runner.configure(Array.from({ length: 200 }, (_, index) => scriptPromise(scripts, `p${index}`, script)));
    const [found, again] = await Promise.all([check(), check()]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(200);
    expect(Math.max(...found.map(({ message }) => Number(message)))).toBeLessThanOrEqual(SLOTS);
    expect(Math.max(...found.map(({ message }) => Number(message)))).toBeGreaterThan(1);
    expect(again.map(({ id, startedAtMs }) => `${id} ${startedAtMs}`).sort()).toEqual(found.map(({ id, startedAtMs }) => `${id} ${startedAtMs}`).sort());
    expect(statuses(layout).every(({ state }) => state === 'ok')).toBe(true);
  });

  it('one is never checked twice at a time', async () => {
    const { runner, scripts, check, results } = scene();
    const inside = join(scripts, 'inside');
    runner.configure([scriptPromise(scripts, 'p', `mkdir ${inside} || exit 9; sleep 0.3; rmdir ${inside}`)]);
    const found = await Promise.all([check('p'), check(), check('p', 'p')]);
    expect(found.flat().map(({ state }) => state)).toEqual(['ok', 'ok', 'ok']);
    expect(results).toHaveLength(1);
  });

  it('one that takes long keeps the others from nothing', async () => {
    const { runner, scripts, check } = scene();
    runner.configure([scriptPromise(scripts, 'slow', 'sleep 5', { timeoutMs: 6000 }), scriptPromise(scripts, 'quick', 'echo quick')]);
    const slow = check('slow').catch(() => 'ended'); // with the runner, after the test
    expect((await check('quick'))[0]!.executionTimeMs).toBeLessThan(4000);
    await runner.end();
    expect(await slow).toBe('ended');
  });
});

describe('a runner', () => {
  it('checks by itself, tells, and writes what is true', async () => {
    const { runner, scripts, results, status } = scene();
    runner.configure([scriptPromise(scripts, 'p', 'echo by itself', { jitterMs: 0 })]);
    await eventually('it was checked', () => results.length > 0 && status('p')?.state === 'ok', 10_000);
    expect(status('p')).toMatchObject({ message: 'by itself', isRunning: false, kind: 'executable', sinceMs: results[0]!.startedAtMs });
    expect(status('p')!.nextAtMs).toBeGreaterThan(Date.now());
  });

  it('takes up what is defined anew, ends what is not wanted any more, and forgets it', async () => {
    const { runner, scripts, status, results, check, promises } = scene();
    const started = join(scripts, 'started');
    runner.configure([scriptPromise(scripts, 'old', `touch ${started}; sleep 30`), scriptPromise(scripts, 'kept', 'echo 1')]);
    const [checked] = await check('kept');
    const old = check('old');
    await eventually('it is being checked', () => existsSync(started));
    runner.configure([scriptPromise(scripts, 'kept', 'echo 1', { title: 'Another title' })]);
    expect(await old).toEqual([]);
    await eventually('it is forgotten', () => status('old') === undefined && status('kept')?.title === 'Another title');
    expect(status('kept')).toMatchObject({ state: 'ok', sinceMs: checked!.startedAtMs });
    expect(results.map(({ spec }) => spec.id)).not.toContain('old');
    expect(promises.at(-1)!.map(({ id }) => id)).toEqual(['kept']);
    await expect(check('old')).rejects.toThrow('There is no promise "old" here.');
  });

  it('knows what the one before it knew', async () => {
    const first = scene();
    const specs = [scriptPromise(first.scripts, 'a', 'exit 1'), scriptPromise(first.scripts, 'b', 'exit 1')];
    first.runner.configure(specs);
    await first.check();
    await first.runner.end();
    const second = scene(first.layout.root);
    second.runner.configure([specs[0]!, { ...specs[1]!, check: { kind: 'executable', path: '/elsewhere' } }]);
    await eventually('it wrote what it knows', () => second.status('b')?.state === 'pending', 5000);
    expect(second.status('a')).toMatchObject({ state: 'failed', sinceMs: first.results.find(({ spec }) => spec.id === 'a')!.startedAtMs });
  });

  it.each(['', '{"schema":1', '[]', '{"schema":9}'])('begins anew after a damaged run/promises.json: %s', async (text) => {
    const root = scene().layout.root;
    writeFileSync(join(root, 'run', 'promises.json'), text);
    const { runner, scripts, check, status } = scene(root);
    runner.configure([scriptPromise(scripts, 'p', 'echo fine')]);
    await check();
    expect(status('p')).toMatchObject({ state: 'ok' });
  });

  it('goes on when its file cannot be written, and writes it later', async () => {
    const { layout, runner, scripts, check, lines, status } = scene();
    mkdirSync(layout.promisesStatus);
    runner.configure([scriptPromise(scripts, 'p', 'echo fine')]);
    expect(await check()).toMatchObject([{ state: 'ok' }]);
    await eventually('it says so', () => lines.some((line) => line.includes('promises.json could not be written')));
    rmSync(layout.promisesStatus, { recursive: true });
    await eventually('it is written', () => status('p')?.state === 'ok', 15_000);
  });

  it('survives who listens to it', async () => {
    const { runner, scripts, check, lines, results } = scene();
    results.push = () => {
      throw new Error('a listener that fails');
    };
    runner.configure([scriptPromise(scripts, 'p', 'echo fine')]);
    expect(await check()).toMatchObject([{ state: 'ok' }]);
    expect(lines).toContain('promises: a listener that fails');
  });

  it('has a failed outcome for a kind that this version does not have', async () => {
    const { runner, check } = scene();
    runner.configure([promiseSpec('p', { check: { kind: 'built-in', name: 'constructor', settings: {} } })]);
    expect(await check()).toMatchObject([{ state: 'failed', message: 'This version has no kind "constructor".' }]);
  });

  it('checks nothing by itself while it is paused, and what somebody asks for', async () => {
    const { runner, scripts, results, check } = scene();
    runner.pause(true);
    runner.configure([scriptPromise(scripts, 'p', 'echo fine'), scriptPromise(scripts, 'q', 'echo fine')]);
    expect(await check('q')).toHaveLength(1);
    await eventually('it was time for both', async () => (await check('q')) && results.filter(({ spec }) => spec.id === 'q').length > 20, 20_000);
    expect(results.some(({ spec }) => spec.id === 'p')).toBe(false);
    runner.pause(false);
    await eventually('it goes on', () => results.some(({ spec }) => spec.id === 'p'));
  });

  it('ends what an earlier one left behind when it was killed', async ({ skip }) => {
    skip(!hasProc, NO_PROC);
    const { layout, scripts } = scene();
    const mark = join(scripts, 'orphan');
    const ended = Promise.withResolvers<void>();
    // As a check of a process that is gone: process ids begin at 1, and 4194305 is above the largest.
    const env = { ...process.env, DKM_PROMISE_RUN: `${layout.run}:4194305-1` };
    void run('/bin/sh', ['-c', 'while :; do sleep 0.2; done', mark], { env }).then(() => ended.resolve());
    await eventually('it is there', () => processesWith(mark).length > 0);
    expect(scene(layout.root).lines).toEqual([expect.stringMatching(/^processes of earlier checks were still there and were ended: [12]$/)]); // its sleep, too
    await ended.promise;
  });
});

describe('an acknowledgement', () => {
  it('is shown and told until the promise is kept', async () => {
    const { layout, runner, scripts, check, results, status } = scene();
    const flag = join(scripts, 'well');
    runner.configure([scriptPromise(scripts, 'p', `test -e ${flag}`)]);
    await check();
    await acknowledge(layout, 'p', { by: 'me', comment: 'I know', untilMs: Date.now() + 3_600_000 });
    await eventually('it is shown', () => status('p')?.acknowledged?.comment === 'I know', 10_000);
    await check();
    expect(results.at(-1)).toMatchObject({ outcome: { state: 'failed' }, acknowledged: { by: 'me' } });
    writeFileSync(flag, '');
    await check();
    expect(results.at(-1)).not.toHaveProperty('acknowledged');
    rmSync(flag);
    await check();
    expect(results.at(-1)).toMatchObject({ outcome: { state: 'failed' } });
    expect(results.at(-1)).not.toHaveProperty('acknowledged');
  });

  it('ends by itself', async () => {
    const { layout, runner, scripts, check, status } = scene();
    runner.configure([scriptPromise(scripts, 'p', 'exit 1')]);
    await check();
    await acknowledge(layout, 'p', { by: 'me', comment: '', untilMs: Date.now() + 5000 });
    await eventually('it is shown', () => status('p')?.acknowledged, 10_000);
    await eventually('it is over', () => !status('p')?.acknowledged, 15_000);
  });
});
