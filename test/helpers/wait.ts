import { setTimeout as pause } from 'node:timers/promises';

/** Waits until a condition holds and returns its value; fails with `what` after `withinMs`. Never a fixed time. */
export async function eventually<T>(
  what: string,
  condition: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  withinMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let lastError = '';
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false && value !== null) return value;
    } catch (error) {
      lastError = ` (${error instanceof Error ? error.message : 'it threw'})`;
    }
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}${lastError}`);
    await pause(30);
  }
}
