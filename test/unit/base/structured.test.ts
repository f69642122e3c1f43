import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { checked, parseJson, parseToml } from '../../../src/base/structured.ts';

const schema = z.strictObject({
  name: z.string(),
  ports: z.array(z.strictObject({ port: z.number() })),
  kind: z.union([z.literal('a'), z.number()]).optional(),
});

describe('checked', () => {
  it.each([
    [{ name: 'x', ports: [{ port: '1' }] }, 'x.toml: ports[0].port: Invalid input: expected number, received string'],
    [{ name: 'x', ports: [], extra: 1 }, 'x.toml: extra: unknown key'],
    [{ name: 'x', ports: [{ port: 1, odd: 2 }] }, 'x.toml: ports[0].odd: unknown key'],
    [{ ports: [] }, 'x.toml: name: Invalid input: expected string, received undefined'],
    [3, 'x.toml: (top level): Invalid input: expected object, received number'],
    [{ name: 'x', ports: [], kind: 'b' }, 'x.toml: kind: Invalid input: expected "a", or Invalid input: expected number, received string'],
  ])('%j names file and key', (value, message) => {
    expect(() => checked(schema, value, 'x.toml')).toThrow(message);
  });

  it('reports every fault at once', () => {
    expect(() => checked(schema, { a: 1 }, 'x.toml')).toThrow(/name[^]*ports[^]*a: unknown key/);
  });
});

describe('parsing', () => {
  it('names the file and the place of a mistake', () => {
    expect(() => parseToml('a = 1\nb = \n', 'x.toml')).toThrow(/x\.toml is not valid TOML: .*row 2/);
    expect(() => parseJson('{', 'x.json')).toThrow(/x\.json is not valid JSON/);
  });
});
