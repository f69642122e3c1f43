import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { DkmError, systemCodeOf } from '../src/base/errors.ts';
import { resolveExisting } from '../src/base/files.ts';

/**
 * The directory that was meant, as an absolute path without links. A `~` reaches us when it was quoted, or came from a
 * configuration file; nobody means a directory of that name.
 */
export function directoryMeant(typed: string, home: string = homedir()): string {
  if (typed.trim() === '') throw new DkmError('usage', '--directory: expected a path, found nothing.', { hint: 'For example: ./installer -d ~/dkm' });
  if (/^~[^/]/.test(typed)) {
    throw new DkmError('usage', `--directory: "${typed}" names another user's home, which is not looked up here.`, {
      hint: `Type the whole path, or ./${typed} for a directory of that name.`,
    });
  }
  const path = typed === '~' || typed.startsWith('~/') ? join(home, typed.slice(1)) : resolve(typed);
  try {
    return resolveExisting(path);
  } catch (error) {
    const why = UNUSABLE[systemCodeOf(error) ?? ''];
    if (why === undefined) throw error;
    throw new DkmError('preflight-refused', `${path} cannot be used: ${why}.`, { cause: error, hint: 'Name another directory with -d.' });
  }
}

const UNUSABLE: Partial<Record<string, string>> = {
  ENOTDIR: 'a part of the path is a file',
  EACCES: 'a directory above it is closed to this user',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long for the file system',
};
