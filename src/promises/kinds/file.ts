import { constants, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { isNotFound, systemCodeOf, messageOf } from '../../base/errors.ts';
import { lastLines } from '../../base/exec.ts';
import { bytesInWords, spanInWords } from '../../base/terminal.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import type { RunKind } from './kind.ts';
import { broken, kept } from './outcome.ts';
import { hasTextRules, textFault, type TextRules } from './pattern.ts';

/** A file is there or not, of an age and a size, and says what it should. */
export interface FileSettings extends TextRules {
  path: string;
  /** `any`: what is said of it holds where it is there. */
  state: 'exists' | 'absent' | 'any';
  /** Seconds since it was written. */
  max_age_s?: number | undefined;
  min_age_s?: number | undefined;
  min_bytes?: number | undefined;
  max_bytes?: number | undefined;
  /** How many lines at its end are looked at for what it says. */
  last_lines: number;
}

/** What was found of a file. */
export type FoundFile =
  | { kind: 'missing' }
  | { kind: 'unreadable'; why: string }
  | { kind: 'there'; isRegular: boolean; bytes: number; ageSeconds: number; text: string | undefined };

/** Of a growing log the end is read. */
const MOST_BYTES = 256 << 10;

export const file: RunKind<FileSettings> = async (settings, context) => fileOutcome(settings, await lookAt(settings, context.now()));

/** What was found means this. Pure. */
export function fileOutcome(settings: FileSettings, found: FoundFile): PromiseOutcome {
  const { path, state } = settings;
  if (found.kind === 'unreadable') return broken(`${path} cannot be looked at: ${found.why}.`);
  if (found.kind === 'missing') return state === 'exists' ? broken(`${path} is not there.`) : kept(`${path} is not there, as it may be.`);
  const values = { bytes: found.bytes, age_s: found.ageSeconds };
  if (state === 'absent') return broken(`${path} is there, and should not be.`, values);
  const fault = ageFault(settings, found.ageSeconds) ?? sizeFault(settings, found.bytes) ?? contentFault(settings, found);
  return fault === undefined ? kept(`${path} is as it should be.`, values) : broken(`${path} ${fault}.`, values);
}

function ageFault({ max_age_s, min_age_s }: FileSettings, ageSeconds: number): string | undefined {
  if (max_age_s !== undefined && ageSeconds > max_age_s) return `was not written for more than ${spanInWords(max_age_s)}`;
  if (min_age_s !== undefined && ageSeconds < min_age_s) return `was written less than ${spanInWords(min_age_s)} ago`;
  return undefined;
}

function sizeFault({ max_bytes, min_bytes }: FileSettings, bytes: number): string | undefined {
  if (max_bytes !== undefined && bytes > max_bytes) return `is larger than ${bytesInWords(max_bytes)}`;
  if (min_bytes !== undefined && bytes < min_bytes) return `is smaller than ${bytesInWords(min_bytes)}`;
  return undefined;
}

function contentFault(settings: FileSettings, { text, isRegular }: Extract<FoundFile, { kind: 'there' }>): string | undefined {
  if (!hasTextRules(settings)) return undefined;
  if (!isRegular) return 'is not a file that can be read';
  return textFault(lastLines(text ?? '', settings.last_lines), settings);
}

async function lookAt(settings: FileSettings, nowMs: number): Promise<FoundFile> {
  try {
    const status = await stat(settings.path);
    const isRegular = status.isFile();
    const text = isRegular && settings.state !== 'absent' && hasTextRules(settings) ? await endOf(settings.path) : undefined;
    return { kind: 'there', isRegular, bytes: isRegular ? status.size : 0, ageSeconds: ageOf(status, nowMs), text };
  } catch (error) {
    if (isNotFound(error) || systemCodeOf(error) === 'ENOTDIR') return { kind: 'missing' };
    return { kind: 'unreadable', why: systemCodeOf(error) ?? messageOf(error) };
  }
}

function ageOf({ mtimeMs }: Stats, nowMs: number): number {
  return Math.max(0, (nowMs - mtimeMs) / 1000);
}

/** The end of a file; a first line that is not whole is left out. Bytes that are no UTF-8 are shown as such. */
async function endOf(path: string): Promise<string> {
  // It may have become a pipe since it was looked at, on which opening would wait.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - MOST_BYTES);
    const buffer = Buffer.alloc(Math.min(size, MOST_BYTES));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await handle.close();
  }
}
