import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/base/exec.ts';
import { packEntries, refuseSecrets } from '../../../src/diagnosis/support/archive.ts';
import { redactorOf } from '../../../src/redaction/redact-text.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

describe('packEntries', () => {
  it('makes what tar reads, with names that are short, safe and unique', async () => {
    const entries = ['a/x.txt', 'a/x.txt', '../up', `long/${'n'.repeat(200)}.log`, 'a b\nc'].map((name, index) => ({ name, text: 'é'.repeat(index * 300) }));
    const path = join(temporaryDirectory(), 'a.tar.gz');
    writeFileSync(path, packEntries(entries, 0));
    const listed = (await run('tar', ['-tvzf', path])).stdout.trim().split('\n');
    expect(listed.map((line) => line.split(/\s+/).slice(0, 3).join(' '))).toEqual(entries.map(({ text }) => `-rw------- 0/0 ${Buffer.byteLength(text)}`));
    const names = listed.map((line) => line.split(/\s+/).slice(5).join(' '));
    expect(names.slice(0, 3)).toEqual(['a/x.txt', 'a/x.txt~2', '_/up']);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(97);
  });
});

describe('refuseSecrets', () => {
  const redactor = redactorOf(['planted-secret']);
  const refuse = (name: string, text: string): void => refuseSecrets(packEntries([{ name, text }], 0), [{ name, text }], redactor);

  it.each([
    ['as it is', 'a', 'x planted-secret'],
    ['in a name', 'planted-secret.log', ''],
    ['as base64', 'a', Buffer.from('user:planted-secret').toString('base64')],
    ['as hexadecimal', 'a', Buffer.from('planted-secret').toString('hex')],
  ])('refuses an archive with a secret %s', (_, name, text) => expect(() => refuse(name, text)).toThrow('No archive was written'));

  it('refuses one that is only in the finished archive', () => {
    expect(() => refuseSecrets(packEntries([{ name: 'a', text: 'planted-secret' }], 0), [], redactor)).toThrow('the finished archive');
  });

  it('does not name the secret', () => {
    expect(() => refuse('planted-secret.log', '')).toThrow(/its file \[hidden\]\.log/);
  });

  it('lets others pass', () => expect(() => refuse('a', 'planted')).not.toThrow());
});
