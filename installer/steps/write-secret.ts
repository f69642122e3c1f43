import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { existsAs, writeAtomic } from '../../src/base/files.ts';
import type { SecretKind } from '../plan.ts';
import type { Perform } from './step.ts';

/** Writes a new secret, readable by its owner alone; one that is there stays. */
export const writeSecret: Perform<'write-secret'> = async ({ path, secret }, { layout }) => {
  const absolute = join(layout.root, path);
  if (existsAs(absolute)) return 'present';
  await writeAtomic(absolute, newSecret(secret), 0o600);
  return 'made';
};

/** Without the letters and digits that are taken for one another: 0 O o, 1 l I i. */
const READABLE = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** A secret: 32 random bytes as base64url for programs, four groups of six characters (138 bits) for people. */
export function newSecret(kind: SecretKind): string {
  if (kind === 'token') return randomBytes(32).toString('base64url');
  const group = (): string => Array.from({ length: 6 }, () => READABLE[randomInt(READABLE.length)]).join('');
  return Array.from({ length: 4 }, group).join('-');
}
