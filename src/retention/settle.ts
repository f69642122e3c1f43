import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { DkmError, isNotFound } from '../base/errors.ts';
import { convert, type Source } from '../whisper/convert.ts';
import type { Header } from '../whisper/format.ts';
import { addLatePoints, addMissingPoints } from '../whisper/late-points.ts';
import type { Surroundings } from './convert-file.ts';
import { BEFORE_SUFFIX, NEW_SUFFIX, OLD_SUFFIX } from './metric-files.ts';
import { isOpenElsewhere } from './open-files.ts';
import { openSources } from './sources.ts';
import { readWhole, writeDifference } from './whole-file.ts';

/*
 * Brings over what was written to the old file after the new one took its place, and removes the old one. Both are
 * locked meanwhile, as the store locks them.
 */

const POLL_MS = 20;
/** Where nobody tells who has a file open: much longer than a store takes from opening a file to closing it. */
const UNSEEN_MS = 5_000;

/** Waits until nobody has the old file open, then takes its late points over; false when that takes too long. */
export async function settle(path: string, { dialect, lock, patienceMs }: Surroundings): Promise<boolean> {
  if (!(await isClosedWithin(path + OLD_SUFFIX, patienceMs))) return false;
  const old = await open(path + OLD_SUFFIX, 'r');
  try {
    await lock(old, patienceMs);
    const present = await open(path, 'r+');
    try {
      await lock(present, patienceMs);
      await takeOver(path, { old, present }, dialect);
    } finally {
      await present.close();
    }
  } finally {
    await old.close();
  }
  // The old one goes last: as long as it is there, the next run settles again, which does no harm.
  for (const suffix of [NEW_SUFFIX, BEFORE_SUFFIX]) await rm(path + suffix, { force: true });
  await rm(path + OLD_SUFFIX);
  return true;
}

async function isClosedWithin(path: string, patienceMs: number): Promise<boolean> {
  const facts = await stat(path);
  const startMs = performance.now();
  for (;;) {
    const isOpen = isOpenElsewhere(facts);
    if (isOpen === false || (isOpen === 'unknown' && performance.now() - startMs > UNSEEN_MS)) return true;
    if (isOpen !== 'unknown' && performance.now() - startMs > patienceMs) return false;
    await pause(POLL_MS);
  }
}

async function takeOver(path: string, { old, present }: Record<'old' | 'present', FileHandle>, dialect: Surroundings['dialect']): Promise<void> {
  const before = await readBefore(path + BEFORE_SUFFIX);
  const oldBytes = await readWhole(old);
  if (before?.bytes.equals(oldBytes)) return;
  const presentBytes = await readWhole(present);
  const { header } = opened(presentBytes, path);
  const wanted = made(oldBytes, path + OLD_SUFFIX, header, dialect, before?.now);
  const merged = Buffer.from(presentBytes);
  if (before) addLatePoints(merged, made(before.bytes, path + BEFORE_SUFFIX, header, dialect, before.now), wanted, header, dialect);
  else addMissingPoints(merged, wanted, header);
  await writeDifference(present, presentBytes, merged);
}

/** What the conversion makes of an old file. */
function made(bytes: Buffer, path: string, shape: Header, dialect: Surroundings['dialect'], now = Math.floor(Date.now() / 1000)): Buffer {
  return convert(opened(bytes, path).sources, { dialect, shape, now });
}

function opened(bytes: Buffer, path: string): { header: Header; sources: Source[] } {
  const found = openSources(bytes);
  if ('why' in found) throw new DkmError('file-invalid', `${path}: ${found.why}`);
  return found;
}

/** The old file as it was converted, and when; undefined when there was nothing to fear, or a kill came before it was written. */
async function readBefore(path: string): Promise<{ bytes: Buffer; now: number } | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  try {
    return { bytes: await readWhole(file), now: Math.floor((await file.stat()).mtimeMs / 1000) };
  } finally {
    await file.close();
  }
}
