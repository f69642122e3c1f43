import { statfs } from 'node:fs/promises';

/** Room on the disk that a directory is on; null where it is not there. */
export async function spaceOf(directory: string): Promise<{ directory: string; totalBytes: number; freeBytes: number } | null> {
  return statfs(directory).then(
    ({ bsize, blocks, bavail }) => ({ directory, totalBytes: bsize * blocks, freeBytes: bsize * bavail }),
    () => null,
  );
}
