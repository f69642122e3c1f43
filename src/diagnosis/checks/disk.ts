import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { existsAs } from '../../base/files.ts';
import { mountNameOf } from '../../base/mounts.ts';
import { bytesInWords, spanInWords } from '../../base/terminal.ts';
import { slopeOf, type TrendPoint } from '../../base/trend.ts';
import { storedPoints, type Point } from '../ask.ts';
import { problem, warning, type Check, type Found } from '../finding.ts';
import { measuredBy, queryUrl } from './data.ts';

/*
 * Room: now, by the trend of the last days, and for what the metrics that are there will still take.
 */

const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** Below this a store cannot go on for long. */
const TOO_LITTLE_BYTES = 256 * MIB;
const LITTLE_BYTES = GIB;
/** A part of the disk that is little, unless it is much in bytes. */
const LITTLE_PART = 0.05;
const MUCH_BYTES = 20 * GIB;

/** A file system as far as room is concerned. */
export interface Room {
  freeBytes: number;
  totalBytes: number;
  freeInodes: number;
  /** 0 where the file system makes them as they are needed. */
  totalInodes: number;
}

async function roomAt(path: string): Promise<Room> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeInodes: ffree, totalInodes: files };
}

export const space: Check = {
  name: 'disk',
  async look({ layout, account, supervisorRuns }) {
    // What the supervisor warns of is told already, with what follows from it.
    const warned = supervisorRuns ? (account?.warnings ?? []).map(({ directory }) => directory).filter(existsAs) : [];
    const seen = new Set(await Promise.all(warned.map(async (directory) => (await stat(directory)).dev)));
    const found: Found[] = [];
    for (const directory of [layout.storage, layout.run, layout.root].filter(existsAs)) {
      const { dev } = await stat(directory);
      if (!seen.has(dev)) found.push(...roomFindings(await roomAt(directory), directory));
      seen.add(dev);
    }
    return found;
  },
};

/** What is wrong with the room on a file system. Pure. */
export function roomFindings({ freeBytes, totalBytes, freeInodes, totalInodes }: Room, directory: string): Found[] {
  const found: Found[] = [];
  const free = `${bytesInWords(freeBytes)} of ${bytesInWords(totalBytes)} are free where ${directory} is`;
  const fix = 'Make room there; what takes it: du -xh --max-depth=2 ' + directory;
  if (freeBytes < TOO_LITTLE_BYTES) found.push(problem(`Only ${free}.`, directory, fix));
  else if (freeBytes < LITTLE_BYTES || (freeBytes < LITTLE_PART * totalBytes && freeBytes < MUCH_BYTES)) found.push(warning(`${free}.`, directory, fix));
  if (totalInodes > 0 && freeInodes < LITTLE_PART * totalInodes) {
    const level = freeInodes === 0 ? problem : warning;
    found.push(
      level(
        `${freeInodes} of ${totalInodes} files are left to make where ${directory} is; each metric is one.`,
        directory,
        'Remove files that are not needed there.',
      ),
    );
  }
  return found;
}

const DAY_SECONDS = 86_400;
/** A trend over less than this is a guess. */
const SHORTEST_SPAN_SECONDS = 6 * 3600;
const FEWEST_POINTS = 20;
const SOON_DAYS = 14;
const VERY_SOON_DAYS = 2;

export const forecast: Check = {
  name: 'disk-forecast',
  timeoutMs: 20_000,
  async look(scene) {
    const { storage } = scene.layout;
    // Another machine's store is another machine's disk.
    const url = scene.settings?.install.carbon_server === undefined ? queryUrl(scene) : undefined;
    const pattern = measuredBy(scene).find(({ freeSpace }) => freeSpace !== undefined)?.freeSpace;
    if (!existsAs(storage)) return [];
    const { freeBytes } = await roomAt(storage);
    const points =
      url === undefined || pattern === undefined ? [] : await storedPoints(url, pattern.replace('{mount}', await mountNameOf(storage)), '-3d', 'now', 10_000);
    return forecastFindings(points, freeBytes, storage);
  },
};

/** When the disk will be full if it goes on as in these points of free bytes. Pure. */
export function forecastFindings(points: readonly Point[], freeBytes: number, where: string): Found[] {
  const slope = bytesPerSecond(points);
  if (slope === undefined || slope >= 0) return [];
  const secondsLeft = freeBytes / -slope;
  if (secondsLeft > SOON_DAYS * DAY_SECONDS) return [];
  const what = `The disk of ${where} will be full in ${spanInWords(secondsLeft)} if it goes on as in the last days (${bytesInWords(-slope * DAY_SECONDS)} a day).`;
  const level = secondsLeft < VERY_SOON_DAYS * DAY_SECONDS ? problem : warning;
  return [level(what, where, `Make room, or keep metrics for a shorter time: dkm retention show`)];
}

/** The slope of the line through the points; undefined while they are too few, or of too short a time. */
function bytesPerSecond(points: readonly Point[]): number | undefined {
  return slopeOf(
    points.map(({ atSeconds, value }): TrendPoint => [atSeconds, value]),
    { fewest: FEWEST_POINTS, shortest: SHORTEST_SPAN_SECONDS },
  );
}

/** Whisper files are sparse: what they will still take is known. Bounded, as there may be millions. */
const MOST_FILES = 200_000;
const BLOCK_BYTES = 512; // of st_blocks, whatever the file system's own

export const growth: Check = {
  name: 'metrics-growth',
  timeoutMs: 30_000,
  async look({ layout }, signal) {
    const whisper = join(layout.storage, 'whisper');
    if (!existsAs(whisper)) return [];
    const { missingBytes, files } = await missingBytesBelow(whisper, signal);
    const { freeBytes } = await roomAt(whisper);
    if (missingBytes <= freeBytes) return [];
    const what = `The ${files} metrics that are there will take ${bytesInWords(missingBytes)} more until they are full; ${bytesInWords(freeBytes)} are free.`;
    return [warning(what, whisper, 'Make room, or keep metrics for a shorter time: dkm retention show')];
  },
};

async function missingBytesBelow(root: string, signal: AbortSignal): Promise<{ missingBytes: number; files: number }> {
  let [missingBytes, files] = [0, 0];
  const waiting = [root];
  for (let folder = waiting.pop(); folder !== undefined && files < MOST_FILES && !signal.aborted; folder = waiting.pop()) {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.filter((each) => each.isDirectory())) waiting.push(join(folder, entry.name));
    const metrics = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.wsp'));
    const missing = await Promise.all(
      metrics.map(({ name }) =>
        stat(join(folder, name)).then(
          ({ size, blocks }) => Math.max(0, size - blocks * BLOCK_BYTES),
          () => 0,
        ),
      ),
    );
    missingBytes += missing.reduce((sum, bytes) => sum + bytes, 0);
    files += metrics.length;
  }
  return { missingBytes, files };
}
