import { chmodSync, chownSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import { currentFolder, keptVersions, pruneVersions } from '../../../src/change/versions.ts';
import { changeState, type ChangeRecord } from '../../../src/contract/change-journal.ts';
import { writeSnapshot } from '../../../src/contract/snapshot.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/** Somebody who is neither root nor the owner of anything. */
const NOBODY = 65_534;

const place = (folder: string): { version: string; folder: string } => ({ version: folder.split('+')[0]!, folder });

/** An installation with these versions, the first one in use; each snapshot is `left -> next`. */
async function versions(folders: readonly string[], snapshots: readonly string[]): Promise<Layout> {
  const layout = layoutOf(temporaryDirectory());
  for (const folder of folders) {
    mkdirSync(join(layout.versions, folder), { recursive: true });
    writeFileSync(join(layout.versions, folder, 'bundle.json'), '{}');
  }
  symlinkSync(`versions/${folders[0]}`, layout.current);
  for (const [index, snapshot] of snapshots.entries()) {
    const [from = '', to = ''] = snapshot.split(' -> ');
    mkdirSync(join(layout.versions, `${from}.snapshot`));
    await writeSnapshot(join(layout.versions, `${from}.snapshot`), {
      schema: 1,
      at: `2026-01-0${index + 1}`,
      kind: 'update',
      from: place(from),
      to: place(to),
      ran: [],
      links: {},
      databases: {},
    });
  }
  return layout;
}

const keptOf = async (layout: Layout): Promise<string[]> => (await keptVersions(layout)).map((kept) => kept.place.folder);

describe('kept versions', () => {
  it.each([
    [['3'], [], []],
    [
      ['3', '2', '1'],
      ['1 -> 2', '2 -> 3'],
      ['2', '1'],
    ],
    [['1', '2'], ['2 -> 1'], ['2']],
    [['3', '2'], ['1 -> 2', '2 -> 3'], ['2']],
    [['2', '1'], ['1 -> 2', '2 -> 1'], ['1']],
    [['1+abc', '1'], ['1 -> 1+abc'], ['1']],
    [
      ['2', '1', '3'],
      ['1 -> 2', '3 -> 2'],
      ['3', '1'],
    ],
    [
      ['2', '1', '3', '4'],
      ['1 -> 2', '3 -> 4', '4 -> 2'],
      ['4', '1', '3'],
    ],
    [['3', '1'], ['1 -> 2', '2 -> 3'], []],
  ])('of %j with the snapshots %j are %j', async (folders, snapshots, expected) => {
    expect(await keptOf(await versions(folders, snapshots))).toEqual(expected);
  });

  it('that are too many go with their snapshots, and nothing else', async () => {
    const layout = await versions(['3', '2', '1', 'stray'], ['1 -> 2', '2 -> 3']);
    mkdirSync(join(layout.versions, 'mine'));
    expect(await pruneVersions(layout, 2)).toEqual({ removed: ['1', 'stray'], failed: [] });
    expect(readdirSync(layout.versions).sort()).toEqual(['2', '2.snapshot', '3', 'mine']);
    expect(await pruneVersions(layout, 1)).toEqual({ removed: ['2'], failed: [] });
    expect(readdirSync(layout.versions).sort()).toEqual(['3', 'mine']);
  });

  it('that were left by going back from them are the last to go', async () => {
    const layout = await versions(['2', '1', '3'], ['1 -> 2', '3 -> 2']);
    expect(await pruneVersions(layout, 2)).toEqual({ removed: ['1'], failed: [] });
    expect(readdirSync(layout.versions).sort()).toEqual(['2', '3', '3.snapshot']);
  });

  it('that cannot be removed are named, and others go all the same', async ({ skip }) => {
    const layout = await versions(['3', '2', '1'], ['1 -> 2', '2 -> 3']);
    skip(process.geteuid?.() !== 0, 'only root can put a folder of its own into that of somebody else; run as root');
    const others = join(layout.versions, '1', '__pycache__');
    mkdirSync(others);
    writeFileSync(join(others, 'x.pyc'), '');
    for (const path of [
      layout.root,
      layout.versions,
      ...['1', '1/bundle.json', '2', '2/bundle.json', '1.snapshot', '1.snapshot/snapshot.json', '2.snapshot', '2.snapshot/snapshot.json'].map((name) =>
        join(layout.versions, name),
      ),
    ])
      chownSync(path, NOBODY, NOBODY);
    chmodSync(join(layout.versions, '1'), 0o755);
    process.seteuid?.(NOBODY);
    const pruned = await pruneVersions(layout, 1).finally(() => process.seteuid?.(0));
    expect(pruned).toMatchObject({ removed: ['2'], failed: [expect.stringContaining('versions/1') as string] });
    expect(await keptOf(layout)).toEqual([]);
  });

  it('are none where current leads elsewhere, and nothing is removed then', async () => {
    const layout = await versions(['2', '1'], ['1 -> 2']);
    const other = { ...layout, current: join(layout.root, 'elsewhere') };
    symlinkSync('/opt/other', other.current);
    expect([currentFolder(other), await keptVersions(other), await pruneVersions(other, 1)]).toEqual([undefined, [], { removed: [], failed: [] }]);
    expect(readdirSync(layout.versions)).toHaveLength(3);
  });
});

describe("a change's journal", () => {
  const begin: ChangeRecord = {
    record: 'begin',
    schema: 1,
    at: '',
    kind: 'update',
    from: place('1'),
    to: place('2'),
    places: true,
    makes: [],
    ran: [],
    keep: 2,
  };
  it.each<[string, ChangeRecord[], object]>([
    ['nothing', [], { kind: 'none' }],
    ['steps', [begin, { record: 'step', at: '', step: 'place' }], { kind: 'unfinished', reached: new Set(['place']) }],
    ['a way back', [begin, { record: 'return', at: '', step: 'stop' }], { kind: 'unfinished', reached: new Set() }],
    ['an end', [begin, { record: 'end', at: '', result: 'done' }], { kind: 'ended', result: 'done' }],
    ['the end of the way back', [begin, { record: 'end', at: '', result: 'taken-back' }], { kind: 'ended', result: 'taken-back' }],
  ])('with %s', (_, records, expected) => {
    expect(changeState(records)).toMatchObject(expected);
  });
});
