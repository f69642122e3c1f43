import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { SOURCES, sourceOf } from '../../../src/sources/api.ts';

it('has one folder for each kind of source', async () => {
  const entries = await readdir(new URL('../../../src/sources', import.meta.url), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  expect(folders.sort()).toEqual(Object.keys(SOURCES).sort());
});

it('calls every source by its own name', () => {
  for (const [kind, source] of Object.entries(SOURCES)) expect(source.kind).toBe(kind);
  expect(sourceOf({ kind: 'local', path: '/x' })).toBe(SOURCES.local);
});
