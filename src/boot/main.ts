import { Command, CommanderError, Option } from 'commander';
import { EXIT } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { INIT_SYSTEMS } from './facts.ts';
import type { InstallOptions } from './install-boot.ts';
import type { Place } from './place.ts';
import type { RemoveOptions } from './remove-boot.ts';

/*
 * dkmadmin's command line: what an administrator does to the machine for an installation.
 */

/** Runs a dkmadmin command line (without the program's name) and returns the exit code. */
export async function runDkmAdmin(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.fine;
  const program = dkmAdminProgram((code) => (exitCode = code));
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    throw error;
  }
  return exitCode;
}

function dkmAdminProgram(done: (exitCode: number) => void): Command {
  const program = new Command('dkmadmin')
    .description('Has the machine start a dkm installation at boot.')
    .option('-d, --directory <dir>', 'the installed directory (default: the one this dkmadmin is part of)')
    .addOption(new Option('--root <dir>', 'the root directory of another system, in which nothing is started').default('/').hideHelp())
    .version(VERSION)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', MORE_HELP);
  const place = (): Place => program.opts<Place>();
  program
    .command('install-boot')
    .description('start this installation at boot: with systemd, a sysv script, or launchd, as the machine has it')
    .option('--name <name>', 'what to call it: the unit is dkm-NAME (default: as the directory)')
    .option('--system', 'for the whole machine; takes root (default for root)')
    .option('--user', "a unit of one's own, without root; takes systemd with lingering (default for others)")
    .option('--start', 'start it now, too')
    .option('--logrotate', 'write /etc/logrotate.d/dkm-NAME, too; dkm rotates its logs itself without it')
    .addOption(new Option('--init <system>', 'in place of the init system that runs here').choices(INIT_SYSTEMS))
    .option('--dry-run', 'say what would be written and run, and do nothing')
    .option('--print', 'print the files, to be reviewed and put in place by hand, and do nothing')
    .option('--json', 'print the result as JSON')
    .action(async (options: InstallOptions) => done(await (await import('./install-boot.ts')).installBoot(place(), options)));
  program
    .command('remove-boot')
    .description('remove what install-boot made for this installation, and nothing else; what runs goes on')
    .option('--name <name>', 'only what has this name')
    .option('--dry-run', 'say what would be removed, and do nothing')
    .option('--json', 'print the result as JSON')
    .action(async (options: RemoveOptions) => done(await (await import('./remove-boot.ts')).removeBoot(place(), options)));
  program
    .command('show-boot')
    .description('show what starts this installation at boot; exit code 1 when nothing does')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => done(await (await import('./show-boot.ts')).showBoot(place(), options)));
  return program;
}

const MORE_HELP = `
DIR/bin/dkmadmin belongs to the user whose installation it is: as root you run that user's program. Where you do not
trust it, use the one of a bundle that you unpacked and verified yourself:
  sudo ./installer dkmadmin --directory DIR install-boot
or have the files printed as that user, read them, and put them in place:
  dkmadmin install-boot --system --print

Exit codes:
  0  fine
  1  failed; what was begun is taken back (show-boot: nothing starts it)
  2  wrong usage
  4  refused before anything was changed
 70  a defect of dkm`;
