/*
 * Hashing a password is slow on purpose, and takes memory on purpose. Only a few are hashed at a time and some wait, so
 * that a flood of logins costs those who log in their time, and not everybody else the console.
 */

/** Runs tasks, so many at once; undefined, at once, when too many wait already. */
export type WorkQueue = <Result>(task: () => Promise<Result>) => Promise<Result | undefined>;

/** A queue that runs `mostAtOnce` tasks and lets `mostWaiting` wait. */
export function createWorkQueue(mostAtOnce: number, mostWaiting: number): WorkQueue {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= mostAtOnce) {
      if (waiting.length >= mostWaiting) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      await promise; // who ends hands its place on
    } else running += 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
