import { open, type FileHandle } from 'node:fs/promises';
import { DkmError } from '../base/errors.ts';
import { runWithFile } from '../base/exec.ts';

/*
 * The lock that the stores take while they write to a file: flock(2), exclusive, from opening it to closing it
 * (carbon-cache: whisper.py's LOCK; go-carbon: `flock = true`). Node has no flock, but the lock belongs to the open
 * file, not to a process: a program that inherits our descriptor can take it for us, and when it has ended, we hold it.
 */

/** Takes the lock of an open file for good; it goes when the file is closed. Throws `locked` when it cannot be had in time. */
export type LockFile = (file: FileHandle, waitMs: number) => Promise<void>;

const TRIAL_MS = 10_000;

/** Programs that can take it. The first is part of util-linux and BusyBox; macOS has Perl. */
const PROGRAMS: [command: string, ...args: string[]][] = [
  ['flock', '-x', '3'],
  ['perl', '-e', 'open(F, ">&=", 3) or open(F, "<&=", 3) or exit 1; flock(F, 2) or exit 1'],
  ['python3', '-c', 'import fcntl; fcntl.flock(3, fcntl.LOCK_EX)'],
];

/** Finds a way to lock files, tried out on a file of ours. Throws `preflight-refused` when there is none. */
export async function fileLocker(ownFile: string): Promise<LockFile> {
  for (const [command, ...args] of PROGRAMS) {
    const file = await open(ownFile, 'r');
    try {
      if (await runWithFile(command, args, file.fd, TRIAL_MS)) return (each, waitMs) => take(each, waitMs, command, args);
    } finally {
      await file.close();
    }
  }
  throw new DkmError('preflight-refused', 'Nothing was changed: files cannot be locked against the store here; expected one of flock, perl, python3.', {
    hint: 'Install util-linux, which has the flock program, and try again.',
  });
}

async function take(file: FileHandle, waitMs: number, command: string, args: readonly string[]): Promise<void> {
  if (await runWithFile(command, args, file.fd, waitMs)) return;
  throw new DkmError('locked', `it was locked by another program for ${waitMs / 1000} s`);
}
