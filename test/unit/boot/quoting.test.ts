import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directoryOf, markerOf } from '../../../src/boot/marker.ts';
import { logrotateName, refuseUnwritable, shellWord, systemdArgument, systemdText, systemdWord, xmlText } from '../../../src/boot/quoting.ts';

/** Paths with all that may go wrong, but what is refused. */
const characters = fc.oneof(fc.constantFrom(...` "'\\$%;#&<>{}[]*?~=:@-+!|()\`é監`), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }));
const paths = fc
  .array(characters, { maxLength: 20 })
  .map((parts) => `/${parts.join('')}`)
  .filter((path) => isWritable(path));

function isWritable(path: string): boolean {
  try {
    refuseUnwritable(path, 'The directory');
    return true;
  } catch {
    return false;
  }
}

/** How systemd reads a quoted word of the settings that take several (extract_first_word in its sources), with specifiers resolved. */
function readBySystemd(word: string): string {
  let text = '';
  for (let at = 1; at < word.length - 1; at += 1) {
    const [here, next] = [word[at]!, word[at + 1]];
    if (here === '"') throw new Error(`the word ends too early: ${word}`);
    if (here === '\\' && next !== '\\' && next !== '"') throw new Error(`an unknown escape: ${word}`);
    if (here === '%' && next !== '%') throw new Error(`a specifier: ${word}`);
    if (here === '\\' || here === '%') at += 1;
    text += word[at];
  }
  if (!word.startsWith('"') || !word.endsWith('"')) throw new Error(`not quoted: ${word}`);
  return text;
}

describe('what is written is read as it was', () => {
  it('by systemd in a setting and in a command line (the real one: test/process/boot)', () => {
    fc.assert(fc.property(paths, (path) => readBySystemd(systemdWord(path)) === path));
    fc.assert(fc.property(paths, (path) => readBySystemd(systemdArgument(path)).replaceAll('$$', '$') === path));
    fc.assert(fc.property(paths, (path) => !/(^|[^$])\$([^$]|$)/.test(systemdArgument(path).replaceAll('$$', ''))));
  });

  it('by systemd as a text, which never takes the next line along', () => {
    fc.assert(fc.property(paths, (path) => !systemdText(path).endsWith('\\') && !systemdText(path).replaceAll('%%', '').includes('%')));
  });

  it('by sh', () => {
    fc.assert(
      fc.property(fc.array(paths, { minLength: 1, maxLength: 50 }), (all) => {
        const { stdout } = spawnSync('sh', ['-c', `printf '%s\\n' ${all.map(shellWord).join(' ')}`], { encoding: 'utf8' });
        return stdout === `${all.join('\n')}\n`;
      }),
      { numRuns: 20 },
    );
  });

  it('by XML, where it cannot end an element or begin one', () => {
    fc.assert(
      fc.property(paths, (path) => {
        const text = xmlText(path);
        return !/[<>]/.test(text) && text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&') === path;
      }),
    );
  });

  it('by dkm, which knows its own files by it; not even XML takes it for the end of a comment', () => {
    fc.assert(fc.property(paths, (path) => directoryOf(`a\n# ${markerOf(path)}\nb`) === path && !markerOf(path).includes('--')));
  });
});

describe('directoryOf', () => {
  it.each(['/a\u2028b', '/a "b\\', '/ '])('reads %j', (path) => expect(directoryOf(`# ${markerOf(path)} "rest"`)).toBe(path));

  it.each(['', 'dkm-directory: ', 'dkm-directory: "', 'dkm-directory: "\\x"', '# dkm-directory: /srv', 'dkm-directory: 5'])("%j is nobody's", (text) => {
    expect(directoryOf(text)).toBeUndefined();
  });
});

describe('logrotateName', () => {
  it('escapes what is special in a pattern', () => expect(logrotateName('/a "b" [c]*?\\.log')).toBe('"/a \\"b\\" \\[c\\]\\*\\?\\\\.log"'));
  it.each(['/a{b', '/a}b', '/a#b'])('refuses %s', (path) => expect(() => logrotateName(path)).toThrow(/logrotate cannot take/));
});
