import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';

/*
 * Passwords as `scrypt$N$r$p$salt$hash` (salt and hash in base64url). Parameters as OWASP's Password Storage Cheat Sheet
 * recommends them for scrypt, the variant that takes 32 MiB for each try:
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
 */

/** Cost of a new hash. */
export const PARAMETERS = { N: 2 ** 15, r: 8, p: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A file that asks for more is not obeyed: it would take the console's memory. */
const MOST_MEMORY_BYTES = 128 * 1024 * 1024;
const MOST_ROUNDS = 16;

interface ParsedHash {
  N: number;
  r: number;
  p: number;
  salt: Buffer;
  hash: Buffer;
}

/** A new hash of the password, with a salt of its own. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, HASH_BYTES, PARAMETERS);
  const { N, r, p } = PARAMETERS;
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** True when the text is a hash that `isPassword` can compare with. */
export function isPasswordHash(text: string): boolean {
  return parse(text) !== undefined;
}

/** Compares in a time that does not depend on where they differ; false for a hash that is none. */
export async function isPassword(password: string, text: string): Promise<boolean> {
  const parsed = parse(text);
  if (parsed === undefined) return false;
  return timingSafeEqual(await derive(password, parsed.salt, parsed.hash.length, parsed), parsed.hash);
}

function parse(text: string): ParsedHash | undefined {
  const [, cost = '', blocks = '', rounds = '', salt = '', hash = ''] =
    /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w-]{16,128})\$([\w-]{22,128})$/.exec(text) ?? [];
  const [N, r, p] = [Number(cost), Number(blocks), Number(rounds)];
  const isPowerOfTwo = N >= 2 && (N & (N - 1)) === 0;
  if (!isPowerOfTwo || r < 1 || p < 1 || p > MOST_ROUNDS || 128 * N * r > MOST_MEMORY_BYTES) return undefined;
  return { N, r, p, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') };
}

function derive(password: string, salt: Buffer, bytes: number, { N, r, p }: Pick<ScryptOptions, 'N' | 'r' | 'p'>): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // The same letters may be written in two ways (é as one character or as e and an accent), as the keyboard has it.
  scrypt(password.normalize('NFC'), salt, bytes, { N, r, p, maxmem: 2 * MOST_MEMORY_BYTES }, (error, key) => (error ? reject(error) : resolve(key)));
  return promise;
}
