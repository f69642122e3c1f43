import { existsSync, writeFileSync } from 'node:fs';
import { run } from '../../src/base/exec.ts';

/** The wall clock that one installation's dkm sees; monotonic time is left alone, as the system's own is when somebody sets the clock. */
export interface Clock {
  environment: Record<string, string>;
  /** Has it be `seconds` later (or earlier) than the real one. */
  moveTo: (seconds: number) => void;
}

const LIBRARIES = [
  process.env['DKM_LIBFAKETIME'] ?? '',
  ...['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`),
  '/usr/lib64/faketime/libfaketimeMT.so.1',
];

/** A clock whose offset is kept in a file, read anew each second by libfaketime (https://github.com/wolfcw/libfaketime). */
export function movableClock(file: string): Clock {
  const moveTo = (seconds: number): void => writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  moveTo(0);
  const environment = {
    LD_PRELOAD: library() ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1', // files keep the times that the kernel gives them
  };
  return { environment, moveTo };
}

function library(): string | undefined {
  return LIBRARIES.find((path) => path !== '' && existsSync(path));
}

/** Why the clock cannot be moved here; undefined when it can. */
export async function noClockReason(): Promise<string | undefined> {
  const path = library();
  if (path === undefined) return 'libfaketime is not installed: apt-get install libfaketime, or name its libfaketimeMT.so.1 in DKM_LIBFAKETIME';
  const env = { ...process.env, LD_PRELOAD: path, FAKETIME: '+86400', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  const { stdout } = await run(process.execPath, ['-p', 'Date.now()'], { env, timeoutMs: 20_000 });
  return Number(stdout) > Date.now() + 3_600_000 ? undefined : 'libfaketime does not work on this Node';
}
