import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { existsAs } from '../../../src/base/files.ts';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import { copyDatabases, restoreDatabase } from '../../../src/change/databases.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const PATH = 'storage/page/page.db';

function installationWith(parts: Record<string, string>): Layout {
  const layout = layoutOf(join(temporaryDirectory(), 'dkm'));
  mkdirSync(dirname(join(layout.root, PATH)), { recursive: true });
  for (const [part, text] of Object.entries(parts)) writeFileSync(join(layout.root, PATH + part), text);
  return layout;
}

describe('a copied database', () => {
  it('comes back with what was not yet written back to it, and without what came later', async () => {
    const layout = installationWith({ '': 'rows', '-wal': 'more rows' });
    const folder = join(layout.root, 'copies');
    expect(await copyDatabases(layout, [PATH, 'storage/none.db'], folder)).toEqual({ [PATH]: true, 'storage/none.db': false });
    writeFileSync(join(layout.root, PATH), 'another form');
    rmSync(join(layout.root, `${PATH}-wal`));
    writeFileSync(join(layout.root, `${PATH}-journal`), 'x');
    await restoreDatabase(layout, PATH, folder, true);
    expect(readFileSync(join(layout.root, PATH), 'utf8')).toBe('rows');
    expect(readFileSync(join(layout.root, `${PATH}-wal`), 'utf8')).toBe('more rows');
    expect(existsAs(join(layout.root, `${PATH}-journal`))).toBe(false);
  });

  it('that is lost does not cost the one in use', async () => {
    const layout = installationWith({ '': 'rows', '-wal': 'more rows' });
    await expect(restoreDatabase(layout, PATH, join(layout.root, 'copies'), true)).rejects.toThrow(/copies\/storage\/page\/page\.db is missing/);
    expect(readFileSync(join(layout.root, PATH), 'utf8')).toBe('rows');
    expect(readFileSync(join(layout.root, `${PATH}-wal`), 'utf8')).toBe('more rows');
  });
});
