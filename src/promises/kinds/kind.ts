import type { Layout } from '../../base/layout.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import type { ServiceStatus } from '../../contract/status.ts';

/** What a check of a built-in kind may use besides its settings. */
export interface KindContext {
  layout: Layout;
  /** Aborted when its time is over, or nobody wants its outcome any more. */
  signal: AbortSignal;
  /** Milliseconds it has. */
  timeoutMs: number;
  /** The clock, milliseconds since the epoch. */
  now: () => number;
  /** The services as their supervisor sees them now; as run/status.json says where it is not the supervisor that asks. */
  services: () => readonly ServiceStatus[];
}

/**
 * Checks once. What it finds wrong is its outcome; it throws only for what it did not expect, which the runner
 * makes a failed outcome of. Its settings were checked when they were read (src/promises/definitions).
 */
export type RunKind<Settings = Record<string, unknown>> = (settings: Settings, context: KindContext) => Promise<PromiseOutcome>;
