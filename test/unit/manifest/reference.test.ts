import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import TOML from '@iarna/toml';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { parseManifest } from '../../../src/manifest/load.ts';
import { manifestSchema } from '../../../src/manifest/schema.ts';

const text = await readFile(join(import.meta.dirname, '../../../vendor-manifests/_reference.toml'), 'utf8');

/** Every key of the schema, with the keys that lead to it. */
function keysOf(schema: z.core.$ZodType, path: string): string[] {
  const { def } = schema._zod as unknown as { def: Record<string, unknown> & { type: string } };
  switch (def.type) {
    case 'object':
      return Object.entries(def['shape'] as Record<string, z.core.$ZodType>).flatMap(([key, value]) => [`${path}.${key}`, ...keysOf(value, `${path}.${key}`)]);
    case 'optional':
    case 'default':
    case 'prefault':
      return keysOf(def['innerType'] as z.core.$ZodType, path);
    case 'array':
      return keysOf(def['element'] as z.core.$ZodType, path);
    case 'union':
      return (def['options'] as z.core.$ZodType[]).flatMap((option) => keysOf(option, path));
    default:
      return [];
  }
}

/** Every key that a value has, with the keys that lead to it; what lists hold counts together. */
function keysIn(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keysIn(item, path));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, nested]) => [`${path}.${key}`, ...keysIn(nested, `${path}.${key}`)]);
}

describe('_reference.toml', () => {
  it('is a manifest', () => {
    expect(parseManifest(text, '_reference.toml')).toMatchObject({ name: 'example', service: { reopen: 'SIGUSR1' } });
  });

  it('has every key of the schema', () => {
    const shown = new Set(keysIn(TOML.parse(text), ''));
    const missing = [...new Set(keysOf(manifestSchema, ''))].filter((path) => !shown.has(path));
    // One component has one probe of each place; the other kinds stand in a comment.
    const inComments = (path: string): boolean => new RegExp(`^#.*\\b${path.split('.').at(-1)} = `, 'm').test(text);
    expect(missing.filter((path) => !(/\.(ready|probe)\.\w+$/.test(path) && inComments(path)))).toEqual([]);
  });

  it('has every kind of source', () => {
    const kinds = parseManifest(text, '_reference.toml').sources.map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['http', 'go-module', 'npm', 'pypi', 'deb', 'built-in']));
  });

  it('explains every key: a comment stands above it, or above the first of a group', () => {
    const lines = text.split('\n');
    const unexplained = lines.filter(
      (line, index) => /^(ready|command|prune|keep|require|secrets|reopen|log|python) = /.test(line) && !/^#/.test(lines[index - 1] ?? ''),
    );
    expect(unexplained).toEqual([]);
  });
});
