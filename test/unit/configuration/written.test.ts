import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import type { FileChange } from '../../../src/configuration/merge.ts';
import { applyChanges, configurationChanges } from '../../../src/configuration/written.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const A = 'conf/a/a.conf';
const FIRST = 'one\ntwo\nthree\nfour\nfive\n';
let layout: Layout;

const file = (path: string, content: string) => ({ path, component: 'a', content });
const at = (path: string): string => join(layout.root, path);
const read = (path: string): string => readFileSync(at(path), 'utf8');

async function generate(...files: ReturnType<typeof file>[]): Promise<FileChange[]> {
  const changes = await configurationChanges(layout, files);
  await applyChanges(layout, changes, files);
  return changes;
}

beforeEach(async () => {
  layout = layoutOf(temporaryDirectory());
  mkdirSync(layout.run);
  await generate(file(A, FIRST));
});

describe('the configuration on disk', () => {
  it('is written, and nothing is to do afterwards', async () => {
    expect(read(A)).toBe(FIRST);
    expect(await generate(file(A, FIRST))).toEqual([{ kind: 'unchanged', path: A }]);
  });

  it('takes edits along', async () => {
    writeFileSync(at(A), FIRST.replace('one', 'mine'));
    await generate(file(A, FIRST.replace('five', 'six')));
    expect(read(A)).toBe('mine\ntwo\nthree\nfour\nsix\n');
    expect(existsSync(at(`${A}.new`))).toBe(false);
  });

  it('tells a conflict once, keeps the edit and puts the new text beside it, until it is settled', async () => {
    writeFileSync(at(A), FIRST.replace('one', 'mine'));
    const theirs = file(A, FIRST.replace('one', 'theirs'));
    expect(await generate(theirs)).toMatchObject([{ kind: 'conflict' }]);
    expect(read(A)).toContain('mine');
    expect(read(`${A}.new`)).toBe(theirs.content);
    expect(await generate(theirs)).toEqual([{ kind: 'kept', path: A }]);
    expect(existsSync(at(`${A}.new`))).toBe(true);
    writeFileSync(at(A), theirs.content);
    expect(await generate(theirs)).toEqual([{ kind: 'unchanged', path: A }]);
    expect(existsSync(at(`${A}.new`))).toBe(false);
  });

  it('leaves a .new that somebody works on', async () => {
    writeFileSync(at(A), FIRST.replace('one', 'mine'));
    await generate(file(A, FIRST.replace('one', 'theirs')));
    writeFileSync(at(`${A}.new`), 'half merged');
    writeFileSync(at(A), FIRST.replace('one', 'theirs'));
    await generate(file(A, FIRST.replace('one', 'theirs')));
    expect(read(`${A}.new`)).toBe('half merged');
  });

  it('removes what is not generated any more, unless it was edited', async () => {
    await generate(file(A, FIRST), file('conf/b.conf', 'b\n'), file('conf/c.conf', 'c\n'));
    writeFileSync(at('conf/c.conf'), 'mine\n');
    expect(await generate(file(A, FIRST))).toEqual([
      { kind: 'unchanged', path: A },
      { kind: 'remove', path: 'conf/b.conf' },
      { kind: 'obsolete', path: 'conf/c.conf' },
    ]);
    expect([existsSync(at('conf/b.conf')), read('conf/c.conf')]).toEqual([false, 'mine\n']);
    expect(await generate(file(A, FIRST))).toHaveLength(1);
  });

  it('does not trust a recorded text that was damaged', async () => {
    writeFileSync(join(layout.generatedTexts, A), 'something else\n');
    writeFileSync(at(A), FIRST.replace('one', 'mine'));
    expect(await generate(file(A, FIRST.replace('five', 'six')))).toMatchObject([{ kind: 'conflict' }]);
  });

  it('does without the recorded texts as long as nobody edits', async () => {
    rmSync(layout.generatedTexts, { recursive: true });
    expect(await generate(file(A, FIRST.replace('five', 'six')))).toMatchObject([{ kind: 'write', why: 'unedited' }]);
  });

  it('writes what is missing', async () => {
    rmSync(at('conf'), { recursive: true });
    expect(await generate(file(A, FIRST))).toMatchObject([{ kind: 'write', why: 'missing' }]);
    expect(read(A)).toBe(FIRST);
  });
});
