import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { canRun, lastLines, run, runInForeground, runOrThrow, startDetached } from '../../../src/base/exec.ts';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

const hasScript = process.platform === 'linux' && (await canRun('script'));

describe('run', () => {
  it('gives back what a program printed, its exit code, and its input', async () => {
    expect(await run('sh', ['-c', 'cat; echo aside >&2; exit 3'], { input: 'given' })).toEqual({ code: 3, signal: null, stdout: 'given', stderr: 'aside\n' });
  });

  it('fails, and does not end its caller, when too many files are open', async () => {
    const module = pathToFileURL(join(import.meta.dirname, '..', '..', '..', 'src', 'base', 'exec.ts')).href;
    const script = `import { openSync } from 'node:fs'; import { run } from ${JSON.stringify(module)}; import { setTimeout as pause } from 'node:timers/promises';
      try { for (;;) openSync('/dev/null'); } catch {}
      await run('/bin/true', []).catch((error) => process.stdout.write(error.message));
      await pause(50);`;
    const finished = await run('sh', ['-c', `ulimit -n 128 && exec "$0" --input-type=module -e "$1"`, process.execPath, script]);
    expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining('/bin/true could not be started') as string });
  });

  it('ends a program and its children after a time-out', async () => {
    const file = join(temporaryDirectory(), 'pid');
    await expect(run('sh', ['-c', `sleep 100 & echo $! > ${file}; wait`], { timeoutMs: 300 })).rejects.toThrow('did not finish within 300 ms');
    const pid = Number(readFileSync(file, 'utf8'));
    await eventually('the child is gone', () => !isSameProcess(pid, null));
  });

  it('ends a program that is not wanted any more', async () => {
    const abort = new AbortController();
    const running = run('sleep', ['100'], { signal: abort.signal });
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('says when a program is not there', async () => {
    await expect(run('no-such-program-of-dkm', [])).rejects.toMatchObject({ code: 'command-failed' });
    expect(await canRun('no-such-program-of-dkm')).toBe(false);
  });
});

describe('runOrThrow', () => {
  it('fails with the end of what was printed', async () => {
    await expect(runOrThrow('sh', ['-c', 'echo reason >&2; exit 4'])).rejects.toThrow(/exit code 4:\nreason/);
    expect(await runOrThrow('echo', ['fine'])).toBe('fine\n');
  });
});

describe('startDetached', () => {
  it('starts a program in a session of its own that writes to a file', async () => {
    const log = join(temporaryDirectory(), 'log');
    const pid = startDetached('sh', ['-c', 'echo hello; ps -o sid= -p $$'], log);
    await eventually('both lines', () => existsSync(log) && readFileSync(log, 'utf8').trim().split('\n').length === 2);
    expect(readFileSync(log, 'utf8').replaceAll(' ', '')).toBe(`hello\n${pid}\n`);
  });

  it('says when a program is not there, once', async () => {
    const log = join(temporaryDirectory(), 'log');
    expect(() => startDetached('no-such-program-of-dkm', [], log)).toThrow('no-such-program-of-dkm could not be started');
    await new Promise(setImmediate); // an error that came later would be nobody's, and fail the run
  });
});

describe('runInForeground', () => {
  it.each([
    ['exit 5', 5],
    ['kill -TERM $$', 143],
  ])('%s -> %i', async (script, expected) => {
    expect(await runInForeground('sh', ['-c', script])).toBe(expected);
  });

  /** A program that sends its parent SIGINT and then SIGTERM, and ends with 7 or 8 by which of them comes back first. */
  const asking = `trap 'exit 7' INT; trap 'exit 8' TERM; kill -INT $PPID; kill -TERM $PPID; while :; do sleep 0.05; done`;
  function parentProgram(): string {
    const parent = join(temporaryDirectory(), 'parent.mjs');
    const exec = pathToFileURL(join(import.meta.dirname, '../../../src/base/exec.ts')).href;
    writeFileSync(
      parent,
      `import { runInForeground } from ${JSON.stringify(exec)};\nprocess.exit(await runInForeground('sh', ['-c', ${JSON.stringify(asking)}]));\n`,
    );
    return parent;
  }

  it('hands signals on to the program', async () => {
    expect(await run(process.execPath, [parentProgram()], { timeoutMs: 15_000 })).toMatchObject({ code: 7 });
  });

  it.skipIf(!hasScript)('leaves Ctrl-C to the terminal (skipped without the program script of Linux: apt-get install bsdutils)', async () => {
    // Its standard input is nobody's terminal; it makes one for the program.
    const onTerminal = ['-qec', `'${process.execPath}' '${parentProgram()}'`, '/dev/null'];
    expect(await run('script', onTerminal, { timeoutMs: 15_000 })).toMatchObject({ code: 8 });
  });
});

describe('lastLines', () => {
  it.each([
    ['a\nb\nc\n', 2, 'b\nc'],
    ['a', 5, 'a'],
    ['\n\n', 2, ''],
  ])('%j, %i -> %j', (text, count, expected) => {
    expect(lastLines(text, count)).toBe(expected);
  });
});
