import { mkdtempSync, rmSync, writeFileSync, openSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/base/exec.ts';
import { systemCodeOf } from '../../src/base/errors.ts';

/** A small file system that a test may fill. */
export interface Disk {
  fill: () => void;
  empty: () => void;
  remove: () => Promise<void>;
}

const DISK_BYTES = 3 << 20;
const FILLER = 'filler';

/** Mounts a small file system of its own on an empty directory. */
export async function diskFor(directory: string): Promise<Disk> {
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=0700`, 'dkm-faults', directory], { timeoutMs: 10_000 });
  if (mounted.code !== 0) throw new Error(`no file system could be mounted on ${directory}: ${mounted.stderr}`);
  const filler = join(directory, FILLER);
  return {
    fill: () => fill(filler),
    empty: () => rmSync(filler, { force: true }),
    remove: async () => {
      // Lazily: a process that was just killed may still have it open.
      await run('umount', ['--lazy', directory], { timeoutMs: 10_000 });
    },
  };
}

function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (let bytes = 1 << 16; bytes >= 1;) if (!writes(file, bytes)) bytes >>= 1;
  } finally {
    closeSync(file);
  }
}

function writes(file: number, bytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(bytes)) === bytes;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOSPC') return false;
    throw error;
  }
}

/** Why no disk can be filled here; undefined when one can. */
export async function noDiskReason(): Promise<string | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'dkm-disk-'));
  try {
    const disk = await diskFor(directory);
    writeFileSync(join(directory, 'a'), 'b');
    await disk.remove();
    return undefined;
  } catch {
    return 'no file system may be mounted here: run it as root, where mounting is allowed';
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
