import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/base/exec.ts';
import { readEnd, readStart, readWholeText, within } from '../../../src/diagnosis/bounded.ts';
import { examine } from '../../../src/diagnosis/examine.ts';
import { note, warning, type Check } from '../../../src/diagnosis/finding.ts';
import type { Scene } from '../../../src/diagnosis/scene.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const NEVER = new Promise<never>(() => undefined);

describe('within', () => {
  it('gives the result of what is done in time, and its error', async () => {
    expect(await within(10_000, 'It', () => 5)).toBe(5);
    await expect(within(10_000, 'It', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('ends the waiting for what is not, and tells it', async () => {
    let isTold = false;
    const waiting = within(10, 'The collector', (signal) => {
      signal.addEventListener('abort', () => (isTold = true));
      return NEVER;
    });
    await expect(waiting).rejects.toMatchObject({ code: 'timed-out', message: 'The collector did not end within 0.01 s.' });
    expect(isTold).toBe(true);
  });
});

describe('reading', () => {
  const folder = (): string => temporaryDirectory();

  it('takes the beginning or the end of a file', async () => {
    const path = join(folder(), 'x');
    writeFileSync(path, '0123456789');
    expect(await readStart(path, 3)).toEqual({ bytes: Buffer.from('012'), size: 10 });
    expect(await readEnd(path, 3)).toEqual({ bytes: Buffer.from('789'), size: 10 });
    expect(await readWholeText(path, 10)).toBe('0123456789');
    await expect(readWholeText(path, 9)).rejects.toThrow('at most 9 are read');
  });

  it('does not wait for a pipe, and follows no link', async () => {
    const place = folder();
    await run('mkfifo', [join(place, 'pipe')]);
    symlinkSync('/etc/hostname', join(place, 'link'));
    for (const name of ['pipe', 'link']) await expect(readEnd(join(place, name), 10)).rejects.toThrow('is not a regular file');
  });

  it.each([
    ['NUL', Buffer.from([65, 0, 66])],
    ['no UTF-8', Buffer.from([65, 255])],
  ])('refuses as text what has %s', async (_, bytes) => {
    const path = join(folder(), 'x');
    writeFileSync(path, bytes);
    await expect(readWholeText(path, 10)).rejects.toThrow('is not text');
  });
});

describe('examine', () => {
  it('makes every check, whatever the others do, and tells the worst first', async () => {
    const checks: Check[] = [
      { name: 'fine', look: () => [note('a note', '', ''), warning('a warning', '', '')] },
      { name: 'throws', look: () => Promise.reject(new Error('broken')) },
      { name: 'hangs', timeoutMs: 10, look: () => NEVER },
    ];
    const found = await examine({ layout: layoutOf('/srv/dkm') } as Scene, checks);
    expect(found.map(({ check, level, what }) => `${check} ${level}: ${what}`)).toEqual([
      'throws problem: The check "throws" could not be made: broken',
      'hangs problem: The check "hangs" could not be made: It did not end within 0.01 s.',
      'fine warning: a warning',
      'fine note: a note',
    ]);
  });
});
