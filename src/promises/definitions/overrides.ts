import * as z from 'zod';
import { DkmError, messageOf } from '../../base/errors.ts';
import { checked, parseToml } from '../../base/structured.ts';
import { isPromiseId, SEVERITIES } from '../../contract/promise.ts';
import type { Fault } from './definition.ts';

/*
 * conf/promises.toml: what is changed of any promise, whoever brought it, and the partitions of SlapOS whose promises are
 * run. A fault costs what it is in, not the rest of the file.
 */

const timeout = z.number().positive().max(3600);

const override = z.strictObject({
  enabled: z.boolean().optional(),
  title: z.string().min(1).max(500).optional(),
  frequency: z.string().min(1).optional(),
  timeout_s: timeout.optional(),
  severity: z.enum(SEVERITIES).optional(),
  settings: z.record(z.string(), z.unknown()).optional(),
});

const defaults = z.strictObject({ frequency: z.string().min(1).optional(), timeout_s: timeout.optional(), severity: z.enum(SEVERITIES).optional() });

const partition = z.strictObject({
  id: z.string().refine(isPromiseId, "a promise's name: a file name that is not hidden").optional(),
  title: z.string().min(1).max(500).optional(),
  /** monitor.runpromise */
  program: z.string().min(1),
  /** The file that is handed to it with -c. */
  configuration: z.string().min(1),
  /** The partition's folder. */
  partition: z.string().min(1),
  frequency: z.string().min(1).optional(),
  timeout_s: timeout.optional(),
  severity: z.enum(SEVERITIES).optional(),
});

const TABLES = ['promises', 'defaults', 'slapos'];

export type Override = z.output<typeof override>;
export type Defaults = z.output<typeof defaults>;
export type SlaposPartition = z.output<typeof partition>;

/** What conf/promises.toml says. */
export interface PromiseSettings {
  overrides: Map<string, Override>;
  defaults: Defaults;
  partitions: SlaposPartition[];
  faults: Fault[];
}

/** Reads conf/promises.toml's text; undefined where there is no such file. Pure. */
export function parsePromiseSettings(text: string | undefined, file: string): PromiseSettings {
  const read: PromiseSettings = { overrides: new Map(), defaults: {}, partitions: [], faults: [] };
  const tell = (message: string): void => void read.faults.push({ file, message });
  const whole = text === undefined ? {} : attempt(() => parseToml(text, file) as Record<string, unknown>, tell);
  if (whole === undefined) return read;
  for (const key of Object.keys(whole).filter((name) => !TABLES.includes(name))) tell(`${key}: unknown key, expected ${TABLES.join(', ')}`);
  for (const [id, value] of tableEntries(whole['promises'], 'promises', tell)) {
    const taken = attempt(() => checkedAt(override, value, `promises."${id}"`), tell);
    if (taken !== undefined) read.overrides.set(id, taken);
  }
  read.defaults = attempt(() => checkedAt(defaults, whole['defaults'] ?? {}, 'defaults'), tell) ?? {};
  for (const [index, value] of list(whole['slapos'], 'slapos', tell).entries()) {
    const taken = attempt(() => checkedAt(partition, value, `slapos[${index}]`), tell);
    if (taken !== undefined) read.partitions.push(taken);
  }
  return read;
}

function attempt<T>(take: () => T, tell: (message: string) => void): T | undefined {
  try {
    return take();
  } catch (error) {
    for (const message of messageOf(error).split('\n')) tell(message);
    return undefined;
  }
}

/** Checks a value of which the errors begin with its key. */
function checkedAt<Schema extends z.ZodType>(schema: Schema, value: unknown, key: string): z.output<Schema> {
  try {
    return checked(schema, value, key);
  } catch (error) {
    const lines = messageOf(error).split('\n');
    throw new DkmError(
      'file-invalid',
      lines.map((line) => (line.startsWith(`${key}: (top level): `) ? line.replace('(top level): ', '') : line.replace(`${key}: `, `${key}.`))).join('\n'),
      { cause: error },
    );
  }
}

function tableEntries(value: unknown, key: string, tell: (message: string) => void): [string, unknown][] {
  if (value === undefined) return [];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  tell(`${key}: expected tables such as [${key}."disk-storage"]`);
  return [];
}

function list(value: unknown, key: string, tell: (message: string) => void): unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value as unknown[];
  tell(`${key}: expected tables [[${key}]]`);
  return [];
}
