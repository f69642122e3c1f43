/*
 * Why a service did not start, in words, from what it left behind. The patterns are those of the programs that dkm
 * supervises and of the C library; a pattern that is wrong costs little, so they lean towards saying something.
 */

export interface Ending {
  /** Exit code, null when a signal ended it. */
  code: number | null;
  signal: string | null;
  /** The end of what it printed. */
  lastLines: string;
}

interface Cause {
  pattern: RegExp;
  words: (match: RegExpMatchArray) => string;
}

const CAUSES: readonly Cause[] = [
  {
    pattern: /address already in use|EADDRINUSE|Errno 98|CannotListenError|Connection in use: \('?([^)']*)/i,
    words: () => 'a port it needs is taken by another program (see "dkm status" for its ports and "ss -ltnp" for the holder)',
  },
  { pattern: /no space left on device|ENOSPC|disk quota exceeded/i, words: () => 'the disk is full (see "df -h")' },
  { pattern: /error while loading shared libraries: ([^:\s]+)/, words: (match) => `the library ${match[1]} is missing on this machine` },
  { pattern: /version `?(GLIBC_[\d.]+)'? not found/, words: (match) => `this machine's C library is older than ${match[1]}` },
  { pattern: /ModuleNotFoundError: No module named '([^']+)'/, words: (match) => `the Python module ${match[1]} is missing on this machine` },
  { pattern: /exec format error/i, words: () => 'its program is made for another kind of processor' },
  { pattern: /too many open files|EMFILE|ENFILE/i, words: () => 'the limit of open files is too low (see "ulimit -n")' },
  { pattern: /out of memory|cannot allocate memory|ENOMEM|MemoryError/i, words: () => 'there is not enough memory' },
  { pattern: /permission denied|EACCES|EPERM|operation not permitted/i, words: () => 'it may not use a file or port (permission denied)' },
  { pattern: /no such file or directory[^\n]*|ENOENT[^\n]*/i, words: (match) => `a file it needs is missing: ${clip(match[0])}` },
  {
    pattern:
      /((?:parse|parsing|syntax|config(?:uration)?)[^\n]*error[^\n]*|error[^\n]*(?:parse|parsing|config(?:uration)?)[^\n]*|\byaml: [^\n]*|\btoml: [^\n]*)/i,
    words: (match) => `its configuration is not right: ${clip(match[1] ?? '')}`,
  },
];

const SHELL_NOT_EXECUTABLE = 126;
const SHELL_NOT_FOUND = 127;

/** The likely cause of an ending, in words that fit after "because"; `unknown` when nothing tells. */
export function likelyCause({ code, signal, lastLines }: Ending): string {
  for (const { pattern, words } of CAUSES) {
    const match = pattern.exec(lastLines);
    if (match) return words(match);
  }
  if (signal === 'SIGKILL') return 'something killed it with SIGKILL; when that was not a person, memory ran out (see "dmesg")';
  if (signal !== null) return `it was ended by ${signal}`;
  if (code === SHELL_NOT_FOUND) return 'its program is missing';
  if (code === SHELL_NOT_EXECUTABLE) return 'its program cannot be executed';
  return 'the cause is unknown; its last log lines may tell';
}

/** `exit code 3` or `SIGTERM`. */
export function endingInWords(ending: Pick<Ending, 'code' | 'signal'>): string {
  return ending.signal ?? `exit code ${ending.code ?? 'unknown'}`;
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
