import { Script } from 'node:vm';
import { DkmError } from '../../base/errors.ts';

/*
 * Regular expressions that people wrote. Some take longer than the universe is old on the wrong text, and a check runs in
 * the process that keeps the services: they are looked for with a limit, which the engine itself holds.
 */

const LONGEST_MS = 200;
/** A machine that is busy with other things is not the expression's fault: then it is tried again, so often. */
const TRIES = 5;

/** The indexes of the texts in which the expression (flags `mu`) is found. Throws `timed-out` when that takes too long. */
export function indexesMatching(pattern: string, texts: readonly string[]): number[] {
  // JSON is a part of JavaScript, whatever the texts hold.
  const source = `{ const pattern = new RegExp(${JSON.stringify(pattern)}, 'mu'); ${JSON.stringify(texts)}.flatMap((text, index) => (pattern.test(text) ? [index] : [])); }`;
  const script = new Script(source);
  for (let tries = 1; ; tries += 1) {
    const before = process.cpuUsage();
    try {
      return script.runInThisContext({ timeout: LONGEST_MS }) as number[];
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      const { user, system } = process.cpuUsage(before);
      if (tries < TRIES && (user + system) / 1000 < LONGEST_MS / 2) continue;
      throw new DkmError('timed-out', `The regular expression ${pattern} was given up after ${LONGEST_MS} ms: it takes too long on this text.`, {
        cause: error,
      });
    }
  }
}

/** What must be in a text, and what must not. */
export interface TextRules {
  contains?: string | undefined;
  contains_not?: string | undefined;
  matches?: string | undefined;
  matches_not?: string | undefined;
}

/** True where a text has to be looked at. */
export function hasTextRules({ contains, contains_not, matches, matches_not }: TextRules): boolean {
  return [contains, contains_not, matches, matches_not].some((rule) => rule !== undefined);
}

/** What is wrong with a text, as the end of a sentence; undefined when nothing is. */
export function textFault(text: string, { contains, contains_not, matches, matches_not }: TextRules): string | undefined {
  const isFound = (pattern: string): boolean => indexesMatching(pattern, [text]).length > 0;
  if (contains !== undefined && !text.includes(contains)) return `does not contain "${contains}"`;
  if (contains_not !== undefined && text.includes(contains_not)) return `contains "${contains_not}"`;
  if (matches !== undefined && !isFound(matches)) return `does not match /${matches}/`;
  if (matches_not !== undefined && isFound(matches_not)) return `matches /${matches_not}/`;
  return undefined;
}
