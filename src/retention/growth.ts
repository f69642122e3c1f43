import { fileBytesOf, layOut, longestRetention, POINT_BYTES, type Shape } from '../whisper/format.ts';

/*
 * How whisper files fill their place on the disk. They are sparse: a file has its whole length from the beginning, and
 * takes the room of the blocks that were written to. Points are written to each archive one after the other from its
 * beginning, until it has gone round; so what a file takes tells how long it has been written to, and what it will take.
 * All of it is pure.
 */

type Archives = Shape['archives'];

const DAY_SECONDS = 86_400;

/** Bytes that a file takes of the disk when it is full: whole blocks. */
export function fullDiskBytes(archives: Archives, blockBytes: number): number {
  return diskBytesAt(archives, longestRetention(archives), blockBytes);
}

/** Bytes that a file takes of the disk after points came for so many seconds. */
export function diskBytesAt(archives: Archives, seconds: number, blockBytes: number): number {
  const header = layOut({ archives, method: 1, xFilesFactor: 0 });
  let blocks = 0;
  let nextBlock = 0;
  // The header is written first; what follows it begins within its last block.
  const written = [{ from: 0, until: header.archives[0]?.offset ?? 0 }];
  for (const { offset, stepSeconds, points } of header.archives)
    written.push({ from: offset, until: offset + Math.min(points, Math.floor(seconds / stepSeconds) + 1) * POINT_BYTES });
  // Both stores give a sparse file its length by writing its last byte.
  const bytes = fileBytesOf({ archives });
  written.push({ from: bytes - 1, until: bytes });
  for (const { from, until } of written) {
    const first = Math.max(nextBlock, Math.floor(from / blockBytes));
    const end = Math.ceil(until / blockBytes);
    blocks += Math.max(0, end - first);
    nextBlock = Math.max(nextBlock, end);
  }
  return blocks * blockBytes;
}

/** For how many seconds points came to a file that takes so much of the disk: the longest time that explains it, within half an hour. */
export function secondsWritten(archives: Archives, diskBytes: number, blockBytes: number): number {
  let [least, most] = [0, longestRetention(archives)];
  if (diskBytes >= fullDiskBytes(archives, blockBytes)) return most;
  while (most - least > 1800) {
    const middle = (least + most) / 2;
    if (diskBytesAt(archives, middle, blockBytes) > diskBytes) most = middle;
    else least = middle;
  }
  return least;
}

/** Files that are alike: made to hold the same, and written to for about as long. */
export interface FilesAlike {
  archives: Archives;
  seconds: number;
  files: number;
}

/** What a store's files will take of the disk. */
export interface Growth {
  /** What the next 24 hours add. */
  bytesPerDay: number;
  /** What is still to come until all are full. */
  bytesToCome: number;
  /** Days until the last of them is full; 0 when all are. */
  daysUntilFilesFull: number;
  /** Days until the disk is full: null when all files will be full before. */
  daysUntilDiskFull: number | null;
  /** The same if each day would add what the next one does; null when that is nothing. */
  daysUntilDiskFullAtThisPace: number | null;
}

/** Forecasts what files that are still written to will take. `freeBytes`: of the disk. */
export function growthOf(files: readonly FilesAlike[], { freeBytes, blockBytes }: { freeBytes: number; blockBytes: number }): Growth {
  const addedAfter = (days: number): number =>
    files.reduce((sum, { archives, seconds, files: count }) => {
      const now = diskBytesAt(archives, seconds, blockBytes);
      return sum + count * (diskBytesAt(archives, seconds + days * DAY_SECONDS, blockBytes) - now);
    }, 0);
  const secondsLeft = Math.max(0, ...files.map(({ archives, seconds }) => longestRetention(archives) - seconds));
  const daysUntilFilesFull = secondsLeft / DAY_SECONDS;
  const bytesPerDay = addedAfter(1);
  const bytesToCome = addedAfter(daysUntilFilesFull);
  return {
    bytesPerDay,
    bytesToCome,
    daysUntilFilesFull,
    daysUntilDiskFull: bytesToCome <= freeBytes ? null : firstDay(addedAfter, freeBytes, daysUntilFilesFull),
    daysUntilDiskFullAtThisPace: bytesPerDay > 0 ? freeBytes / bytesPerDay : null,
  };
}

/** The first day on which more than that was added, within an hour; never later than `last`. */
function firstDay(addedAfter: (days: number) => number, bytes: number, last: number): number {
  let [least, most] = [0, last];
  while (most - least > 1 / 24) {
    const middle = (least + most) / 2;
    if (addedAfter(middle) > bytes) most = middle;
    else least = middle;
  }
  return most;
}
