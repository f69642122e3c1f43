import type { Layout } from '../../src/base/layout.ts';
import type { Generated } from '../../src/contract/generated.ts';
import type { OpenBundle } from '../../src/bundle/open.ts';
import type { Step, StepKind } from '../plan.ts';

/** `made`: it was not there, or not as it should be. `present`: nothing was to do. `kept`: the administrator's is left in place. */
export type Performed = 'made' | 'present' | 'kept';

/** What performing a step needs to know. */
export interface StepContext {
  layout: Layout;
  bundle: OpenBundle;
  /** run/generated.json's content, kept up to date by the steps. */
  generated: Generated;
  /** True when the directory holds a finished installation: what is there may be trusted. */
  isInstalled: boolean;
  signal: AbortSignal;
}

/** Makes what a step says; doing it again, or after half of it was done, ends in the same. */
export type Perform<Kind extends StepKind> = (step: Extract<Step, { kind: Kind }>, context: StepContext) => Performed | Promise<Performed>;
