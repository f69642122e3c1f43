import type { Scene } from './scene.ts';

/*
 * What `dkm doctor` finds, and what a check is.
 */

/** From bad to harmless: a problem keeps something from working, a warning will, a note is good to know. */
export const LEVELS = ['problem', 'warning', 'note'] as const;
export type Level = (typeof LEVELS)[number];

/** One thing that was found. */
export interface Finding {
  /** The check that found it. */
  check: string;
  level: Level;
  /** What is the matter, as a sentence. */
  what: string;
  /** The file, directory, service or address it is about. */
  where: string;
  /** What to do about it: the next command to type, where there is one. */
  fix: string;
}

/** A finding without the name of its check, which `examine` adds. */
export type Found = Omit<Finding, 'check'>;

/** One look at an installation and its machine. */
export interface Check {
  name: string;
  /** Milliseconds it may take. Left out: 10 seconds. */
  timeoutMs?: number;
  /** May throw: that is a finding, too. The signal is aborted when its time is over. */
  look: (scene: Scene, signal: AbortSignal) => Found[] | Promise<Found[]>;
}

/** Makes a finding of one level. */
export const problem = (what: string, where: string, fix: string): Found => ({ level: 'problem', what, where, fix });
/** See `problem`. */
export const warning = (what: string, where: string, fix: string): Found => ({ level: 'warning', what, where, fix });
/** See `problem`. */
export const note = (what: string, where: string, fix: string): Found => ({ level: 'note', what, where, fix });
