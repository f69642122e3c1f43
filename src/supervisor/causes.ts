import { LIMIT_NOT_GIVEN } from './become-service.ts';
import type { MemoryKill } from './out-of-memory.ts';

/*
 * Why a service did not start, in words, from what it left behind. The patterns are those of the programs that dkm
 * supervises, as they really print them (test/unit/supervisor/causes.test.ts), and of the C library; a pattern that is
 * wrong costs little, so they lean towards saying something.
 */

export interface Ending {
  /** Exit code, null when a signal ended it. */
  code: number | null;
  signal: string | null;
  /** The end of what it printed. */
  lastLines: string;
  /** For SIGKILL: whether the kernel sent it, for want of memory. */
  memoryKill?: MemoryKill;
}

interface Cause {
  pattern: RegExp;
  words: (match: RegExpMatchArray) => string;
}

const badConfiguration = (where: string): string => `its configuration is not right: ${clip(where.trim().replace(/\s*\n\s*/g, ': '))}`;

const CAUSES: readonly Cause[] = [
  // collectd's check (templates/collectd/conf/collectd/check.sh): what it says of the file may sound like any other cause.
  { pattern: /^(conf\/[^\n:]+: [^\n]+)/m, words: (match) => badConfiguration(match[1] ?? '') },
  {
    pattern: /address already in use|EADDRINUSE|Errno 98|CannotListenError|Connection in use: \('?([^)']*)/i,
    words: () => 'a port it needs is taken by another program (see "dkm status" for its ports and "ss -ltnp" for the holder)',
  },
  { pattern: /cannot assign requested address|EADDRNOTAVAIL/i, words: () => 'an address it shall listen on is none of this machine (see "ip address")' },
  { pattern: /no space left on device|ENOSPC|disk quota exceeded|EDQUOT/i, words: () => 'the disk is full (see "df -h")' },
  { pattern: /read-only file system|EROFS/i, words: () => 'a file system it writes to is read-only (see "mount" and "dmesg")' },
  { pattern: /database disk image is malformed|file is not a database/i, words: (match) => `its database is damaged: ${match[0]}` },
  { pattern: /error while loading shared libraries: ([^:\s]+)/, words: (match) => `the library ${match[1]} is missing on this machine` },
  { pattern: /Library not loaded: (\S+)/, words: (match) => `the library ${match[1]} is missing on this machine` },
  { pattern: /version `?(GLIBC_[\d.]+)'? not found/, words: (match) => `this machine's C library is older than ${match[1]}` },
  { pattern: /No module named '?([\w.]+)'?/, words: (match) => `the Python module ${match[1]} is missing on this machine` },
  { pattern: /exec format error/i, words: () => 'its program is made for another kind of processor' },
  { pattern: /too many open files|EMFILE|ENFILE/i, words: () => 'the limit of open files is too low (see "ulimit -n", and open_files in conf/dkm.toml)' },
  { pattern: /out of memory|cannot allocate memory|ENOMEM|MemoryError/i, words: () => 'there is not enough memory' },
  // Python shows the file, the line, the text of the line and a mark below it before it says what is wrong.
  {
    pattern: /File "([^"]+)", line (\d+)\n(?:[^\n]*\n){0,3}?[ \t]*((?:Syntax|Indentation|Tab)Error: [^\n]*)/,
    words: (match) => badConfiguration(`${match[1]}, line ${match[2]}: ${match[3]}`),
  },
  { pattern: /parsing errors: '([^']+)'\n\s*\[line\s+(\d+)\]: ([^\n]*)/, words: (match) => badConfiguration(`${match[1]}, line ${match[2]}: ${match[3]}`) },
  { pattern: /[^\n]*(?:permission denied|EACCES|EPERM|operation not permitted)[^\n]*/i, words: (match) => deniedInWords(match[0]) },
  { pattern: /[^\n]*no such file or directory[^\n]*|ENOENT[^\n]*/i, words: (match) => `a file it needs is missing: ${clip(match[0].trim())}` },
  {
    pattern:
      /(\btoml: [^\n]*|\byaml: [^\n"]*|(?:failed to parse|error parsing|cannot parse|unable to parse)[^\n]*|'[^'\n]+' cannot parse value[^\n]*|(?:parse|parsing|syntax|config(?:uration)?)[^\n]*error[^\n]*|error[^\n]*(?:parse|parsing|config(?:uration)?)[^\n]*)/i,
    words: (match) => badConfiguration(match[1] ?? ''),
  },
  {
    pattern: /(Invalid value for [^\n]*|\bValueError: [^\n]*|no backends specified[^\n]*|CarbonConfigException: [^\n]*)/,
    words: (match) => badConfiguration(match[1] ?? ''),
  },
  { pattern: /^(?:panic|fatal error): ([^\n]*)/m, words: (match) => `it has a defect: ${clip(match[0])}` },
];

const SHELL_NOT_EXECUTABLE = 126;
const SHELL_NOT_FOUND = 127;

/** The signals of a program that broke: an instruction or an address that cannot be, or its own `abort`. */
const CRASHES: readonly string[] = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGTRAP', 'SIGSYS'];

/** The likely cause of an ending, in words that fit after "because"; `unknown` when nothing tells. Pure. */
export function likelyCause({ code, signal, lastLines, memoryKill = 'unknown' }: Ending): string {
  // Who is killed says nothing any more: what is in the log is about something else.
  if (signal === 'SIGKILL') return KILLED[memoryKill];
  for (const { pattern, words } of CAUSES) {
    const match = pattern.exec(lastLines);
    if (match) return words(match);
  }
  if (signal !== null) return CRASHES.includes(signal) ? `it crashed (${signal}): a defect of the program, or of a file it reads` : `it was ended by ${signal}`;
  if (code === SHELL_NOT_FOUND) return 'its program is missing';
  if (code === SHELL_NOT_EXECUTABLE) return 'its program cannot be executed';
  if (code === LIMIT_NOT_GIVEN) return 'a limit of conf/dkm.toml cannot be given to it';
  return 'the cause is unknown; its last log lines may tell';
}

const KILLED: Record<MemoryKill, string> = {
  named: 'memory ran out and the kernel killed it (its OOM killer names it in "dmesg")',
  likely: 'memory ran out: the kernel\'s OOM killer killed something in that time, and most likely it (see "dmesg")',
  no: 'something killed it with SIGKILL: a person or another program, as the kernel killed nothing for want of memory',
  unknown: 'something killed it with SIGKILL; when that was not a person, memory ran out (see "dmesg")',
};

/** `exit code 3` or `SIGTERM`. */
export function endingInWords(ending: Pick<Ending, 'code' | 'signal'>): string {
  return ending.signal ?? `exit code ${ending.code ?? 'unknown'}`;
}

const LAST_RESERVED_PORT = 1023;

function deniedInWords(line: string): string {
  const port = /listen \w+ \S*:(\d+)/.exec(line)?.[1];
  if (port !== undefined && Number(port) <= LAST_RESERVED_PORT) return `it may not use port ${port}: ports below 1024 take root`;
  return `it may not use a file or port (permission denied): ${clip(line.trim())}`;
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
