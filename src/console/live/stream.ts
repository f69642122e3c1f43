import type { Context } from 'hono';
import { streamSSE, type SSEMessage } from 'hono/streaming';
import { isStillAllowed } from '../access/access.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';

/*
 * A stream of server-sent events to one page: bounded, alive, and at its end when the session is.
 */

/** A sign of life this often: proxies end connections that are silent, and a page notices a dead one. */
const ALIVE_EVERY_MS = 15_000;
/** Who takes nothing for so long is not there any more. */
const STUCK_MS = 30_000;
/** Messages that wait for a slow reader; of more the oldest are left out. */
const MOST_WAITING = 1_000;

/** The writing end of a stream. */
export interface EventWriter {
  /** Sends a message as soon as the reader can take it. */
  send: (message: SSEMessage) => void;
}

/** Answers with a stream that `start` fills until the reader goes, is logged out, or the function it returns was called. */
export function streamEvents(parts: ConsoleParts, context: Context<ConsoleEnv>, start: (writer: EventWriter) => () => void): Response {
  context.header('Cache-Control', 'no-store');
  context.header('X-Accel-Buffering', 'no'); // a proxy that gathers answers would hold every message back
  return streamSSE(context, async (stream) => {
    const waiting: SSEMessage[] = [{ event: 'alive', data: '', retry: 2_000 }];
    let leftOut = 0;
    let wake = (): void => undefined;
    const put = (message: SSEMessage): void => {
      if (waiting.length >= MOST_WAITING) {
        waiting.shift();
        leftOut += 1;
      }
      waiting.push(message);
      wake();
    };
    const stop = start({ send: put });
    const alive = setInterval(() => put({ event: 'alive', data: '' }), ALIVE_EVERY_MS);
    let isGone = false;
    stream.onAbort(() => {
      isGone = true;
      wake();
    });
    try {
      while (!isGone) {
        const message = waiting.shift();
        if (message === undefined) {
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          await promise;
          continue;
        }
        // Asked before each message: nobody sees anything after logging out.
        if (!(await isStillAllowed(context, parts))) {
          await stream.writeSSE({ event: 'end', data: '' });
          break;
        }
        if (leftOut > 0) {
          await inTime(stream.writeSSE({ event: 'left-out', data: String(leftOut) }));
          leftOut = 0;
        }
        await inTime(stream.writeSSE(message));
      }
    } catch (error) {
      if (!(error instanceof StuckReader)) throw error;
      stream.abort();
    } finally {
      clearInterval(alive);
      stop();
    }
  });
}

class StuckReader extends Error {}

async function inTime(writing: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new StuckReader()), STUCK_MS);
  await Promise.race([writing, promise]).finally(() => clearTimeout(timer));
}
