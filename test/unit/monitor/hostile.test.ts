import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMemory } from '../../../src/monitor/memory.ts';
import { parseDataFile, readHistory, readStatistics } from '../../../src/monitor/read.ts';
import { parseRunRecord } from '../../../src/monitor/run-record.ts';
import { historyRecord, parsePreviousStates, stateOf } from '../../../src/monitor/state.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/* Files of the tree may be anybody's: whatever they hold is read or left out, and never thrown. */

const whole = JSON.stringify({
  title: 'a',
  name: 'a',
  path: '/a',
  'execution-time': 1,
  result: { type: 'Test Result', failed: true, date: '2026-11-21T10:00:00+0000', message: 'm' },
});
const history = JSON.stringify({
  date: 1,
  data: [{ title: 'a', name: 'a', 'execution-time': 0, status: 'OK', failed: false, date: '2026-11-21T10:00:00+0000', message: '', 'change-date': 'x' }],
});

/** A text with a part replaced by anything. */
const damaged = (text: string): fc.Arbitrary<string> =>
  fc.tuple(fc.nat(text.length), fc.nat(12), fc.oneof(fc.string(), fc.json())).map(([at, length, other]) => text.slice(0, at) + other + text.slice(at + length));

describe('whatever a file holds', () => {
  it('a result is one or none', () => {
    fc.assert(
      fc.property(fc.oneof(damaged(whole), fc.json()), fc.oneof(damaged('{"a":["OK","d","h"]}'), fc.json()), (text, previous) => {
        const record = parseRunRecord(text);
        if (record) expect(typeof historyRecord(stateOf(record, parsePreviousStates(previous))).message).toBe('string');
      }),
      { numRuns: 500 },
    );
  });

  it('histories, statistics and what is remembered are read as far as they can be', () => {
    const monitor = temporaryDirectory();
    mkdirSync(join(monitor, 'public'));
    fc.assert(
      fc.property(fc.oneof(damaged(history), fc.json()), (text) => {
        writeFileSync(join(monitor, 'public', 'a.history.json'), text);
        writeFileSync(join(monitor, 'public', 'a.stats.json'), text);
        expect(readHistory({ monitor }, 'a').every(({ atMs, message }) => Number.isFinite(atMs) && typeof message === 'string')).toBe(true);
        expect(readStatistics({ monitor }, 'a')).toBeInstanceOf(Array);
        expect(parseMemory(text)).toMatchObject({ schema: 1 });
        parseDataFile(text);
      }),
      { numRuns: 300 },
    );
  });
});
