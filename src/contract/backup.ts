import * as z from 'zod';
import { insidePath } from '../base/structured.ts';

/*
 * What a backup is: a gzipped tar of regular files. `backup.json` comes first and says what it is a backup of; then come
 * the files by their paths in the installed directory; `SHA256SUMS` comes last and names the digest of every file before
 * it, in their order. It is written as sha256sum does, so that an unpacked backup can be checked without dkm.
 */

/** First in a backup. */
export const ABOUT_FILE = 'backup.json';
/** Last in a backup. */
export const SUMS_FILE = 'SHA256SUMS';

export const backupSchema = z.strictObject({
  schema: z.literal(1),
  name: z.literal('dkm-backup'),
  /** When it was begun. */
  at: z.iso.datetime(),
  /** dkm's version. */
  version: z.string(),
  /** SHA-256 of the installed bundle's bundle.json. */
  bundle: z.string().regex(/^[0-9a-f]{64}$/),
  platform: z.string(),
  hostname: z.string(),
  /** The installed directory; the configuration names it in many places. */
  root: z.string().startsWith('/'),
  /** First of its ports. */
  port: z.number().int(),
  /** True: what the store keeps is not in it. */
  excludesData: z.boolean(),
  /** SQLite databases in it. */
  databases: z.array(insidePath('the installed directory')),
  /** True when files of the store had holes: they get them again. */
  sparse: z.boolean(),
});

/** backup.json. */
export type BackupAbout = z.output<typeof backupSchema>;

/** True for a path that a backup may hold, besides its own two files. Pure. */
export function isBackedUpPath(path: string): boolean {
  return /^(conf|storage|run\/generated)\/./.test(path) || path === 'run/generated.json';
}

/** A file's line in SHA256SUMS; names with a line break or a backslash are escaped as sha256sum escapes them. Pure. */
export function sumLine(sha256: string, path: string): string {
  const escaped = path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${escaped === path ? '' : '\\'}${sha256}  ${escaped}\n`;
}
