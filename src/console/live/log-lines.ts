import { basename } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** A log of a service, as a page names it. */
export interface NamedLog {
  /** Its file's name: unique among a service's logs, or with a number. */
  name: string;
  path: string;
}

/** The logs of a service by name. Pure. */
export function namedLogs(paths: readonly string[]): NamedLog[] {
  const seen = new Map<string, number>();
  return [...new Set(paths)].map((path) => {
    const name = basename(path);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return { name: count === 1 ? name : `${name} (${count})`, path };
  });
}

/** A longer line tells nothing that a person would read here. */
const LONGEST_LINE = 4_000;

/** A line as a page may show it: without colours and other control characters, and bounded. Pure. */
export function shownLine(line: string): string {
  const plain = stripVTControlCharacters(line.slice(0, 4 * LONGEST_LINE)).replace(/\p{Cc}/gu, (character) => (character === '\t' ? '\t' : ''));
  return plain.length > LONGEST_LINE ? `${plain.slice(0, LONGEST_LINE)}… (${line.length} characters)` : plain;
}
