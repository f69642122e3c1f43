import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadManifest, loadManifests, parseManifest, providersOf } from '../../../src/manifest/load.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const manifest = (name: string, more = ''): string => `
name = "${name}"
title = "T"
description = "D"
homepage = "https://example.org/"
version = "1"
licence = "MIT"
role = "store"
preference = 1
${more}
[[sources]]
kind = "built-in"
`;

/** A folder of manifests: file name → text. */
async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = join(temporaryDirectory(), 'vendor-manifests');
  await mkdir(folder);
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  return folder;
}

describe('a faulty manifest', () => {
  it.each([
    ['an unknown key', manifest('a', 'colour = "red"'), 'a.toml: colour: unknown key'],
    ['an unknown key inside', manifest('a', 'files = { keeep = ["x"] }'), 'a.toml: files.keeep: unknown key'],
    ['a wrong type', manifest('a', 'default = "no"'), 'a.toml: default: '],
    ['a missing key', manifest('a').replace('title = "T"\n', ''), 'a.toml: title: '],
    ['an unknown role', manifest('a').replace('"store"', '"stoor"'), 'a.toml: role: '],
    ['a path that leads out', manifest('a', 'directories = ["../x"]'), 'a.toml: directories[0]: a path relative'],
    [
      'a digest that is none',
      manifest('a').replace('kind = "built-in"', 'kind = "http"\nurl = "https://x/"\narchive = "deb"\nsha256 = { linux-x64 = "abc" }'),
      'a.toml: sources[0].sha256.linux-x64: a SHA-256',
    ],
    ['an unknown kind of source', manifest('a').replace('built-in', 'ftp'), 'a.toml: sources[0].kind: '],
    ['broken TOML', 'name = ', 'a.toml is not valid TOML'],
  ])('with %s is refused, naming file and key', (_, text, message) => {
    expect(() => parseManifest(text, 'a.toml')).toThrow(
      expect.objectContaining({ code: 'manifest-invalid', message: expect.stringContaining(message) as string }),
    );
  });

  it('names every fault at once', () => {
    expect(() => parseManifest(manifest('a', 'colour = 1\ndefault = 2'), 'a.toml')).toThrow(/default[^]*colour|colour[^]*default/);
  });
});

describe('a folder of manifests', () => {
  it('wants files called as their components', async () => {
    const folder = await folderOf({ 'b.toml': manifest('a') });
    await expect(loadManifest(join(folder, 'b.toml'))).rejects.toThrow('b.toml: name: expected "b", as the file is called, found "a"');
  });

  it('refuses two providers of a role with the same preference', async () => {
    const folder = await folderOf({ 'a.toml': manifest('a'), 'b.toml': manifest('b') });
    await expect(loadManifests(folder)).rejects.toThrow("b.toml: preference: 1 is a's already in the role store");
  });

  it('reports the faults of all files together', async () => {
    const folder = await folderOf({ 'a.toml': manifest('a', 'x = 1'), 'b.toml': manifest('b', 'y = 1') });
    await expect(loadManifests(folder)).rejects.toThrow(/a\.toml: x: unknown key[^]*b\.toml: y: unknown key/);
  });

  it('passes over files that begin with _ and sorts providers by preference', async () => {
    const second = manifest('a').replace('preference = 1', 'preference = 2');
    const manifests = await loadManifests(await folderOf({ '_x.toml': 'nonsense', 'a.toml': second, 'b.toml': manifest('b') }));
    expect(providersOf('store', manifests).map(({ name }) => name)).toEqual(['b', 'a']);
  });
});
