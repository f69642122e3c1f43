import { appendFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readForBackup, type ReadFile } from '../../../src/backup/read-file.ts';
import { fileBytesOf, layOut, writeHeader } from '../../../src/whisper/format.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const LARGE_BYTES = 40 << 20;
let path: string;
beforeEach(() => (path = join(temporaryDirectory(), 'x.wsp')));

const contentOf = (read: ReadFile | undefined): Buffer => Buffer.concat([...(read?.chunks ?? [])]);

function whisper(): Buffer {
  const shape = { archives: [{ stepSeconds: 10, points: 50 }], method: 1, xFilesFactor: 0 };
  const bytes = Buffer.alloc(fileBytesOf(shape));
  writeHeader(bytes, layOut(shape));
  return bytes;
}

describe('readForBackup', () => {
  it('reads a whisper file without a remark', async () => {
    writeFileSync(path, whisper(), { mode: 0o640 });
    const read = await readForBackup(path);
    expect(read).toMatchObject({ size: 628, mode: 0o640, remarks: [] });
    expect(contentOf(read)).toEqual(whisper());
  });

  it('says that a whisper file is damaged, and keeps it', async () => {
    writeFileSync(path, whisper().subarray(0, 100));
    utimesSync(path, 1, 1);
    const read = await readForBackup(path);
    expect(read?.remarks).toEqual([expect.stringContaining('it is cut off')]);
    expect(contentOf(read).length).toBe(100);
  });

  it('waits for a file that is in the making', async () => {
    writeFileSync(path, whisper().subarray(0, 100));
    const reading = readForBackup(path);
    writeFileSync(path, whisper());
    expect(await reading).toMatchObject({ size: 628, remarks: [] });
  });

  it('takes of a growing file what was there when it was opened', async () => {
    writeFileSync(path, Buffer.alloc(LARGE_BYTES, 1));
    const read = await readForBackup(path);
    appendFileSync(path, 'more');
    expect([read?.size, contentOf(read).length]).toEqual([LARGE_BYTES, LARGE_BYTES]);
    expect(read?.remarks).toEqual([]);
  });

  it('fills a shrinking file up with zeros and says so', async () => {
    writeFileSync(path, Buffer.alloc(LARGE_BYTES, 1));
    const read = await readForBackup(path);
    truncateSync(path, 1000);
    const content = contentOf(read);
    expect([content.length, content.indexOf(0)]).toEqual([LARGE_BYTES, 1000]);
    expect(read?.remarks).toEqual([expect.stringContaining('became shorter')]);
  });

  it('knows a file that is gone', async () => {
    expect(await readForBackup(path)).toBeUndefined();
  });
});
