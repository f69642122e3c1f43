import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { archiveKindOf, localSource } from '../../../src/sources/local/index.ts';
import { digestTree } from '../../../src/sources/local/tree.ts';
import { fetchContext } from '../../helpers/fetch-context.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const tar = Buffer.alloc(512);
tar.write('ustar', 257);

it.each<[string, Buffer, string, string]>([
  ['a gzip', Buffer.from('1f8b0800', 'hex'), 'x', 'tar.gz'],
  ['an xz', Buffer.from('fd377a585a0000', 'hex'), 'x.zip', 'tar.xz'],
  ['a zip', Buffer.from('504b0304', 'hex'), 'x.tar.gz', 'zip'],
  ['a wheel', Buffer.from('504b0304', 'hex'), 'x-1-py3-none-any.whl', 'wheel'],
  ['a deb', Buffer.from('!<arch>\ndebian-binary   1'), 'x', 'deb'],
  ['a tar', tar, 'x', 'tar'],
  ['a Linux program', Buffer.from('7f454c460201', 'hex'), 'x.tar.gz', 'binary'],
  ['a macOS program', Buffer.from('cffaedfe0c00', 'hex'), 'x', 'binary'],
  ['a macOS program for two CPUs', Buffer.from('cafebabe0000', 'hex'), 'x', 'binary'],
  ['a script', Buffer.from('#!/bin/sh\n'), 'x', 'binary'],
])('recognises %s by its first bytes', (_, head, file, kind) => {
  expect(archiveKindOf(head, file, 'thing')).toBe(kind);
});

it.each<[string, Buffer, RegExp]>([
  ['a web page', Buffer.from('<!doctype html>'), /found a web page/],
  ['an empty file', Buffer.alloc(0), /found an empty file/],
  ['a static library', Buffer.from('!<arch>\nfoo.o/  '), /begins with 213c617263683e0a/],
])('refuses %s', (_, head, message) => {
  expect(() => archiveKindOf(head, 'x.tar.gz', 'thing')).toThrow(message);
});

it('takes a file where it is, and tells no path', async () => {
  const path = join(temporaryDirectory(), 'program');
  await writeFile(path, '#!/bin/sh\n');
  const context = await fetchContext({ offline: true });
  const [artifact] = await localSource.fetch({ kind: 'local', path }, context);
  expect(artifact).toEqual({
    file: 'program',
    path,
    sha256: sha256('#!/bin/sh\n'),
    size: 10,
    archive: 'binary',
    into: '',
    origin: 'program',
    verified: 'local',
  });
});

it('says which path is not there', async () => {
  const missing = localSource.fetch({ kind: 'local', path: '/nowhere/x' }, await fetchContext());
  await expect(missing).rejects.toMatchObject({ code: 'file-missing', message: expect.stringContaining('/nowhere/x, given for thing') as string });
});

describe('the digest of a folder', () => {
  async function sample(): Promise<string> {
    const root = temporaryDirectory();
    await mkdir(join(root, 'bin'));
    await writeFile(join(root, 'bin', 'run'), 'run', { mode: 0o755 });
    await writeFile(join(root, 'read me'), 'text');
    await symlink('bin/run', join(root, 'link'));
    return root;
  }

  it('is the same for the same content, whatever its times', async () => {
    const [one, other] = [await sample(), await sample()];
    await utimes(join(other, 'read me'), 1, 1);
    expect(await digestTree(one)).toEqual(await digestTree(other));
    const artifact = (await localSource.fetch({ kind: 'local', path: one }, await fetchContext()))[0];
    expect(artifact).toMatchObject({ ...(await digestTree(one)), archive: 'tree', size: 7 });
  });

  it.each<[string, (root: string) => Promise<unknown>]>([
    ['a byte changes', (root) => writeFile(join(root, 'read me'), 'tExt')],
    ['a file is added', (root) => writeFile(join(root, 'more'), '')],
    ['a file becomes executable', (root) => chmod(join(root, 'read me'), 0o755)],
    ['a link is added', (root) => symlink('read me', join(root, 'link2'))],
  ])('differs when %s', async (_, change) => {
    const root = await sample();
    const before = await digestTree(root);
    await change(root);
    expect(await digestTree(root)).not.toEqual(before);
  });

  it('refuses a socket', async () => {
    const root = temporaryDirectory();
    const server = createServer();
    onTestFinished(() => void server.close());
    const listening = Promise.withResolvers<void>();
    server.listen(join(root, 'socket'), listening.resolve);
    await listening.promise;
    await expect(digestTree(root)).rejects.toMatchObject({ code: 'archive-refused' });
  });
});
