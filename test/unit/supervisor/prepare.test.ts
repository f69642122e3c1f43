import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tailOfLogs } from '../../../src/supervisor/prepare.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

describe('tailOfLogs', () => {
  it('goes without a log that cannot be read', async () => {
    const root = temporaryDirectory();
    const [log, loop] = [join(root, 'a.log'), join(root, 'loop.log')];
    writeFileSync(log, 'one\ntwo\n');
    symlinkSync('loop.log', loop); // leads to itself
    expect(await tailOfLogs([loop, log], 5)).toBe('one\ntwo');
    expect(await tailOfLogs([loop, log], 5, { [loop]: 0, [log]: 4 })).toBe('two');
  });
});
