import { join } from 'node:path';
import * as z from 'zod';
import { readIfPresent } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { checked, parseToml } from '../../base/structured.ts';
import { isPasswordHash } from './password-hash.ts';

/*
 * Who may log in besides `admin`, and which tokens there are. Two files, written by "dkm console" and read by the console
 * at every use, so that what is taken away counts at once.
 */

/** The account whose password is the content of conf/secrets/admin-password. */
export const FIRST_ACCOUNT = 'admin';

/** Letters, digits and . _ @ + -, beginning with a letter or a digit: what fits a log, an address and Basic authentication. */
export const ACCOUNT_NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;

const name = z.string().regex(ACCOUNT_NAME, 'a name of up to 64 letters, digits and . _ @ + -, beginning with a letter or a digit');
const role = z.enum(['reader', 'operator']);

const accountsSchema = z.strictObject({
  account: z
    .array(
      z.strictObject({
        name: name.refine((value) => value !== FIRST_ACCOUNT, `another name than ${FIRST_ACCOUNT}, whose password is the file conf/secrets/admin-password`),
        role,
        password: z.string().refine(isPasswordHash, 'a hash "scrypt$N$r$p$salt$hash", as "dkm console account password" makes it'),
      }),
    )
    .default([])
    .refine(hasOneOfEach, 'each name once'),
});

const tokensSchema = z.strictObject({
  token: z
    .array(
      z.strictObject({
        name,
        role,
        /** SHA-256 of the token: it is random, so that it needs no slow hash. */
        token_sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 digest, as "dkm console token add" makes it'),
        created: z.iso.datetime(),
        expires: z.iso.datetime().optional(),
      }),
    )
    .default([])
    .refine(hasOneOfEach, 'each name once'),
});

function hasOneOfEach(entries: readonly { name: string }[]): boolean {
  return new Set(entries.map((entry) => entry.name)).size === entries.length;
}

export type StoredAccount = z.output<typeof accountsSchema>['account'][number];
export type StoredToken = z.output<typeof tokensSchema>['token'][number];

/** Where accounts are kept. */
export function accountsFile({ conf }: Pick<Layout, 'conf'>): string {
  return join(conf, 'console', 'accounts.toml');
}

/** Where tokens are kept. */
export function tokensFile({ conf }: Pick<Layout, 'conf'>): string {
  return join(conf, 'console', 'tokens.toml');
}

/** Where the console notes when each token was last used: milliseconds since the epoch by name. */
export function tokenUseFile({ run }: Pick<Layout, 'run'>): string {
  return join(run, 'console-token-use.json');
}

/** The accounts in a file's text; errors name file and key. */
export function parseAccounts(text: string, file: string): StoredAccount[] {
  return checked(accountsSchema, parseToml(text, file), file).account;
}

/** The tokens in a file's text; errors name file and key. */
export function parseTokens(text: string, file: string): StoredToken[] {
  return checked(tokensSchema, parseToml(text, file), file).token;
}

/** The accounts of an installation; none when there is no file. */
export async function readAccounts(layout: Layout): Promise<StoredAccount[]> {
  const file = accountsFile(layout);
  const text = await readIfPresent(file);
  return text === undefined ? [] : parseAccounts(text, file);
}

/** The tokens of an installation; none when there is no file. */
export async function readTokens(layout: Layout): Promise<StoredToken[]> {
  const file = tokensFile(layout);
  const text = await readIfPresent(file);
  return text === undefined ? [] : parseTokens(text, file);
}
