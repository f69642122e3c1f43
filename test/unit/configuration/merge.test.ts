import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { mergeFile, type FileChange, type MergeInput } from '../../../src/configuration/merge.ts';

const BASE = 'a = 1\nb = 2\nc = 3\nd = 4\ne = 5\n';
const edited = (text: string): string => BASE.replace('a = 1', text);
const NEXT = BASE.replace('e = 5', 'e = 6');

const input = (more: Partial<MergeInput>): MergeInput => ({ path: 'conf/x.toml', writtenDigest: sha256(BASE), written: BASE, ...more });

describe('merging one configuration file', () => {
  it.each<[string, Partial<MergeInput>, Omit<FileChange, 'path'> & Partial<{ content: string; why: string }>]>([
    ['nothing changed', { present: BASE, generated: BASE }, { kind: 'unchanged' }],
    ['new text, no edits', { present: BASE, generated: NEXT }, { kind: 'write', content: NEXT, why: 'unedited' }],
    ['edits, same text', { present: edited('a = 9'), generated: BASE }, { kind: 'kept' }],
    ['edits and new text apart', { present: edited('a = 9'), generated: NEXT }, { kind: 'write', content: NEXT.replace('a = 1', 'a = 9'), why: 'merged' }],
    ['edits and new text on one line', { present: edited('a = 9'), generated: edited('a = 7') }, { kind: 'conflict', content: edited('a = 7') }],
    ['the same edit as the new text', { present: edited('a = 9'), generated: edited('a = 9') }, { kind: 'unchanged' }],
    ['the new text is in the edits already', { present: NEXT.replace('a = 1', 'a = 9'), generated: NEXT }, { kind: 'kept' }],
    ['it was deleted', { generated: NEXT }, { kind: 'write', content: NEXT, why: 'missing' }],
    ['never written, not there', { writtenDigest: undefined, written: undefined, generated: NEXT }, { kind: 'write', content: NEXT, why: 'missing' }],
    [
      'never written, another one there',
      { writtenDigest: undefined, written: undefined, present: 'z = 1\n', generated: NEXT },
      { kind: 'conflict', content: NEXT },
    ],
    ['edits, what was written is not known', { written: undefined, present: edited('a = 9'), generated: NEXT }, { kind: 'conflict', content: NEXT }],
    ['not generated any more, no edits', { present: BASE }, { kind: 'remove' }],
    ['not generated any more, edits', { present: edited('a = 9') }, { kind: 'obsolete' }],
    ['not generated any more, not there', {}, { kind: 'unchanged' }],
    ['both add the same key', { present: `${BASE}z = 1\n`, generated: `z = 2\n${BASE}` }, { kind: 'conflict', content: `z = 2\n${BASE}` }],
  ])('%s', (_, more, expected) => {
    expect(mergeFile(input(more))).toEqual({ path: 'conf/x.toml', ...expected });
  });

  it('takes JSON that two good changes would break together for a conflict', () => {
    const written = '{\n "a": [\n  1\n ],\n "b": 2,\n "c": 3,\n "d": 4\n}\n';
    const present = written.replace('  1\n ],', '  1\n ]').replace(/,\n "b": 2,\n "c": 3,\n "d": 4/, ''); // all but the first key deleted
    const generated = written.replace(' "a": [', ' "z": 0,\n "a": [').replace(' "d": 4', ' "d": 4,\n "e": 5');
    const change = mergeFile({ path: 'conf/x.json', writtenDigest: sha256(written), written, present, generated });
    expect(change.kind).toBe('conflict');
  });

  const lines = fc.array(fc.constantFrom('a', 'b', 'c', '', '# x', '[t]'), { maxLength: 12 }).map((all) => all.join('\n'));

  it('loses no edit: a line that only the administrator added is still there', () => {
    fc.assert(
      fc.property(lines, lines, fc.nat(12), (written, generated, at) => {
        const mine = written.split('\n');
        mine.splice(Math.min(at, mine.length), 0, 'ONLY MINE');
        const present = mine.join('\n');
        const change = mergeFile({ path: 'conf/x.conf', writtenDigest: sha256(written), written, present, generated });
        // Whatever is decided, what stands there afterwards has the line.
        const after = change.kind === 'write' ? change.content : present;
        expect(after).toContain('ONLY MINE');
      }),
    );
  });

  it('ends where it ended when it is done again', () => {
    fc.assert(
      fc.property(lines, lines, lines, (written, present, generated) => {
        const path = 'conf/x.conf';
        const change = mergeFile({ path, writtenDigest: sha256(written), written, present, generated });
        const after = change.kind === 'write' ? change.content : present;
        // Interrupted before it was recorded, and recorded.
        const again = mergeFile({ path, writtenDigest: sha256(written), written, present: after, generated });
        expect(again.kind === 'write' ? again.content : after).toBe(after);
        expect(mergeFile({ path, writtenDigest: sha256(generated), written: generated, present: after, generated }).kind).toMatch(/unchanged|kept/);
      }),
    );
  });
});
