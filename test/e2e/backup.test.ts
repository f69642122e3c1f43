import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { lines, now, sendTcp, values } from '../helpers/graphite.ts';
import { install, installation, startAll } from '../helpers/installation.ts';
import { beforeRemoval, temporaryDirectory } from '../helpers/temporary.ts';
import { eventually } from '../helpers/wait.ts';

describe('dkm backup and dkm restore of a real installation', () => {
  it('give the points back, beside the original and in place', async () => {
    const folder = temporaryDirectory();
    const original = await install(inject('fallbackBundle'), join(folder, 'dkm'), '-t', 'backend');
    beforeRemoval(original.stop);
    await startAll(original);
    const time = now() - 60;
    const wanted = [1, 2, 3, 4, 5];
    const points = wanted.map((value, index) => ['backup.one', value, time + 10 * index] as const);
    await sendTcp(original.port + 1, lines(points));
    await eventually(
      'the points are stored',
      async () => existsSync(join(original.layout.storage, 'whisper/backup/one.wsp')) && (await values(original.port + 2, 'backup.one')).length === 5,
      90_000,
    );

    const file = join(folder, 'b.tar.gz');
    expect(await original.dkm('backup', '--to', file)).toMatchObject({ code: 0 });
    const copied = await original.dkm('restore', file, '-d', join(folder, 'copy'), '-p', String(original.port + 10));
    expect(copied, copied.stderr).toMatchObject({ code: 0 });
    const copy = installation(join(folder, 'copy'), original.port + 10);
    beforeRemoval(copy.stop);
    await startAll(copy);
    expect(await values(copy.port + 2, 'backup.one')).toEqual(wanted);
    expect((await original.dkm('status')).code).toBe(0);

    await sendTcp(copy.port + 1, lines([['backup.copy', 1, now()]]));
    await sendTcp(original.port + 1, lines([['backup.later', 1, now()]]));
    const later = join(original.layout.storage, 'whisper/backup/later.wsp');
    await eventually('both store what they are sent', () => existsSync(later) && existsSync(join(copy.layout.storage, 'whisper/backup/copy.wsp')), 90_000);
    expect(existsSync(join(original.layout.storage, 'whisper/backup/copy.wsp'))).toBe(false);

    const restored = await original.dkm('restore', file);
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect(existsSync(later)).toBe(false);
    expect(await values(original.port + 2, 'backup.one')).toEqual(wanted);
    expect((await original.dkm('status')).code).toBe(0);
    expect(readFileSync(join(copy.layout.root, 'conf/dkm.toml'), 'utf8')).toContain(`port = ${copy.port}`);
  });
});
