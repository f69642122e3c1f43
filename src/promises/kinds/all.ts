import type { RunKind } from './kind.ts';

/** Every built-in kind by its name, each loaded when it is first needed. */
export const KINDS: Readonly<Record<string, () => Promise<RunKind>>> = {};
