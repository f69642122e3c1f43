import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { undoInstallation } from '../../../installer/undo.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import { listTree } from '../../../src/base/files.ts';
import { journalState, readJournal } from '../../../src/contract/journal.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { FUZZ, FUZZ_TIMEOUT_MS, nastyText, readsOrRefuses } from './hostile.ts';

/*
 * Undoing an installation removes what a journal names. Whatever it names, and whatever links somebody has put into the
 * installed directory meanwhile, nothing outside it goes.
 */

const place = temporaryFolder();

describe('undoing an installation', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const name = fc.oneof(
    fc.constantFrom('conf', 'link', 'link/precious', 'link/empty', 'link/folder', 'conf/x', '..', '../outside/precious', 'conf/../../outside'),
    nastyText,
  );
  const kind = fc.constantFrom('make-directory', 'place-files', 'write-generated', 'write-secret', 'link');

  it('removes nothing outside the installed directory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ kind, path: name }), { minLength: 1, maxLength: 5 }), (steps) => undoes(steps)),
      FUZZ,
    );
  });

  it('leaves what lies behind a link of somebody else', () =>
    undoes([
      { kind: 'place-files', path: 'link/folder' },
      { kind: 'write-secret', path: 'link/precious' },
      { kind: 'make-directory', path: 'link/empty' },
    ]));
});

async function undoes(steps: { kind: string; path: string }[]): Promise<void> {
  const home = join(place(), 'home');
  rmSync(home, { recursive: true, force: true });
  const layout = layoutOf(join(home, 'install'));
  for (const directory of [layout.run, layout.conf, join(home, 'outside', 'folder'), join(home, 'outside', 'empty')]) mkdirSync(directory, { recursive: true });
  writeFileSync(join(home, 'outside', 'precious'), 'x');
  writeFileSync(join(home, 'outside', 'folder', 'precious'), 'x');
  symlinkSync(join(home, 'outside'), join(layout.root, 'link'));
  const begin = { record: 'begin', schema: 1, at: 'a', version: '1', bundle: 'a', madeAbove: [], settings: fixedSettings('all'), steps };
  writeFileSync(layout.journal, `${JSON.stringify(begin)}\n`);
  const state = await readsOrRefuses(() => journalState(readJournal(layout.journal) ?? []), ['file-invalid'], 'install.journal');
  if (state?.kind === 'begun') undoInstallation(layout, state.begin);
  expect(await listTree(join(home, 'outside'))).toEqual(['folder/precious', 'precious']);
  expect(existsSync(join(home, 'outside', 'empty'))).toBe(true);
}
