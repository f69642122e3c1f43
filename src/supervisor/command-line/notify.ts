import type { CommandLine } from './command-line.ts';

/** notify test, status. */
export function addNotifyCommands({ program, layout, done }: CommandLine): void {
  const notify = program.command('notify').description('who is told when a promise breaks: try it out, see how it goes').addHelpText('after', HELP);
  notify
    .command('test')
    .description('send a test message, and say what came back')
    .argument('[channel]', 'default: all of them')
    .option('--json', 'print it as JSON')
    .action(async (channel: string | undefined, options: { json?: boolean }) =>
      done(await (await import('../commands/notify.ts')).notifyTest(layout(), channel, options)),
    );
  notify
    .command('status')
    .description('show what was delivered last to each channel, what waits and what went wrong')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => done(await (await import('../commands/notify.ts')).notifyStatus(layout(), options)));
}

const HELP = `
Channels stand in conf/notify.toml, with examples. "test" goes by that file as it is now; what was edited in it holds for
everything else after "dkm reload".

Exit codes: 0 every channel took it, or is reached; 1 one did not, or is not.`;
