import TOML from '@iarna/toml';
import * as z from 'zod';
import { DkmError, messageOf, type ErrorCode } from './errors.ts';

/** Parses TOML text; an error names the file and the line. */
export function parseToml(text: string, file: string, code: ErrorCode = 'file-invalid'): unknown {
  try {
    return TOML.parse(text);
  } catch (error) {
    throw new DkmError(code, `${file} is not valid TOML: ${messageOf(error).split('\n')[0]}`, { cause: error, hint: `Mend the line named above in ${file}.` });
  }
}

/** Parses JSON text; an error names the file. */
export function parseJson(text: string, file: string, code: ErrorCode = 'file-invalid'): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DkmError(code, `${file} is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** A schema for relative paths that stay inside `where`: who reads the file joins them to a directory, and may remove what is there. */
export function insidePath(where: string): z.ZodType<string, string> {
  return z.string().refine((path) => path.split('/').every(isName), `expected a path inside ${where}`);
}

/** File systems know no longer ones. */
const LONGEST_NAME_BYTES = 255;

function isName(part: string): boolean {
  return !['', '.', '..'].includes(part) && !part.includes('\0') && Buffer.byteLength(part) <= LONGEST_NAME_BYTES;
}

/** Checks a value against a schema; the error lists every fault as `file: key: what is wrong`. */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, file: string, code: ErrorCode = 'file-invalid'): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap((issue) => faultsOf(issue, file));
  throw new DkmError(code, faults.join('\n'), { hint: `Mend ${faults.length === 1 ? 'this key' : 'these keys'} in ${file}.` });
}

function faultsOf(issue: z.core.$ZodIssue, file: string): string[] {
  const key = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : String(part)))
    .join('.')
    .replaceAll('.[', '[');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((unknown) => `${file}: ${key === '' ? '' : `${key}.`}${unknown}: unknown key`);
  if (issue.code === 'invalid_union') return [`${file}: ${key}: ${nearestUnionFault(issue)}`];
  return [`${file}: ${key === '' ? '(top level)' : key}: ${issue.message}`];
}

function nearestUnionFault(issue: z.core.$ZodIssueInvalidUnion): string {
  const messages = issue.errors.flat().map((nested) => nested.message);
  return messages.length === 0 ? issue.message : [...new Set(messages)].join(', or ');
}
