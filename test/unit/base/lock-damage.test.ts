import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock } from '../../../src/base/lock.ts';
import { bootId, processStartTime } from '../../../src/base/process-identity.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/** A lock that was taken and let go twice, and is held now: its files are `test.lock` and `test.lock.3`. */
async function heldLock(): Promise<{ path: string; lock: Awaited<ReturnType<typeof acquireLock>> }> {
  const path = join(temporaryDirectory(), 'test.lock');
  for (let count = 0; count < 2; count += 1) (await acquireLock(path, 'before')).release();
  return { path, lock: await acquireLock(path, 'now') };
}

describe('a lock whose number was damaged', () => {
  it.each(['', '\0\0', '0', 'three', '-1', '1e300', '0x1'])('(%j) still has its holder', async (text) => {
    const { path } = await heldLock();
    writeFileSync(path, text);
    await expect(acquireLock(path, 'another')).rejects.toMatchObject({ code: 'locked' });
  });

  it('is not waited for until the end of time when the number cannot be counted up', async () => {
    const { path, lock } = await heldLock();
    lock.release();
    writeFileSync(path, '9'.repeat(20));
    (await acquireLock(path, 'another')).release();
  });
});

describe('restoring a lock', () => {
  it.each<[string, (path: string) => void]>([
    ['all files are gone', (path) => [path, `${path}.3`].forEach((file) => rmSync(file))],
    ['the generation is empty', (path) => writeFileSync(`${path}.3`, '')],
    ['the generation is another shape', (path) => writeFileSync(`${path}.3`, '[1]')],
    ['the number is gone', (path) => rmSync(path)],
  ])('keeps others out after %s', async (_title, harm) => {
    const { path, lock } = await heldLock();
    harm(path);
    expect(lock.restore()).toBe(true);
    await expect(acquireLock(path, 'another')).rejects.toMatchObject({ code: 'locked' });
    expect(readFileSync(path, 'utf8')).toBe('3');
    expect(readdirSync(join(path, '..')).sort()).toEqual(['test.lock', 'test.lock.3']);
    lock.release();
    (await acquireLock(path, 'another')).release();
  });

  it('does not take it from one who has it by now', async () => {
    const { path, lock } = await heldLock();
    rmSync(`${path}.3`);
    await acquireLock(path, 'another');
    expect(lock.restore()).toBe(false);
  });

  it('does not take it from one who has it by now under a lower number, and leaves it alone when it lets go', async () => {
    const { path, lock } = await heldLock();
    [path, `${path}.3`].forEach((file) => rmSync(file));
    const { pid, startTime, boot } = { pid: process.ppid, startTime: processStartTime(process.ppid), boot: bootId() };
    for (const generation of [1, 3]) {
      const other = JSON.stringify({ pid, startTime, boot, what: 'another', released: false });
      writeFileSync(`${path}.${generation}`, other);
      expect(lock.restore()).toBe(false);
      if (generation === 3) lock.release();
      expect(readFileSync(`${path}.${generation}`, 'utf8')).toBe(other);
    }
  });

  it('does nothing after the release', async () => {
    const { path, lock } = await heldLock();
    lock.release();
    expect(lock.restore()).toBe(true);
    (await acquireLock(path, 'another')).release();
  });
});
