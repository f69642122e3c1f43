import { isDeepStrictEqual } from 'node:util';
import { DkmError } from '../base/errors.ts';
import { PLATFORMS, type Platform } from '../base/platform.ts';
import { parseToml } from '../base/structured.ts';

/*
 * Digests are written into a manifest as text, so that its comments and its layout stay as their author made them.
 */

/** Digests by platform. */
export type Pins = Partial<Record<Platform, string>>;
export type PinKey = 'sha256' | 'integrity';

/**
 * A manifest's text with pins in its `[[sources]]` table number `index` (from 0): in the form that the table has
 * already (`[sources.sha256]`, `sha256 = { … }` or `sha256.linux-x64 = …`), or else as dotted keys at its end.
 * Throws `manifest-invalid` when the result would say anything else than the text and the pins.
 */
export function withPins(text: string, index: number, key: PinKey, pins: Pins): string {
  const lines = text.split('\n');
  const section = sectionOf(lines, index);
  const order = PLATFORMS.filter((platform) => pins[platform] !== undefined);
  let pinned = lines;
  if (section !== undefined) {
    const form = formOf(lines, section, key);
    pinned =
      form.kind === 'inline'
        ? lines.with(form.line, inlineTable(lines[form.line] ?? '', pins))
        : order.reduce((done, platform) => withEntry(done, index, key, platform, pins[platform] ?? ''), lines);
  }
  const result = pinned.join('\n');
  if (section !== undefined && isDeepStrictEqual(plain(result), expected(text, index, key, pins))) return result;
  throw new DkmError('manifest-invalid', `The pins of [[sources]] number ${index + 1} could not be written into its text.`, {
    hint: `Write them by hand: ${order.map((platform) => `${key}.${platform} = "${pins[platform]}"`).join(', ')}`,
  });
}

interface Section {
  /** Line of the `[[sources]]` header. */
  start: number;
  /** First line after the table's own keys: of a sub-table, or of what follows. */
  ownEnd: number;
  /** First line of what follows. */
  end: number;
}

function sectionOf(lines: readonly string[], index: number): Section | undefined {
  const headers = lines.map((line, number) => ({ name: headerOf(line), number })).filter(({ name }) => name !== undefined);
  const start = headers.filter(({ name }) => name === '[sources]')[index]?.number;
  if (start === undefined) return undefined;
  const later = headers.filter(({ number }) => number > start);
  const end = later.find(({ name }) => name?.replace('[', '').startsWith('sources.') === false)?.number ?? lines.length;
  return { start, ownEnd: later[0]?.number ?? lines.length, end };
}

/** `[sources]` for a line `[[sources]]`, `files` for `[files]`; undefined for other lines. */
function headerOf(line: string): string | undefined {
  const match = /^\s*\[(\[?)\s*([\w.-]+)\s*\]\]?\s*(#.*)?$/.exec(line);
  if (match?.[2] === undefined) return undefined;
  return match[1] === '[' ? `[${match[2]}]` : match[2];
}

type Form = { kind: 'table'; start: number; end: number } | { kind: 'inline'; line: number } | { kind: 'dotted' };

function formOf(lines: readonly string[], { start, ownEnd, end }: Section, key: PinKey): Form {
  const table = lines.findIndex((line, number) => number > start && number < end && headerOf(line) === `sources.${key}`);
  if (table >= 0) {
    const next = lines.findIndex((line, number) => number > table && headerOf(line) !== undefined);
    return { kind: 'table', start: table, end: next < 0 ? lines.length : next };
  }
  const inline = lines.findIndex((line, number) => number > start && number < ownEnd && new RegExp(`^\\s*${key}\\s*=\\s*\\{`).test(line));
  return inline < 0 ? { kind: 'dotted' } : { kind: 'inline', line: inline };
}

/** One pin written: over the one that is there, or on a new line after the last key of its kind. */
function withEntry(lines: string[], index: number, key: PinKey, platform: Platform, digest: string): string[] {
  const section = sectionOf(lines, index);
  if (section === undefined) return lines;
  const form = formOf(lines, section, key);
  const [start, end] = form.kind === 'table' ? [form.start, form.end] : [section.start, section.ownEnd];
  const prefix = form.kind === 'table' ? '' : `${key}.`;
  const isKey = (line: string, name: string): boolean => new RegExp(`^\\s*${name.replaceAll('.', '\\.')}\\s*=`).test(line);
  const present = lines.findIndex((line, number) => number > start && number < end && isKey(line, prefix + platform));
  if (present >= 0) return lines.with(present, (lines[present] ?? '').replace(/=\s*"[^"]*"/, `= "${digest}"`));
  const sibling = lines.findLastIndex((line, number) => number > start && number < end && PLATFORMS.some((other) => isKey(line, prefix + other)));
  const last = lines.findLastIndex((line, number) => number >= start && number < end && !/^\s*(#.*)?$/.test(line));
  const indent = /^\s*/.exec(lines[sibling >= 0 ? sibling : last] ?? '')?.[0] ?? '';
  return lines.toSpliced((sibling >= 0 ? sibling : last) + 1, 0, `${indent}${prefix}${platform} = "${digest}"`);
}

/** A line `sha256 = { … }` with pins changed and added; a comment behind it stays. */
function inlineTable(line: string, pins: Pins): string {
  return line.replace(/\{([^}]*)\}/, (_, content: string) => {
    const present = Object.fromEntries([...content.matchAll(/([\w-]+)\s*=\s*"([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
    const all: Record<string, string> = { ...present, ...pins };
    const names = [...new Set([...PLATFORMS.filter((platform) => platform in all), ...Object.keys(all)])];
    return `{ ${names.map((name) => `${name} = "${all[name]}"`).join(', ')} }`;
  });
}

type Tables = { sources?: Partial<Record<PinKey, Pins>>[] };

function plain(text: string): Tables {
  return JSON.parse(JSON.stringify(parseToml(text, 'the manifest', 'manifest-invalid'))) as Tables;
}

function expected(text: string, index: number, key: PinKey, pins: Pins): Tables {
  const tables = plain(text);
  const source = tables.sources?.[index];
  if (source !== undefined) source[key] = { ...source[key], ...pins };
  return tables;
}
