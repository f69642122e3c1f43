import { outliveReaders } from './terminal.ts';

const INTERRUPTIONS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does work that Ctrl-C, SIGTERM and the end of the terminal only ask to end, and that tidies up after itself then; a
 * second Ctrl-C does not end that, and neither does a terminal that cannot be written to any more.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  for (const signal of INTERRUPTIONS) process.on(signal, interrupt);
  outliveReaders(true);
  try {
    return await work(interruption.signal);
  } finally {
    outliveReaders(false);
    for (const signal of INTERRUPTIONS) process.off(signal, interrupt);
  }
}
