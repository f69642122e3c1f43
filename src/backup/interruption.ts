import { outliveReaders } from '../base/terminal.ts';

const INTERRUPTIONS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does work that Ctrl-C, SIGTERM and the end of the terminal only ask to end, so that it can tidy up after itself. */
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
