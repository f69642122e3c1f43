import { Argument } from 'commander';
import type { CommandLine } from './command-line.ts';

/** completion, man, and the command that completions ask for names. */
export function addCompletionCommands({ program, layout, done }: CommandLine): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', HELP)
    .action(async (shell: 'bash' | 'zsh' | 'fish') => done((await import('../commands/completion.ts')).completion(program, shell)));
  program
    .command('man')
    .description('show the manual page; what is no terminal gets its source')
    .option('--source', 'print the source, roff, in any case')
    .action(async (options: { source?: boolean }) => done(await (await import('../commands/man.ts')).man(program, options)));
  program
    .command('complete-names', { hidden: true })
    .argument('<kind>')
    .argument('[beginning]')
    .allowUnknownOption()
    .action(async (kind: string, beginning: string | undefined) =>
      done(await (await import('../commands/complete-names.ts')).completeNames(layout, kind, beginning ?? '')),
    );
}

const HELP = `
Install it:
  bash  dkm completion bash > ~/.local/share/bash-completion/completions/dkm
  zsh   dkm completion zsh > ~/.zfunc/_dkm        with fpath=(~/.zfunc $fpath) before compinit in ~/.zshrc
  fish  dkm completion fish > ~/.config/fish/completions/dkm.fish

or for this shell alone:
  source <(dkm completion bash)
  source <(dkm completion zsh)
  dkm completion fish | source

Names of services, promises and metrics are asked for while you type.`;
