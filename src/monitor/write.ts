import { open, rename, rm } from 'node:fs/promises';

/*
 * How the tree's files are written: a temporary file with one fixed name beside each, then a rename, as the original
 * tools do. A reader never sees a part of a file, and neither does the next supervisor after this one was killed or
 * the disk was full; what a crash leaves is one `.tmp`, which the next write takes. Nothing waits for the disk (no
 * fsync): with hundreds of results a minute that would be most of the work, and whatever a power cut takes is
 * written again by the next run.
 */

/** Replaces a file by this text. One caller at a time for each path. */
export async function replaceFile(path: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first failure is the one to tell
    throw error;
  }
}

/** JSON in ASCII alone, as Python writes it: readers in any locale understand it. */
export function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
