import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { applyEarlier, earlierConfiguration } from '../../../src/change/earlier-configuration.ts';
import { lines } from '../../helpers/update-bundles.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

type Texts = Record<string, string>;

/** An installation whose conf/ was `before`, became `after` by an update and was edited to `present`. */
function situation(before: Texts, after: Texts, present: Texts): { layout: ReturnType<typeof layoutOf>; snapshot: string } {
  const root = temporaryDirectory();
  const snapshot = join(root, 'versions/1.snapshot');
  const write = (folder: string, texts: Texts): void => {
    mkdirSync(folder, { recursive: true });
    for (const [path, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), Buffer.from(text, 'latin1'));
    }
  };
  write(join(snapshot, 'conf'), before);
  write(join(snapshot, 'after/conf'), after);
  write(join(root, 'conf'), present);
  return { layout: layoutOf(root), snapshot };
}

const NEW = lines({ 10: 'key10 = new' });

describe('the configuration of an earlier version', () => {
  it.each<[string, string | undefined, string | undefined, string | undefined, string]>([
    ['comes back where nothing was edited since', 'old', 'new', 'new', 'write'],
    ['stays where the versions do not differ', 'same', 'same', 'mine', 'nothing'],
    ['is there already where it was brought back by hand', 'old', 'new', 'old', 'nothing'],
    ['goes where that version has no such file', undefined, 'new', 'new', 'remove'],
    ['comes back where the update took it away', 'old', undefined, undefined, 'write'],
    ['is merged with what was edited since', lines(), NEW, lines({ 2: 'key2 = mine', 10: 'key10 = new' }), 'write'],
    ['is put beside what was edited in the same lines', lines(), NEW, lines({ 10: 'key10 = mine' }), 'conflict'],
    ['is put beside what is no text', 'old', '\xff\x00', '\xff\x01', 'conflict'],
    ["leaves the administrator's own files", undefined, undefined, 'mine', 'nothing'],
    ['leaves a file that only the newer version has, once it is edited', undefined, 'new', 'mine', 'nothing'],
  ])('%s', async (_, before, after, present, expected) => {
    const file = (text: string | undefined): Texts => (text === undefined ? {} : { 'a/x.conf': text });
    const { layout, snapshot } = situation(file(before), file(after), file(present));
    const changes = await earlierConfiguration(layout, [snapshot]);
    expect(changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual(expected === 'nothing' ? [] : [`${expected} conf/a/x.conf`]);
  });

  it('is written with its modes, and leaves secrets as they are', async () => {
    const { layout, snapshot } = situation(
      { x: 'old', 'secrets/a': 'first', 'secrets/gone': 'g' },
      { x: 'new', 'secrets/a': 'first', 'secrets/b': 'b' },
      { x: 'new', 'secrets/a': 'mine', 'secrets/b': 'b' },
    );
    chmodSync(join(snapshot, 'conf/x'), 0o640);
    await applyEarlier(layout, await earlierConfiguration(layout, [snapshot]));
    const read = (path: string): string => readFileSync(join(layout.conf, path), 'utf8');
    expect([read('x'), read('secrets/a'), read('secrets/b'), read('secrets/gone')]).toEqual(['old', 'mine', 'b', 'g']);
    expect(statSync(join(layout.conf, 'x')).mode & 0o777).toBe(0o640);
  });
});
