import TOML from '@iarna/toml';
import { parse as parseYaml, stringify as stringifyYaml } from 'yaml';
import { DkmError } from '../base/errors.ts';
import { HIDDEN, looksRandom } from './redact-text.ts';
import { isSecretName } from './secrets.ts';

/*
 * Configuration without secrets, by what may stay: what dkm wrote itself (its templates see no secret), numbers,
 * addresses and the like, and values of keys that dkm's own text of the file has. Everything else that people wrote into
 * it goes, comments too. A file that cannot be read for certain is refused.
 */

/** A configuration file and what dkm wrote there last; undefined where that is not known. */
export interface ConfigurationText {
  /** Relative to the installed directory. */
  path: string;
  text: string;
  written: string | undefined;
}

/** What was made of a file: text that may be shown, and the secrets that were found in it. */
export interface RedactedConfiguration {
  text: string;
  secrets: string[];
}

/** Takes out what might be secret. Throws `redaction-failed` when the file cannot be read for certain. Pure. */
export function redactConfiguration(file: ConfigurationText): RedactedConfiguration {
  const secrets: string[] = [];
  const text = textWithout(file, secrets);
  return { text, secrets };
}

function textWithout(file: ConfigurationText, secrets: string[]): string {
  switch (/\.[a-z]+$/.exec(file.path)?.[0] ?? '') {
    case '.toml':
      return redactTree(file, TOML.parse, tomlText, secrets);
    case '.json':
      return redactTree(file, JSON.parse, jsonText, secrets);
    case '.yaml':
    case '.yml':
      return redactTree(file, yamlTree, stringifyYaml, secrets);
    case '.conf':
    case '.ini':
      return isToml(file) ? redactTree(file, TOML.parse, tomlText, secrets) : redactLines(file, secrets);
    default:
      return onlyWrittenLines(file);
  }
}

/** The library writes 15000 as 15_000. */
const tomlText = (tree: unknown): string => TOML.stringify(tree as TOML.JsonMap).replace(/(?<== )[\d_]+$/gm, (number) => number.replaceAll('_', ''));
const jsonText = (tree: unknown): string => `${JSON.stringify(tree, null, 2)}\n`;

function yamlTree(text: string): unknown {
  // Aliases and custom tags could make more of a text than stands in it.
  return parseYaml(text, { maxAliasCount: 0, schema: 'core' }) as unknown;
}

/** Telegraf's .conf is TOML; those of others are not. */
function isToml({ path, text }: ConfigurationText): boolean {
  if (!path.includes('telegraf')) return false;
  return parsed(TOML.parse, text) !== undefined;
}

function parsed(parse: (text: string) => unknown, text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parse(text);
  } catch {
    return undefined;
  }
}

/* ---- Trees: TOML, JSON, YAML ---- */

/** Keys whose content is whatever people need: shown by name only. */
const FREE_MAPS = /^(environment|env|headers?|http_?headers|securejsondata|jsondata|labels)$/i;

/** Environment variables that say nothing secret. */
const HARMLESS_VARIABLES =
  /^(TZ|LANG|LC_[A-Z]+|PATH|HOME|USER|LOGNAME|TMPDIR|GOGC|GOMAXPROCS|GOMEMLIMIT|PYTHON(PATH|UNBUFFERED|WARNINGS|NOUSERSITE|PYCACHEPREFIX)|NODE_ENV)$/;

function redactTree(file: ConfigurationText, parse: (text: string) => unknown, format: (tree: unknown) => string, secrets: string[]): string {
  if (file.text === file.written) return file.text;
  const tree = parsed(parse, file.text);
  if (typeof tree !== 'object' || tree === null) throw notCertain(file.path);
  const known = new KnownValues(parsed(parse, file.written), file.path);
  return format(redactValue(tree, [], known, secrets, false));
}

function redactValue(value: unknown, path: readonly string[], known: KnownValues, secrets: string[], isFree: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => redactValue(each, path, known, secrets, isFree));
  if (value instanceof Date) return value;
  if (typeof value === 'object' && value !== null) {
    const inside = (key: string): boolean => isFree || FREE_MAPS.test(path.at(-1) ?? '') || FREE_MAPS.test(key);
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, redactValue(each, [...path, key], known, secrets, inside(key) && !HARMLESS_VARIABLES.test(key))]),
    );
  }
  return redactLeaf(value, path, known, secrets, isFree);
}

function redactLeaf(value: unknown, path: readonly string[], known: KnownValues, secrets: string[], isFree: boolean): unknown {
  const key = path.at(-1) ?? '';
  const text = String(value);
  if (path.some(isSecretName)) {
    if (text !== '' && !known.has(path, text)) secrets.push(text);
    return text === '' || typeof value === 'boolean' ? value : HIDDEN;
  }
  if (typeof value !== 'string') return isFree && typeof value === 'number' ? HIDDEN : value;
  if (known.has(path, value) || HARMLESS_VARIABLES.test(key)) return value;
  if (isFree) {
    if (!isHarmless(value)) secrets.push(value);
    return HIDDEN;
  }
  return isHarmless(value) || (known.hasKey(key) && !hasRandomPart(value)) ? value : HIDDEN;
}

/** Keys of files that people write for dkm, and that it does not generate: their schemas know them. None of them holds a secret. */
const OWN_KEYS: readonly [path: RegExp, keys: readonly string[]][] = [
  [/^conf\/dkm\.toml$/, ['type', 'hostname', 'host', 'dashboards', 'carbon', 'query', 'system_collectd', 'python', 'store', 'collector']],
  [/^conf\/notify\.toml$/, ['name', 'kind', 'severities', 'promises', 'quiet_hours']],
  [/^conf\/promises(\.toml|\.d\/.*\.toml)$/, ['kind', 'title', 'severity', 'schedule', 'service', 'host']],
];

/** What dkm wrote: values at their place, and the names of keys. */
class KnownValues {
  readonly #values = new Set<string>();
  readonly #keys = new Set<string>();

  constructor(written: unknown, path: string) {
    for (const [file, keys] of OWN_KEYS) if (file.test(path)) for (const key of keys) this.#keys.add(key);
    this.#add(written, []);
  }

  has(path: readonly string[], value: string): boolean {
    return this.#values.has(placeOf(path, value));
  }

  hasKey(key: string): boolean {
    return this.#keys.has(key.toLowerCase());
  }

  #add(value: unknown, path: readonly string[]): void {
    if (Array.isArray(value)) for (const each of value) this.#add(each, path);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value)) {
        this.#keys.add(key.toLowerCase());
        this.#add(each, [...path, key]);
      }
    } else this.#values.add(placeOf(path, String(value)));
  }
}

const placeOf = (path: readonly string[], value: string): string => JSON.stringify([...path, value]);

/* ---- Lines: INI and collectd ---- */

const LEFT_OUT = '[a line, left out]';

function redactLines(file: ConfigurationText, secrets: string[]): string {
  if (file.text === file.written) return file.text;
  // Texts over several lines cannot be told from lines.
  if (/"""|'''/.test(file.text)) throw notCertain(file.path);
  const written = new WrittenLines(file.written);
  let isContinued = false;
  const lines = file.text.split('\n').map((line) => {
    const shown = isContinued ? LEFT_OUT : redactLine(line, written, file.path, secrets);
    isContinued = line.endsWith('\\');
    return shown;
  });
  return lines.join('\n');
}

function redactLine(line: string, written: WrittenLines, path: string, secrets: string[]): string {
  const bare = line.trim();
  if (bare === '') return '';
  if (/^(#|;|\/\/)/.test(bare)) return written.has(bare) ? line : '# [a comment, left out]';
  if (/^\[[^\]]{1,80}\]$/.test(bare)) return written.has(bare) || isSectionName(bare.slice(1, -1)) ? line : `[${HIDDEN}]`;
  if (/^<\/\w+>$/.test(bare)) return line;
  // Python's configparser takes an indented line for the value's next one.
  if (path.endsWith('.ini') && /^\s/.test(line) && !written.has(bare)) return LEFT_OUT;
  const [, indent = '', open = '', key, between = '', rest = ''] = /^(\s*)(<?)([A-Za-z_][\w.:-]*)(\s*[=:]\s*|\s+|$)(.*)$/.exec(line) ?? [];
  if (key === undefined) return written.has(bare) ? line : LEFT_OUT;
  const end = open === '' ? '' : '>';
  const value = end === '' ? rest : rest.replace(/>\s*$/, '');
  return `${indent}${open}${key}${between}${redactLineValue(key, value, written.has(bare), written.hasKey(key), secrets)}${end}`;
}

function redactLineValue(key: string, text: string, isWritten: boolean, isKnownKey: boolean, secrets: string[]): string {
  const value = unquoted(text);
  if (isSecretName(key)) {
    // What dkm wrote there is where a secret is, and none itself.
    if (!isWritten && value !== '') secrets.push(value, text.trim());
    return value === '' ? text : HIDDEN;
  }
  if (/^(Load)?Plugin$/.test(key) && /^[a-z_]{1,24}$/.test(value)) return text;
  if (isWritten || isHarmless(value) || (isKnownKey && !hasRandomPart(value))) return text;
  return HIDDEN;
}

function unquoted(text: string): string {
  const bare = text.trim();
  return /^(["']).*\1$/.test(bare) && bare.length >= 2 ? bare.slice(1, -1) : bare;
}

/** A name as programs give them: letters alone. */
const isSectionName = (name: string): boolean => /^[a-z_]+(\.[a-z_]+)*$/i.test(name) && name.length <= 40 && !looksRandom(name);

/** The lines that dkm wrote, and the keys in them. */
class WrittenLines {
  readonly #lines: ReadonlySet<string>;
  readonly #keys: ReadonlySet<string>;

  constructor(text: string | undefined) {
    const lines = (text ?? '').split('\n').map((line) => line.trim());
    this.#lines = new Set(lines.filter((line) => line !== ''));
    this.#keys = new Set(lines.flatMap((line) => /^<?([A-Za-z_][\w.:-]*)/.exec(line)?.[1]?.toLowerCase() ?? []));
  }

  has(line: string): boolean {
    return this.#lines.has(line);
  }

  hasKey(key: string): boolean {
    return this.#keys.has(key.toLowerCase());
  }
}

/** Of programs and of formats that nobody here knows: the lines that dkm wrote. */
function onlyWrittenLines({ path, text, written }: ConfigurationText): string {
  if (text === written) return text;
  if (written === undefined) throw notCertain(path);
  const lines = new WrittenLines(written);
  return text
    .split('\n')
    .map((line) => (line.trim() === '' || lines.has(line.trim()) ? line : LEFT_OUT))
    .join('\n');
}

/* ---- Values ---- */

const HARMLESS: readonly RegExp[] = [
  /^$/,
  /^(true|false|yes|no|on|off|none|null|auto|default|enabled|disabled|debug|info|notice|warn|warning|error|critical|tcp|udp|http|https)$/i,
  /^[-+]?\d{1,15}(\.\d{1,6})?%?$/,
  /^\d{1,15}(\.\d{1,6})?\s?(ns|us|ms|s|m|min|h|d|w|y|[KMGT]?i?B|[KMGT])$/i,
  // retentions
  /^\d+[smhdwy]?:\d+[smhdwy]?(,\s*\d+[smhdwy]?:\d+[smhdwy]?)*$/,
  /^(\d{1,3}\.){3}\d{1,3}(:\d{1,5}|\/\d{1,2})?$/,
  /^\[?[0-9a-f:]*::?[0-9a-f:]*\]?(:\d{1,5})?$/i,
  /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?\/?$/i,
];

/** True for values of a form that holds no secret. Pure. */
export function isHarmless(value: string): boolean {
  return HARMLESS.some((pattern) => pattern.test(value)) || (/^\/[\w.@/+-]*$/.test(value) && !hasRandomPart(value));
}

function hasRandomPart(value: string): boolean {
  return value.split(/[^A-Za-z0-9+_=-]+/).some(looksRandom);
}

function notCertain(path: string): DkmError {
  return new DkmError('redaction-failed', `${path} cannot be read for certain.`);
}
