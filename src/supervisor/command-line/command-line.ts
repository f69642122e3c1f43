import type { Command } from 'commander';
import type { Layout } from '../../base/layout.ts';

/** What a group of commands is added to. */
export interface CommandLine {
  program: Command;
  /** The installation meant; asked for by an action, so that `--help` works without one. Throws `not-an-installation`. */
  layout: () => Layout;
  /** Takes the exit code. */
  done: (exitCode: number) => void;
}
