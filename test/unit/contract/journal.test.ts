import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { journalState, openJournal, readJournal, type BeginRecord } from '../../../src/contract/journal.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const AT = '2026-01-01T00:00:00.000Z';

function begin(...paths: string[]): BeginRecord {
  const steps = paths.map((path) => ({ kind: 'place-files', path }));
  return { record: 'begin', schema: 1, at: AT, version: '1.0.0', bundle: '0', madeAbove: [], settings: fixedSettings('all'), steps };
}

function written(...records: unknown[]): string {
  const path = join(temporaryDirectory(), 'install.journal');
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return path;
}

describe('a journal', () => {
  it('gives back what was written, without a last line that was cut short', () => {
    const path = written();
    const journal = openJournal(path);
    journal.begin(begin('run', 'conf/a b'));
    journal.append({ record: 'step', at: AT, step: 0 });
    journal.close();
    writeFileSync(path, '{"record":"st', { flag: 'a' });
    expect(readJournal(path)).toEqual([begin('run', 'conf/a b'), { record: 'step', at: AT, step: 0 }]);
  });

  it.each([
    ['none', []],
    ['begun', [begin('run')]],
    ['done', [begin('run'), { record: 'done', at: AT }]],
  ])('is %s', (kind, records) => {
    expect(journalState(readJournal(written(...records)) ?? []).kind).toBe(kind);
  });

  // Undoing an installation removes what its journal names.
  it.each(['../../../etc', 'conf/../../x', '/etc', '', '.', 'conf/..'])('is refused when it names %j, outside the installed directory', (path) => {
    expect(() => readJournal(written(begin('run', path)))).toThrow(/install\.journal line 1: steps\[1\]\.path: expected a path inside the installed directory/);
  });
});
