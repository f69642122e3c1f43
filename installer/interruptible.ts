import { interruptible } from '../src/base/interruptible.ts';
import type { Progress } from './progress.ts';

/** Does work that tidies up when it is interrupted; what tells of its progress ends with it, however it ends. */
export function interruptibly<T>(progress: Progress, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return interruptible(work).finally(() => progress.end());
}
