import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { DkmError } from '../base/errors.ts';
import { checked, parseToml } from '../base/structured.ts';

/*
 * `vendor-manifests/_retention.toml`: how long metrics are kept, at what resolution, and how points are thinned out.
 * The stores' templates are filled in from it; the installer tells from it what a metric costs.
 */

/** The file's name, beside the manifests. */
export const RETENTION_FILE = '_retention.toml';

const SECONDS_OF_UNIT: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 };

/** One resolution of a whisper file. */
export interface Archive {
  stepSeconds: number;
  points: number;
}

const ruleName = z.string().regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, dashes');
const pattern = z.string().min(1).refine(isRegularExpression, 'a regular expression');
/** A comment above the section in the store's configuration. */
const note = z.string().regex(/^[^\n]+$/, 'one line');

export const retentionSchema = z.strictObject({
  rule: z
    .array(
      z.strictObject({
        name: ruleName,
        pattern,
        note,
        retentions: z.string().refine(isRetentions, 'retentions like "10s:6h,1m:7d": finest first, each step a multiple of the one before and covered by it'),
      }),
    )
    .min(1)
    .refine((rules) => rules.at(-1)?.pattern === '.*', 'the last rule must match every metric: pattern ".*"'),
  aggregation: z
    .array(
      z.strictObject({ name: ruleName, pattern, note, method: z.enum(['average', 'sum', 'min', 'max', 'last']), x_files_factor: z.number().min(0).max(1) }),
    )
    .min(1),
});

export type Retention = z.output<typeof retentionSchema>;

/** Reads `_retention.toml` of a folder of manifests; errors name the file and the key. */
export async function loadRetention(folder: string): Promise<Retention> {
  const path = join(folder, RETENTION_FILE);
  const file = basename(path);
  return checked(retentionSchema, parseToml(await readFile(path, 'utf8'), file, 'manifest-invalid'), file, 'manifest-invalid');
}

/** Reads retentions as they stand in storage-schemas.conf: "10s:6h,1m:7d"; the second part may be a number of points. */
export function parseRetentions(text: string): Archive[] {
  return text.split(',').map((part) => {
    const [step, duration] = part.trim().split(':');
    const stepSeconds = secondsOf(step ?? '');
    const points = /^\d+$/.test(duration ?? '') ? Number(duration) : Math.floor(secondsOf(duration ?? '') / stepSeconds);
    if (!(points > 0 && stepSeconds > 0))
      throw new DkmError('file-invalid', `retentions "${text}": expected resolution:duration such as 10s:6h, found "${part.trim()}".`);
    return { stepSeconds, points };
  });
}

/**
 * Bytes of one metric's whisper file when it is full: 16 of header, 12 for each archive, 12 for each point.
 * https://graphite.readthedocs.io/en/latest/whisper.html#database-format
 */
export function retentionCost(retentions: string): number {
  return parseRetentions(retentions).reduce((bytes, { points }) => bytes + 12 + 12 * points, 16);
}

/** The rule that decides for a metric of this name. */
export function ruleFor({ rule: rules }: Retention, metric: string): Retention['rule'][number] {
  const rule = rules.find(({ pattern: text }) => new RegExp(text).test(metric));
  if (rule === undefined) throw new DkmError('manifest-invalid', `${RETENTION_FILE}: rule: expected one that matches ${metric}, found none.`);
  return rule;
}

function secondsOf(text: string): number {
  const match = /^(\d+)([smhdwy])[a-z]*$/.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * (SECONDS_OF_UNIT[match[2] ?? ''] ?? Number.NaN);
}

/** Whisper's own conditions: https://graphite.readthedocs.io/en/latest/whisper.html#archives-retention-and-precision */
function isRetentions(text: string): boolean {
  try {
    return parseRetentions(text).every((archive, index, all) => {
      const finer = all[index - 1];
      if (finer === undefined) return true;
      const covered = finer.points * finer.stepSeconds;
      return (
        archive.stepSeconds > finer.stepSeconds &&
        archive.stepSeconds % finer.stepSeconds === 0 &&
        covered >= archive.stepSeconds &&
        archive.points * archive.stepSeconds > covered
      );
    });
  } catch {
    return false;
  }
}

function isRegularExpression(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
