import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import type { Artifact } from '../../../src/sources/api.ts';
import { openVendorStore } from '../../../src/sources/vendor-store.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const HOST = sha256(hostname()).slice(0, 8);
/** A process id that no process has: Linux gives out at most 2^22. */
const GONE = 99_999_999;

async function fileIn(folder: string, text: string): Promise<string> {
  const path = join(folder, 'file');
  await writeFile(path, text);
  return path;
}

const about = { file: 'f', archive: 'binary', into: '', origin: 'o', verified: 'local' } as const;

it('keeps a file under its digest and remembers what a request was answered with', async () => {
  const store = await openVendorStore(join(temporaryDirectory(), 'new', 'vendor'));
  const stored = await store.adopt(await fileIn(await store.scratch(), 'content'));
  expect(stored).toEqual({ path: join(store.root, 'sha256', sha256('content')), sha256: sha256('content'), size: 7 });
  expect(await store.find(sha256('content'))).toEqual(stored);
  expect(await store.find(sha256('else'))).toBeUndefined();
  const artifact: Artifact = { ...stored, ...about, pick: { a: 'b' }, licence: 'MIT' };
  await store.remember('request', [artifact]);
  expect(await (await openVendorStore(store.root)).recall('request')).toEqual([artifact]);
  expect(await store.recall('other')).toBeUndefined();
});

it('moves with its folder: nothing in it names its place', async () => {
  const store = await openVendorStore(join(temporaryDirectory(), 'vendor'));
  await store.remember('request', [{ ...(await store.adopt(await fileIn(await store.scratch(), 'content'))), ...about }]);
  const [record] = await readdir(join(store.root, 'requests'));
  expect(await readFile(join(store.root, 'requests', record!), 'utf8')).not.toContain(store.root);
});

it('tells a file that was altered, and forgets a request whose file is gone', async () => {
  const store = await openVendorStore(temporaryDirectory());
  const stored = await store.adopt(await fileIn(await store.scratch(), 'content'));
  await store.remember('request', [{ ...stored, ...about }]);
  await writeFile(stored.path, 'cOntent');
  await expect(store.recall('request')).rejects.toMatchObject({
    code: 'verification-failed',
    message: expect.stringContaining(`found ${sha256('cOntent')}`) as string,
  });
  await expect(store.find(stored.sha256)).rejects.toMatchObject({ code: 'verification-failed' });
  await rm(stored.path);
  expect(await store.recall('request')).toBeUndefined();
});

it('takes the same content from several at once', async () => {
  const root = temporaryDirectory();
  const stores = await Promise.all(Array.from({ length: 8 }, () => openVendorStore(root)));
  const stored = await Promise.all(stores.map(async (store) => store.adopt(await fileIn(await store.scratch(), 'content'))));
  expect(new Set(stored.map(({ path }) => path)).size).toBe(1);
  expect(await readdir(join(root, 'sha256'))).toEqual([sha256('content')]);
});

it('lets several download the same without meeting', async () => {
  const store = await openVendorStore(temporaryDirectory());
  const folders = await Promise.all(Array.from({ length: 4 }, () => store.claim('key')));
  expect(new Set(folders).size).toBe(4);
});

/** The folder of a download that a process began. */
async function begun(root: string, key: string, owner: string): Promise<string> {
  const folder = join(root, 'partial', `part-${sha256(key).slice(0, 24)}.${owner}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'content'), 'half');
  return folder;
}

it('goes on with what a process that is gone had begun, and only one does', async () => {
  const root = temporaryDirectory();
  await begun(root, 'key', `${HOST}.${GONE}.00000000.aaaaaaaa`);
  await begun(root, 'other', `${HOST}.${GONE}.00000000.aaaaaaaa`);
  await begun(root, 'key', `ffffffff.${GONE}.00000000.aaaaaaaa`);
  const store = await openVendorStore(root);
  const folders = await Promise.all(Array.from({ length: 4 }, () => store.claim('key')));
  expect(folders.filter((folder) => existsSync(join(folder, 'content')))).toHaveLength(1);
});

it('clears away what killed processes left, but not what is at work', async () => {
  const root = temporaryDirectory();
  const partial = join(root, 'partial');
  const store = await openVendorStore(root);
  const mine = await store.scratch();
  const abandoned = join(partial, `scratch.${HOST}.${GONE}.00000000.aaaaaaaa`);
  const elsewhere = join(partial, `scratch.ffffffff.${GONE}.00000000.aaaaaaaa`);
  for (const folder of [abandoned, elsewhere]) await mkdir(folder);
  const resumable = await begun(root, 'key', `${HOST}.${GONE}.00000000.aaaaaaaa`);
  const old = await begun(root, 'old', `ffffffff.${GONE}.00000000.aaaaaaaa`);
  const dayAgo = Date.now() / 1000 - 25 * 3600;
  for (const path of [join(old, 'content'), old]) await utimes(path, dayAgo, dayAgo);
  await openVendorStore(root);
  expect((await readdir(partial)).map((name) => join(partial, name)).sort()).toEqual([mine, elsewhere, resumable].sort());
});
