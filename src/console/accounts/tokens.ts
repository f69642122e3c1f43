import { createHash, randomBytes } from 'node:crypto';
import { messageOf } from '../../base/errors.ts';
import { readIfPresent, writeAtomic } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { isNumber, isRecordOf } from '../../base/shape.ts';
import type { Role } from '../console-parts.ts';
import type { Log } from '../log.ts';
import { parseTokens, tokensFile, tokenUseFile, type StoredToken } from './account-files.ts';
import { watchedFile } from './watched-file.ts';

/** A program that may ask, by the token it brings. */
export interface Tokens {
  /** Whose token this is; undefined when it is nobody's, or has expired. */
  find: (token: string) => Promise<{ name: string; role: Role } | undefined>;
}

/** What every token begins with, so that people and scanners know one when they see it. */
const PREFIX = 'dkm_';
const TOKEN_BYTES = 32;
const TOKEN = /^dkm_[\w-]{43}$/;
/** The time of the last use is kept to this precision: it answers "is it still used", and is not written at each request. */
const USE_PRECISION_MS = 10 * 60 * 1000;

/** A new token and what is stored of it. */
export function newToken(): { token: string; sha256: string } {
  const token = `${PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  return { token, sha256: digestOf(token) };
}

/** The tokens of an installation by this clock (milliseconds since the epoch). */
export function createTokens(layout: Layout, log: Log, now: () => number = Date.now): Tokens {
  const read = watchedFile<ReadonlyMap<string, StoredToken>>(
    tokensFile(layout),
    (text, path) => new Map(parseTokens(text, path).map((token) => [token.token_sha256, token])),
    new Map(),
    log,
  );
  const noteUse = useNotes(layout, log, now);
  return {
    async find(token) {
      if (!TOKEN.test(token)) return undefined;
      const stored = (await read()).get(digestOf(token));
      if (stored === undefined || (stored.expires !== undefined && Date.parse(stored.expires) <= now())) return undefined;
      noteUse(stored.name);
      return { name: stored.name, role: stored.role };
    },
  };
}

/** When each token was last used, roughly; empty when nothing was noted, or nothing that can be read. */
export async function readTokenUse(layout: Layout): Promise<Record<string, number>> {
  try {
    const value: unknown = JSON.parse((await readIfPresent(tokenUseFile(layout))) ?? '{}');
    return isRecordOf(isNumber)(value) ? (value as Record<string, number>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function useNotes(layout: Layout, log: Log, now: () => number): (name: string) => void {
  const noted = new Map<string, number>();
  let writing = Promise.resolve();
  return (name) => {
    if (now() - (noted.get(name) ?? 0) < USE_PRECISION_MS) return;
    noted.set(name, now());
    const write = async (): Promise<void> => {
      const all = new Map(Object.entries(await readTokenUse(layout))).set(name, now());
      await writeAtomic(tokenUseFile(layout), `${JSON.stringify(Object.fromEntries(all))}\n`);
    };
    writing = writing.then(write).catch((error: unknown) => log(`error: the use of token ${name} could not be noted: ${messageOf(error)}`));
  };
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
