import { Command, CommanderError } from 'commander';
import { EXIT } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { addServiceCommands } from './command-line/services.ts';
import type { CommandLine } from './command-line/command-line.ts';
import { findInstallation } from './installation.ts';

/*
 * dkm's command line. `command-line/` says which commands there are and what they take; what each does lives in
 * `commands/` under its own name and is loaded only when it is the one.
 */

interface Shared {
  directory?: string;
}

/** Runs a dkm command line (without the program's name) and returns the exit code. */
export async function runDkm(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.fine;
  const program = dkmProgram((code) => (exitCode = code));
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    throw error;
  }
  return exitCode;
}

function dkmProgram(done: (exitCode: number) => void): Command {
  const program = new Command('dkm')
    .description('Starts, stops and watches the services of a dkm installation.')
    .option('-d, --directory <dir>', 'the installed directory (default: the one this dkm is part of)')
    .version(VERSION)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODE_HELP);
  const commandLine: CommandLine = { program, done, layout: () => findInstallation(program.opts<Shared>().directory) };
  addServiceCommands(commandLine);
  return program;
}

const EXIT_CODE_HELP = `
Exit codes:
  0  fine
  1  a service is unhealthy or failed
  2  wrong usage
  3  status only: nothing is running
 70  a defect of dkm

Per service: conf/dkm.toml (autostart, start_timeout_s, stop_timeout_s, environment).`;
