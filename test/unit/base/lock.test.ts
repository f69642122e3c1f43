import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../../src/base/lock.ts';
import { isSameProcess, processStartTime } from '../../../src/base/process-identity.ts';

const lockModule = new URL('../../../src/base/lock.ts', import.meta.url).href;

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dkm-lock-'));
  path = join(folder, 'test.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `body` in a process of its own, with acquireLock and the lock's path at hand. */
function contender(body: string): ChildProcess {
  const script = `import { acquireLock } from ${JSON.stringify(lockModule)};
    import { readFileSync, writeFileSync, appendFileSync } from 'node:fs';
    const path = ${JSON.stringify(path)}, folder = ${JSON.stringify(folder)};
    ${body}`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function holderProcess(): Promise<ChildProcess> {
  const child = contender(`await acquireLock(path, 'holding on'); process.stdout.write('held'); setInterval(() => {}, 1000);`);
  await once(child.stdout!, 'data');
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

describe('acquireLock', () => {
  it('refuses a second holder, naming the first, and lets it in after the release', async () => {
    const first = await acquireLock(path, 'install');
    await expect(acquireLock(path, 'start')).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining(`install (process ${process.pid})`) as string,
    });
    first.release();
    first.release();
    (await acquireLock(path, 'start')).release();
  });

  it('waits as long as it is told to', async () => {
    const first = await acquireLock(path, 'install');
    const second = acquireLock(path, 'start', { waitMs: 10_000 });
    first.release();
    (await second).release();
  });

  it('is free again when its holder was killed', async () => {
    const child = await holderProcess();
    await expect(acquireLock(path, 'start')).rejects.toMatchObject({ code: 'locked' });
    await end(child);
    (await acquireLock(path, 'start')).release();
  });

  it.each(['', '{', '{"pid":1'])('takes over a generation that holds %j, as after a power failure', async (content) => {
    writeFileSync(`${path}.1`, content);
    (await acquireLock(path, 'start')).release();
  });

  it('keeps two files, however often it is taken', async () => {
    for (let i = 0; i < 5; i += 1) (await acquireLock(path, 'start')).release();
    expect(readdirSync(folder).sort()).toEqual(['test.lock', 'test.lock.5']);
    expect(readFileSync(path, 'utf8')).toBe('5');
  });

  it('can be removed together with its directory, and made anew', async () => {
    const inside = join(folder, 'run', 'test.lock');
    mkdirSync(join(folder, 'run'));
    const lock = await acquireLock(inside, 'install');
    lock.releaseWithDirectory(join(folder, 'away'));
    lock.release();
    expect(readdirSync(folder)).toEqual(['away']);
    mkdirSync(join(folder, 'run'));
    (await acquireLock(inside, 'start')).release();
    expect(readdirSync(join(folder, 'run'))).toEqual(['test.lock', 'test.lock.1']);
  });

  it('is held by one of many processes at a time, some of which are killed while they hold it', { timeout: 60_000 }, async () => {
    writeFileSync(join(folder, 'counter'), '0');
    // Read, wait, write: two holders at once would lose a count; each notes the count it made before it lets go.
    const body = `
      for (let i = 0; i < 15; i += 1) {
        const lock = await acquireLock(path, 'counting', { waitMs: 55000 });
        const count = Number(readFileSync(folder + '/counter', 'utf8'));
        await new Promise((go) => setTimeout(go, i % 3));
        writeFileSync(folder + '/counter', String(count + 1));
        appendFileSync(folder + '/counts', (count + 1) + '\\n');
        if (i === 14 && process.pid % 2 === 0) process.kill(process.pid, 'SIGKILL');
        lock.release();
      }`;
    await Promise.all(Array.from({ length: 5 }, () => once(contender(body), 'close')));
    const counts = readFileSync(join(folder, 'counts'), 'utf8').trimEnd().split('\n').map(Number);
    expect(counts).toEqual(Array.from({ length: 75 }, (_, index) => index + 1));
  });
});

describe('process identity', () => {
  it('knows this process, and that another start time is another process', () => {
    const startTime = processStartTime(process.pid);
    expect(startTime).not.toBeNull();
    expect(isSameProcess(process.pid, startTime)).toBe(true);
    expect(isSameProcess(process.pid, '1')).toBe(false);
    expect(isSameProcess(process.pid, null)).toBe(true);
  });

  it('does not know a process that ended', async () => {
    const child = await holderProcess();
    const startTime = processStartTime(child.pid!);
    expect(startTime).not.toBeNull();
    await end(child);
    expect(processStartTime(child.pid!)).toBeNull();
    expect(isSameProcess(child.pid!, startTime)).toBe(false);
  });
});
