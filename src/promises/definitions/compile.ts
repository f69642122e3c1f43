import { DkmError, messageOf } from '../../base/errors.ts';
import { checked } from '../../base/structured.ts';
import type { PromiseCheck, PromiseSpec } from '../../contract/promise.ts';
import type { Definition, Fault } from './definition.ts';
import { readFrequency } from './frequency.ts';
import { meantInWords } from './nearest.ts';
import type { Defaults, Override } from './overrides.ts';
import { KIND_SETTINGS } from './settings.ts';

/*
 * From a definition to what the supervisor is handed: overrides and defaults taken in, templates filled in, settings
 * checked.
 */

/** Makes the promise of a definition. Throws `file-invalid`, a line for each fault, with the key and without the file. Pure. */
export function compiled(definition: Definition, override: Override, defaults: Defaults): PromiseSpec {
  const { id, origin, publicPaths, privatePaths } = definition;
  const fill = definition.fill ?? ((text: string) => text);
  const frequency = override.frequency ?? definition.frequency ?? defaults.frequency ?? definition.usualFrequency;
  const read = readFrequency(frequency);
  if ('fault' in read) throw new DkmError('file-invalid', `frequency: ${read.fault}`);
  return {
    id,
    title: plainTitle(fill(override.title ?? definition.title, 'title'), id),
    origin,
    severity: override.severity ?? definition.severity ?? defaults.severity ?? 'warning',
    schedule: frequency.trim().split(/\s+/).join(' '),
    jitterMs: read.jitterMs,
    timeoutMs: Math.round((override.timeout_s ?? definition.timeoutS ?? defaults.timeout_s ?? definition.usualTimeoutS) * 1000),
    check: compiledCheck(definition, override),
    publicPaths,
    privatePaths,
  };
}

function compiledCheck({ check, fill }: Definition, override: Override): PromiseCheck {
  if (check.kind !== 'built-in') {
    if (override.settings !== undefined) throw new DkmError('file-invalid', `settings: ${check.kind === 'slapos' ? 'a partition' : 'an executable'} has none`);
    return check;
  }
  const schema = Object.hasOwn(KIND_SETTINGS, check.name) ? KIND_SETTINGS[check.name] : undefined;
  if (schema === undefined) {
    const kinds = Object.keys(KIND_SETTINGS);
    throw new DkmError('file-invalid', `kind: there is no kind "${check.name}".${meantInWords(check.name, kinds)} There are ${kinds.join(', ')}`);
  }
  const settings = filledIn({ ...check.settings, ...override.settings }, 'settings', fill) as Record<string, unknown>;
  const given = Object.keys(settings);
  try {
    return { kind: 'built-in', name: check.name, settings: checked(schema, settings, 'settings') as Record<string, unknown> };
  } catch (error) {
    throw new DkmError('file-invalid', faultsOfSettings(messageOf(error), given, schema), { cause: error });
  }
}

/** `settings: port: expected …` as `settings.port: expected …`, and of an unknown key what may be meant. */
function faultsOfSettings(message: string, given: readonly string[], schema: (typeof KIND_SETTINGS)[string]): string {
  const known = Object.keys((schema as unknown as { shape?: object }).shape ?? {}).filter((key) => !given.includes(key));
  return message
    .split('\n')
    .map((line) => line.replace(/^settings: /, 'settings.'))
    .map((line) => {
      const unknownKey = /^settings\.(\S+): unknown key$/.exec(line)?.[1];
      return unknownKey === undefined ? line : `${line}.${meantInWords(unknownKey, known)}`.replace(/\.$/, '');
    })
    .join('\n');
}

/** A value with every text in it filled in. */
function filledIn(value: unknown, key: string, fill: Definition['fill']): unknown {
  if (typeof value === 'string') return fill?.(value, key) ?? value;
  if (Array.isArray(value)) return value.map((each, index) => filledIn(each, `${key}[${index}]`, fill));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filledIn(each, `${key}.${name}`, fill)]));
}

const LONGEST_TITLE = 500;

/** One line: what stands in a table, a feed and a mail's subject. */
function plainTitle(title: string, id: string): string {
  const plain = title.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return plain === '' ? id : plain.slice(0, LONGEST_TITLE);
}

/** What came of a definition. */
type Attempt = { promise: PromiseSpec } | { faults: string[] };

/** Makes the promises of definitions; a faulty override costs itself, a faulty definition its promise. Pure. */
export function compileAll(
  definitions: readonly Definition[],
  { overrides, defaults, file }: { overrides: ReadonlyMap<string, Override>; defaults: Defaults; file: string },
): { promises: PromiseSpec[]; faults: Fault[] } {
  const promises: PromiseSpec[] = [];
  const faults: Fault[] = [];
  for (const definition of definitions) {
    const override = overrides.get(definition.id) ?? {};
    if (!(override.enabled ?? definition.enabled)) continue;
    const changed = attempt(definition, override, defaults);
    const plain = 'promise' in changed ? changed : attempt(definition, {}, {});
    if ('promise' in plain) promises.push(plain.promise);
    if ('promise' in changed) continue;
    // Where it is well without the override, that is what is wrong.
    const isOverride = 'promise' in plain;
    const key = `promises."${definition.id}"`;
    for (const message of isOverride ? changed.faults : 'faults' in plain ? plain.faults : [])
      faults.push({ file: isOverride ? file : definition.file, message: isOverride || !definition.origin.includes('/') ? `${key}.${message}` : message });
  }
  return { promises, faults };
}

function attempt(definition: Definition, override: Override, defaults: Defaults): Attempt {
  try {
    return { promise: compiled(definition, override, defaults) };
  } catch (error) {
    return { faults: messageOf(error).split('\n') };
  }
}
