import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { byCodeUnits } from '../../base/files.ts';
import { isNotFound, messageOf, systemCodeOf } from '../../base/errors.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { LONGEST_HEADER_BYTES, readHeader } from '../../whisper/format.ts';
import type { RunKind } from './kind.ts';
import { broken, kept, namesInWords, unknown } from './outcome.ts';

/** The store's files are whole: headers and sizes, some files at each run, in time all of them. */
export interface WhisperSettings {
  /** The directory that holds them. */
  path: string;
  /** Files that are looked at in a run. */
  files: number;
}

/** A file, by its path below the directory, and what is wrong with it. */
export interface DamagedFile {
  path: string;
  why: string;
}

/** What is remembered of a directory between runs, as long as this process lives. */
interface Memory {
  /** The last file that was looked at; empty at the beginning of a round. */
  last: string;
  damaged: Map<string, string>;
  rounds: number;
  seen: number;
}

const memories = new Map<string, Memory>();

export const whisper: RunKind<WhisperSettings> = async ({ path, files }, { signal, now }) => {
  if (!(await stat(path).catch(ignoreNotFound))?.isDirectory()) return unknown(`${path} is not there.`);
  const memory = memories.get(path) ?? { last: '', damaged: new Map<string, string>(), rounds: 0, seen: 0 };
  memories.set(path, memory);
  // Those that were damaged are looked at each time, so that the promise is broken until they are mended or gone.
  for (const each of memory.damaged.keys()) note(memory, each, await faultOf(join(path, each), now()));
  let count = 0;
  for await (const each of filesAfter(path, memory.last)) {
    signal.throwIfAborted();
    note(memory, each, await faultOf(join(path, each), now()));
    memory.last = each;
    memory.seen += 1;
    count += 1;
    if (count >= files) break;
  }
  if (count < files) Object.assign(memory, { last: '', rounds: memory.rounds + 1 });
  return whisperOutcome(
    path,
    [...memory.damaged].map(([file, why]) => ({ path: file, why })),
    { files: count, rounds: memory.rounds },
  );
};

function ignoreNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

function note({ damaged }: Memory, path: string, fault: string | undefined): void {
  if (fault === undefined) damaged.delete(path);
  else if (damaged.size < MOST_DAMAGED || damaged.has(path)) damaged.set(path, fault);
}

/** More are not remembered: there is enough to see to. */
const MOST_DAMAGED = 1_000;

/** What was found means this. Pure. */
export function whisperOutcome(path: string, damaged: readonly DamagedFile[], { files, rounds }: { files: number; rounds: number }): PromiseOutcome {
  const values = { looked_at: files, rounds, damaged: damaged.length };
  if (damaged.length === 0) return kept(`No file of ${path} that was looked at is damaged.`, values);
  const sorted = [...damaged].sort((a, b) => byCodeUnits(a.path, b.path));
  return broken(
    `Damaged in ${path}: ${namesInWords(
      sorted.map((each) => `${each.path} (${each.why})`),
      3,
    )}.`,
    values,
  );
}

/** A store may just be making it. */
const YOUNG_MS = 120_000;

async function faultOf(path: string, nowMs: number): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size, mtimeMs } = await file.stat();
    const buffer = Buffer.alloc(Math.min(LONGEST_HEADER_BYTES, size));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    const read = readHeader(buffer.subarray(0, bytesRead), size);
    return read.kind === 'damaged' && nowMs - mtimeMs > YOUNG_MS ? read.why : undefined;
  } catch (error) {
    return isNotFound(error) ? undefined : `it cannot be read: ${systemCodeOf(error) ?? messageOf(error)}`;
  } finally {
    await file?.close();
  }
}

/** Every .wsp file below a directory that comes after `last` in the order of paths. One directory at a time is held. */
async function* filesAfter(root: string, last: string): AsyncGenerator<string> {
  yield* below(root, '', last === '' ? [] : last.split('/'));
}

async function* below(root: string, folder: string, last: readonly string[]): AsyncGenerator<string> {
  const [from = '', ...rest] = last;
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (isNotFound(error)) return []; // it was taken away meanwhile
    throw error;
  });
  const waiting = entries.filter(({ name }) => name >= from).sort((a, b) => byCodeUnits(a.name, b.name));
  for (const entry of waiting) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* below(root, path, entry.name === from ? rest : []);
    else if (entry.isFile() && entry.name.endsWith('.wsp') && entry.name !== from) yield path;
  }
}
