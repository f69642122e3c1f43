import { isDeepStrictEqual } from 'node:util';
import { patch } from '@decimalturn/toml-patch';
import TOML from '@iarna/toml';
import { DkmError } from '../base/errors.ts';
import { checked, parseToml } from '../base/structured.ts';
import { settingsSchema, type Settings } from '../contract/settings.ts';

/*
 * Single keys of conf/dkm.toml, read and changed by their dotted names, with its comments and its order left as they are.
 */

type Table = Record<string, unknown>;

/** A key's parts; quotes keep a dot inside one, as in `services.collectd.environment."a.b"`. Throws `usage`. */
export function keyParts(key: string): string[] {
  const matches = [...key.matchAll(/(?:^|\.)(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))/g)];
  const parts = matches.map(([, double, single, bare]) => double ?? single ?? bare ?? '');
  // JavaScript takes "__proto__" for something else than a key, and the schema would not see it.
  if (key !== '' && matches.map(([whole]) => whole).join('') === key && !parts.includes('__proto__')) return parts;
  throw new DkmError('usage', `"${key}" is not a key: expected names divided by dots, such as services.collectd.autostart.`, {
    hint: '"dkm config get" lists every key that is set.',
  });
}

/** The value of a key in a table, or undefined. Pure. */
export function valueAt(table: unknown, parts: readonly string[]): unknown {
  return parts.reduce<unknown>((value, part) => (isTable(value) && Object.hasOwn(value, part) ? value[part] : undefined), table);
}

/** Every value that is no table, by its dotted key, in the order they stand there. Pure. */
export function flattened(table: Table, above: readonly string[] = []): [key: string, value: unknown][] {
  return Object.entries(table).flatMap(([name, value]): [string, unknown][] => {
    const parts = [...above, name];
    return isTable(value) ? flattened(value, parts) : [[parts.map(written).join('.'), value]];
  });
}

/** A value as TOML writes it. */
export function valueInToml(value: unknown): string {
  return typeof value === 'number' ? String(value) : TOML.stringify.value(value as TOML.AnyJson);
}

/**
 * dkm.toml's text with one key changed. `typed` is a TOML value, or else taken as text (`false`, `512`, `["a", "b"]`,
 * `10.0.0.1`). Throws `file-invalid` when what comes out is not a valid dkm.toml. Pure.
 */
export function withKey(text: string, file: string, key: string, typed: string): string {
  const parts = keyParts(key);
  const faults: unknown[] = [];
  for (const value of candidates(typed)) {
    try {
      const wanted = structuredClone(parseToml(text, file) as Table);
      setAt(wanted, parts, value);
      return agreed(edited(text, parts, value, wanted), wanted, file);
    } catch (error) {
      faults.push(error);
    }
  }
  throw faults[0];
}

/** dkm.toml's text without a key, or without a table. Throws `usage` when it is not set, `file-invalid` when it must be there. Pure. */
export function withoutKey(text: string, file: string, key: string): string {
  const parts = keyParts(key);
  const wanted = structuredClone(parseToml(text, file) as Table);
  const parent = valueAt(wanted, parts.slice(0, -1));
  const leaf = parts.at(-1) ?? '';
  if (!isTable(parent) || !Object.hasOwn(parent, leaf))
    throw new DkmError('usage', `${key} is not set in ${file}.`, { hint: '"dkm config get" lists what is.' });
  Reflect.deleteProperty(parent, leaf);
  return agreed(patch(text, wanted), wanted, file);
}

/** Checks a text against dkm.toml's schema; every fault names its key. */
export function checkedSettings(text: string, file: string): Settings {
  return checked(settingsSchema, parseToml(text, file), file);
}

function candidates(typed: string): unknown[] {
  try {
    return [(TOML.parse(`value = ${typed}`) as Table)['value'], typed];
  } catch {
    return [typed];
  }
}

function setAt(table: Table, parts: readonly string[], value: unknown): void {
  const [first = '', ...rest] = parts;
  if (rest.length === 0) {
    Object.defineProperty(table, first, { value, enumerable: true, writable: true, configurable: true });
    return;
  }
  if (!Object.hasOwn(table, first)) setAt(table, [first], {});
  const inner = table[first];
  if (!isTable(inner)) throw new DkmError('file-invalid', `${written(first)} is a value, not a table; ${rest.map(written).join('.')} cannot be set in it.`);
  setAt(inner, rest, value);
}

/** A key of a table that is there is put into it by the library; a new table goes to the end, as a person would write it. */
function edited(text: string, parts: readonly string[], value: unknown, wanted: Table): string {
  const table = parts.slice(0, -1);
  if (table.length === 0 || isTable(valueAt(parseToml(text, ''), table))) return patch(text, wanted);
  return `${text.trimEnd()}\n\n[${table.map(written).join('.')}]\n${written(parts.at(-1) ?? '')} = ${valueInToml(value)}\n`;
}

/** The text, when it is valid and says what is wanted and nothing else. */
function agreed(text: string, wanted: Table, file: string): string {
  checkedSettings(text, file);
  const found = JSON.parse(JSON.stringify(parseToml(text, file))) as Table;
  if (isDeepStrictEqual(found, JSON.parse(JSON.stringify(wanted)))) return text;
  throw new DkmError('file-invalid', `${file} could not be changed without changing something else in it.`, { hint: `Edit ${file} by hand.` });
}

function written(part: string): string {
  return /^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part);
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
