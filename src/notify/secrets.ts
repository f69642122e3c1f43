import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DkmError, messageOf } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';

/** Read, write or enter, for all who are neither owner nor of the group. */
const OTHERS = 0o007;

/**
 * The text of a file in conf/secrets, without white space around it. Read anew for every message, so that a changed one
 * counts at once. Throws `file-missing` or `file-invalid`; what is in it is in no message.
 */
export async function readSecret(layout: Pick<Layout, 'secrets'>, name: string): Promise<string> {
  const path = join(layout.secrets, name);
  const text = await readWithMode(path);
  const secret = text.trim();
  if (secret === '') throw new DkmError('file-invalid', `${path} is empty.`, { hint: 'Write the secret into it, on one line.' });
  if (/\p{Cc}/u.test(secret)) throw new DkmError('file-invalid', `${path} has more than one line, or control characters in it.`);
  return secret;
}

async function readWithMode(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    if ((mode & OTHERS) !== 0) {
      throw new DkmError('file-invalid', `${path} is a secret, and everybody on this machine may read it (mode ${(mode & 0o777).toString(8)}).`, {
        hint: `Run "chmod 600 ${path}", and change the secret if others have accounts here.`,
      });
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof DkmError) throw error;
    throw new DkmError('file-missing', `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
      hint: 'Write the secret into that file, with mode 600.',
    });
  }
}
