import { wholeNumber } from '../../base/whole-number.ts';
import type { CommandLine } from './command-line.ts';

/** rollback. */
export function addUpdateCommands({ program, layout, done }: CommandLine): void {
  program
    .command('rollback')
    .description('go back to the version before the last update, or another one that is kept')
    .option('--to <version>', 'a kept version, as --list shows it')
    .option('--list', 'show the versions that are kept, and change nothing')
    .option('--watch <seconds>', 'how long services must stay well before it counts (default: 30)', wholeNumber(0, 86_400))
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object')
    .addHelpText('after', ROLLBACK_HELP)
    .action(async (options: { to?: string; list?: boolean; watch?: number; yes?: boolean; json?: boolean }) =>
      done(await (await import('../commands/rollback.ts')).rollback(layout(), options)),
    );
}

const ROLLBACK_HELP = `
Executables and links are those of that version. The configuration is as it was when that version was left, with your
edits since; where both changed the same lines yours stay, and the earlier text is put beside, with .new. Secrets and
stored metrics stay as they are. The dashboards' database is as it was then, if the dashboards' program is of another
version: what was saved since is kept beside. When the services do not stay well, the present version comes back.`;
