import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWhole, writeDifference } from '../../../src/retention/whole-file.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

describe('writeDifference', () => {
  it('writes the rest where the disk took a part, as write(2) may', async () => {
    const path = join(temporaryDirectory(), 'a.wsp');
    const [before, after] = [Buffer.alloc(20_000), randomBytes(20_000)];
    writeFileSync(path, before);
    const file = await open(path, 'r+');
    const slow = {
      write: (bytes: Buffer, offset: number, length: number, position: number) => file.write(bytes, offset, Math.min(length, 1000), position),
      sync: () => file.sync(),
    } as FileHandle;
    await writeDifference(slow, before, after);
    const written = await readWhole(file).finally(() => file.close());
    expect(written.equals(after)).toBe(true);
  });
});
