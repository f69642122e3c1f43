import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import { currentFolder, keptVersions, pruneVersions } from '../../../src/change/versions.ts';
import { changeState, type ChangeRecord } from '../../../src/contract/change-journal.ts';
import { writeSnapshot } from '../../../src/contract/snapshot.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

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
    expect((await pruneVersions(layout, 2)).sort()).toEqual(['1', 'stray']);
    expect(readdirSync(layout.versions).sort()).toEqual(['2', '2.snapshot', '3', 'mine']);
    expect(await pruneVersions(layout, 1)).toEqual(['2']);
    expect(readdirSync(layout.versions).sort()).toEqual(['3', 'mine']);
  });

  it('that were left by going back from them are the last to go', async () => {
    const layout = await versions(['2', '1', '3'], ['1 -> 2', '3 -> 2']);
    expect(await pruneVersions(layout, 2)).toEqual(['1']);
    expect(readdirSync(layout.versions).sort()).toEqual(['2', '3', '3.snapshot']);
  });

  it('are none where current leads elsewhere, and nothing is removed then', async () => {
    const layout = await versions(['2', '1'], ['1 -> 2']);
    const other = { ...layout, current: join(layout.root, 'elsewhere') };
    symlinkSync('/opt/other', other.current);
    expect([currentFolder(other), await keptVersions(other), await pruneVersions(other, 1)]).toEqual([undefined, [], []]);
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
