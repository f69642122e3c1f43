import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { auditLine, createAuditTrail, readAudit, type AuditEntry } from '../../../src/console/access/audit.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const ENTRY: Omit<AuditEntry, 'time'> = {
  account: 'ada',
  role: 'operator',
  via: 'session',
  address: '192.0.2.1',
  action: 'service.restart',
  subject: 'collectd',
  outcome: 'done',
};

describe('the audit log', () => {
  it('has one line for each action, in their order, for its owner alone, and is read newest first', async () => {
    const layout = layoutOf(temporaryDirectory());
    const trail = createAuditTrail(layout, () => undefined);
    await Promise.all(['a', 'b', 'c'].map((subject) => trail.write({ ...ENTRY, subject })));
    const lines = readFileSync(layout.consoleAudit, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as AuditEntry).subject)).toEqual(['a', 'b', 'c']);
    expect(JSON.parse(lines[0]!)).toEqual({ ...ENTRY, subject: 'a', time: expect.stringMatching(/^\d{4}-.*Z$/) as string });
    expect(statSync(layout.consoleAudit).mode & 0o777).toBe(0o600);
    expect((await readAudit(layout, { limit: 2 })).map(({ subject }) => subject)).toEqual(['c', 'b']);
  });

  it('goes on in a new file when it was moved away', async () => {
    const layout = layoutOf(temporaryDirectory());
    const trail = createAuditTrail(layout, () => undefined);
    await trail.write(ENTRY);
    renameSync(layout.consoleAudit, `${layout.consoleAudit}.1`);
    await trail.write({ ...ENTRY, subject: 'second' });
    expect((await readAudit(layout, { limit: 9 })).map(({ subject }) => subject)).toEqual(['second']);
  });

  it('is none where there is no file, and passes over what is no entry', async () => {
    const layout = layoutOf(temporaryDirectory());
    expect(await readAudit(layout, { limit: 9 })).toEqual([]);
    await createAuditTrail(layout, () => undefined).write(ENTRY);
    appendFileSync(layout.consoleAudit, 'null\n{"time":1}\n[]\n{"cut of');
    expect((await readAudit(layout, { limit: 9 })).map(({ subject }) => subject)).toEqual(['collectd']);
  });

  it('finds the newest entries of a long file', async () => {
    const layout = layoutOf(temporaryDirectory());
    mkdirSync(layout.logs, { recursive: true });
    appendFileSync(layout.consoleAudit, `${auditLine(ENTRY)}\n`.repeat(5000));
    appendFileSync(layout.consoleAudit, `${auditLine({ ...ENTRY, subject: 'last' })}\n`);
    const entries = await readAudit(layout, { limit: 100 });
    expect([entries.length, entries[0]?.subject]).toEqual([100, 'last']);
  });

  it('that cannot be written hinders nobody: what was done stands in the console’s own log', async () => {
    const layout = layoutOf(temporaryDirectory());
    mkdirSync(join(layout.consoleAudit, 'in the way'), { recursive: true });
    const log: string[] = [];
    const trail = createAuditTrail(layout, (line) => log.push(line));
    await trail.write(ENTRY);
    await trail.write(ENTRY);
    expect(log).toEqual([
      expect.stringContaining('cannot be written'),
      expect.stringContaining('"service.restart"'),
      expect.stringContaining('"service.restart"'),
    ]);
  });
});

it.each([
  ['a line break', 'a\r\n{"account":"admin"}'],
  ['an escape sequence', '\u001b[2J\u009b31m'],
  ['a direction of writing', 'a\u202egnp.exe'],
  ['invisible characters', 'a\u200bb\ufeff'],
  ['half a character', 'a\ud800b'],
  ['a separator of lines', 'a\u2028b'],
  ['what is beyond sixteen bits', 'a\u{e0041}b'],
])('an entry with %s in it is one harmless line that says the same', (_, subject) => {
  const line = auditLine({ ...ENTRY, subject });
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
  expect((JSON.parse(line) as AuditEntry).subject).toBe(subject);
});

it('is bounded for an entry that would be long', () => {
  expect(auditLine({ ...ENTRY, account: 'x'.repeat(100_000), outcome: 'y'.repeat(100_000) }).length).toBeLessThan(1000);
});
