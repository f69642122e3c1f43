import type { Context } from 'hono';
import { messageOf } from '../../base/errors.ts';
import { followLines, readTailOfAll } from '../../log-files/logs.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { failure } from '../failure.ts';
import { shownLine } from './log-lines.ts';
import { streamEvents } from './stream.ts';

/** Logs that may be followed at the same time. */
const MOST_FOLLOWED = 16;
/** New lines are gathered for so long, and sent together. */
const GATHER_MS = 250;
/** Of lines that come quicker than anybody reads, the newest of each gathering. */
const MOST_LINES = 500;

/** Lines that a page begins with. */
export const TAIL_LINES = 200;

let followed = 0;

/** The last lines of a log, as a page may show them; where it cannot be read, a line that says so. */
export async function tailForPage(path: string): Promise<string[]> {
  try {
    return (await readTailOfAll(path, TAIL_LINES)).split('\n').map(shownLine);
  } catch (error) {
    return [unreadable(error)];
  }
}

function unreadable(error: unknown): string {
  return `(The log cannot be read: ${messageOf(error)})`;
}

/** Answers with a log's last lines (`tail`), then with those that are added to it (`lines`). */
export function streamLog(parts: ConsoleParts, context: Context<ConsoleEnv>, path: string): Response {
  if (followed >= MOST_FOLLOWED) return failure(context, 503, 'busy', 'Too many logs are being followed. Close one of the pages.');
  return streamEvents(parts, context, ({ send }) => {
    let isTailSent = false;
    let lines: string[] = [];
    let leftOut = 0;
    const take = (line: string): void => {
      lines.push(shownLine(line));
      if (lines.length <= MOST_LINES) return;
      lines.shift();
      leftOut += 1;
    };
    let stop: () => void;
    try {
      stop = followLines(path, take, { onError: () => undefined });
    } catch (error) {
      send({ event: 'tail', data: JSON.stringify({ lines: [unreadable(error)] }) });
      return () => undefined;
    }
    followed += 1;
    // Followed before its end is read, so that nothing is missed between the two; what came meanwhile may be in both.
    void tailForPage(path).then((tail) => {
      lines = withoutOverlap(tail, lines);
      send({ event: 'tail', data: JSON.stringify({ lines: tail }) });
      isTailSent = true;
    });
    const timer = setInterval(() => {
      if (lines.length === 0 || !isTailSent) return;
      send({ event: 'lines', data: JSON.stringify({ lines, leftOut }) });
      lines = [];
      leftOut = 0;
    }, GATHER_MS);
    return () => {
      followed -= 1;
      clearInterval(timer);
      stop();
    };
  });
}

/** The later lines without those at their beginning that the earlier ones end with. Pure. */
export function withoutOverlap(earlier: readonly string[], later: readonly string[]): string[] {
  for (let count = Math.min(earlier.length, later.length); count > 0; count -= 1) {
    if (later.slice(0, count).every((line, index) => line === earlier[earlier.length - count + index])) return later.slice(count);
  }
  return [...later];
}
