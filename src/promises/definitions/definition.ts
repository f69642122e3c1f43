import type { PromiseCheck, Severity } from '../../contract/promise.ts';

/*
 * A promise as somebody defined it, before defaults, overrides and templates: the common form of a table of a manifest, a
 * file in conf/promises.d and a partition of SlapOS.
 */

export interface Definition {
  id: string;
  title: string;
  /** A component's name, `host`, or a path relative to the installed directory. */
  origin: string;
  /** Where it stands, for people. */
  file: string;
  enabled: boolean;
  severity?: Severity | undefined;
  frequency?: string | undefined;
  timeoutS?: number | undefined;
  /** Where nobody says how often. */
  usualFrequency: string;
  usualTimeoutS: number;
  check: Exclude<PromiseCheck, { kind: 'built-in' }> | { kind: 'built-in'; name: string; settings: Record<string, unknown> };
  publicPaths: string[];
  privatePaths: string[];
  /** Fills a template in; left out where text is taken as it is. Throws where a name is not known. */
  fill?: ((text: string, key: string) => string) | undefined;
}

/** What is wrong with a file of promises; everything else in it holds. */
export interface Fault {
  /** Relative to the installed directory, or the name of a manifest. */
  file: string;
  message: string;
}

/** What was read, and what could not be. */
export interface Defined {
  definitions: Definition[];
  faults: Fault[];
}
