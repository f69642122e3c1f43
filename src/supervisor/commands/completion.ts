import type { Command } from 'commander';
import { EXIT } from '../../base/errors.ts';
import { commandFacts } from '../../terminal/command-tree.ts';
import { bashCompletion, fishCompletion, zshCompletion } from '../../terminal/completions.ts';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `dkm completion SHELL`: the script, on standard output. */
export function completion(program: Command, shell: keyof typeof SCRIPTS): number {
  process.stdout.write(SCRIPTS[shell](commandFacts(program)));
  return EXIT.fine;
}
