import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DkmError, isNotFound, messageOf } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { readStart, readWholeText } from '../bounded.ts';
import { isHarmless } from '../../redaction/redact-configuration.ts';
import { isSecretName } from '../../redaction/secrets.ts';

/*
 * The secrets of an installation, as far as they can be known: what stands in conf/secrets, and what the environment
 * holds under a name that says so. What configuration holds is found when it is redacted.
 */

const MOST_BYTES = 1 << 20;

/**
 * Every secret of conf/secrets. Throws `redaction-failed` when one of them cannot be read: what is not known cannot be
 * kept out.
 */
export async function storedSecrets({ secrets }: Layout): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(secrets, { recursive: true });
  } catch (error) {
    if (isNotFound(error)) return [];
    throw unreadable(secrets, error);
  }
  const read = await Promise.all(names.map((name) => secretIn(join(secrets, name))));
  return read.flat();
}

async function secretIn(path: string): Promise<string[]> {
  try {
    if ((await lstat(path)).isDirectory()) return [];
    const { bytes, size } = await readStart(path, MOST_BYTES);
    if (size > MOST_BYTES) throw new DkmError('file-invalid', `it has ${size} bytes; at most ${MOST_BYTES} are expected`);
    // Of one that is not text the hexadecimal and base64 forms count; latin1 keeps every byte.
    return partsOf(bytes.toString(bytes.includes(0) ? 'latin1' : 'utf8'));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A secret over several lines (a key, a list of passwords) is one as a whole, and each of its lines. Pure. */
export function partsOf(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const values = lines.flatMap((line) => /^[\w.-]+\s*[=:]\s*(\S.*)$/.exec(line)?.[1] ?? []);
  return [text, text.trim(), ...lines, ...values].filter((part) => part !== '' && !part.startsWith('-----'));
}

/** Values of variables with names of secrets: of this process, and of those given. What may not be read is skipped: it is never collected. */
export async function secretsOfEnvironment(pids: readonly number[]): Promise<string[]> {
  const own = Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
  const others = await Promise.all(pids.map((pid) => environmentOf(pid)));
  return [...own, ...others.flat()].flatMap((line) => {
    const [name = '', ...value] = line.split('=');
    // PWD and SSH_AUTH_SOCK are paths.
    return isSecretName(name) && !isHarmless(value.join('=')) ? [value.join('=')] : [];
  });
}

async function environmentOf(pid: number): Promise<string[]> {
  // A file of /proc has no size, so it is read as it comes; it cannot be a pipe.
  return (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0');
}

/**
 * What may be a secret in a file that cannot be parsed: everything in quotes, and what follows a sign of equality or a
 * colon, on lines that speak of one or of an environment. Pure.
 */
export function candidatesIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => /[=:\s]/.test(line) && (isSecretName(line) || /environment/i.test(line)));
  return lines.flatMap((line) => [
    ...[...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g)].map(([, a, b]) => a ?? b ?? ''),
    line.replace(/^[^=:]*[=:]\s*/, '').trim(),
  ]);
}

/** The text of a file that may hold secrets, or why it cannot be had. */
export async function textOrReason(path: string, mostBytes: number): Promise<{ text: string } | { reason: string }> {
  return readWholeText(path, mostBytes).then(
    (text) => ({ text }),
    (error: unknown) => ({ reason: messageOf(error) }),
  );
}

function unreadable(path: string, error: unknown): DkmError {
  return new DkmError('redaction-failed', `${path} cannot be read (${messageOf(error)}), so it could not be kept out of the archive. No archive was written.`, {
    hint: 'Run it as the user who owns the installation, or put what is in conf/secrets in order.',
    cause: error,
  });
}
