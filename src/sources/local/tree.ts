import { createHash } from 'node:crypto';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../../base/digest.ts';
import { DkmError } from '../../base/errors.ts';
import { listTree } from '../../base/files.ts';

/** What a folder holds, in two numbers. */
export interface TreeDigest {
  sha256: string;
  /** bytes of all its files */
  size: number;
}

/**
 * The digest of a folder: SHA-256 over one line per file and link, sorted by path, of kind (`f`, `x` for an executable
 * file, `l` for a link), path, and the content's SHA-256 or the link's target. Times and owners do not count.
 */
export async function digestTree(root: string): Promise<TreeDigest> {
  const hash = createHash('sha256');
  let size = 0;
  for (const path of await listTree(root)) {
    const entry = await digestEntry(join(root, path));
    hash.update(`${entry.kind} ${path}\0${entry.content}\n`);
    size += entry.size;
  }
  return { sha256: hash.digest('hex'), size };
}

async function digestEntry(path: string): Promise<{ kind: string; content: string; size: number }> {
  const status = await lstat(path);
  if (status.isSymbolicLink()) return { kind: 'l', content: await readlink(path), size: 0 };
  if (!status.isFile())
    throw new DkmError('archive-refused', `${path} is neither a file, a folder nor a link.`, { hint: 'Take it out of the folder given with --with.' });
  return { kind: (status.mode & 0o111) === 0 ? 'f' : 'x', content: await sha256File(path), size: status.size };
}
