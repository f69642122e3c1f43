import { open, type FileHandle } from 'node:fs/promises';

/*
 * Reading and writing whisper files as a whole. Most of a young file is empty, and takes no room on disk: what is
 * written keeps it so.
 */

const BLOCK_BYTES = 4096;
const ZEROES = Buffer.alloc(BLOCK_BYTES);

/** A file's bytes, from its beginning to its end. */
export async function readWhole(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const bytes = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await file.read(bytes, done, size - done, done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** Makes a new file with these bytes and waits until the disk has them. Fails when it exists. */
export async function writeSparse(path: string, bytes: Buffer, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.chmod(mode); // the umask may have taken bits away
    await file.truncate(bytes.length);
    for (const run of runsOf(bytes, (block) => !block.equals(ZEROES.subarray(0, block.length)))) await writeRun(file, bytes, run);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes what differs from what the file holds, and waits until the disk has it. */
export async function writeDifference(file: FileHandle, before: Buffer, after: Buffer): Promise<void> {
  const differs = (block: Buffer, start: number): boolean => !block.equals(before.subarray(start, start + block.length));
  for (const run of runsOf(after, differs)) await writeRun(file, after, run);
  await file.sync();
}

/** write(2) may write a part, as on a disk that is nearly full, and fails then only when it is called for the rest. */
async function writeRun(file: FileHandle, bytes: Buffer, [start, end]: [number, number]): Promise<void> {
  for (let position = start; position < end;) position += (await file.write(bytes, position, end - position, position)).bytesWritten;
}

/** Bytes that a file of this content takes on disk, without those of its blocks that are empty. */
export function diskBytesOf(bytes: Buffer): number {
  return runsOf(bytes, (block) => !block.equals(ZEROES.subarray(0, block.length))).reduce(
    (sum, [start, end]) => sum + Math.ceil((end - start) / BLOCK_BYTES) * BLOCK_BYTES,
    0,
  );
}

/** Makes a directory's entries as lasting as its files: https://man7.org/linux/man-pages/man2/fsync.2.html */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Runs of neighbouring blocks that are wanted, as [start, end). */
function runsOf(bytes: Buffer, isWanted: (block: Buffer, start: number) => boolean): [number, number][] {
  const runs: [number, number][] = [];
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, bytes.length);
    if (!isWanted(bytes.subarray(start, end), start)) continue;
    const last = runs.at(-1);
    if (last?.[1] === start) last[1] = end;
    else runs.push([start, end]);
  }
  return runs;
}
