import { Command, CommanderError, Option } from 'commander';
import { EXIT } from '../base/errors.ts';
import { layoutOf } from '../base/layout.ts';
import { VERSION } from '../base/version.ts';
import { addBackupCommands } from './command-line/backup.ts';
import { addCompletionCommands } from './command-line/completion.ts';
import { addConfigurationCommands } from './command-line/configuration.ts';
import { addConsoleCommands } from './command-line/console.ts';
import { addDiagnosisCommands } from './command-line/diagnosis.ts';
import { addDssCommands } from './command-line/dss.ts';
import { addGraphCommand } from './command-line/graph.ts';
import { addMetricsCommands } from './command-line/metrics.ts';
import { addNotifyCommands } from './command-line/notify.ts';
import { addPromiseCommands } from './command-line/promises.ts';
import { addRetentionCommands } from './command-line/retention.ts';
import { addServiceCommands } from './command-line/services.ts';
import { addTopCommand } from './command-line/top.ts';
import { addUpdateCommands } from './command-line/update.ts';
import type { CommandLine } from './command-line/command-line.ts';
import { takeBackInterruptedRestore } from './commands/interrupted-restore.ts';
import { findInstallation, installationRoot } from './installation.ts';

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
    .addOption(directoryOption())
    .enablePositionalOptions() // what comes after "restore" is that command's own: its -d is where to restore to
    .version(VERSION)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODE_HELP);
  let directory: string | undefined;
  const commandLine: CommandLine = { program, done, layout: () => findInstallation(directory) };
  addServiceCommands(commandLine);
  addTopCommand(commandLine);
  addGraphCommand(commandLine);
  addMetricsCommands(commandLine);
  addDiagnosisCommands(commandLine);
  addConfigurationCommands(commandLine);
  addConsoleCommands(commandLine);
  addDssCommands(commandLine);
  addNotifyCommands(commandLine);
  addPromiseCommands(commandLine);
  addUpdateCommands(commandLine);
  addRetentionCommands(commandLine);
  addBackupCommands(commandLine);
  addCompletionCommands(commandLine);
  // To every other command -d may be given before and after its name.
  for (const command of program.commands) if (!hasOwnDirectory(command)) command.addOption(directoryOption().hideHelp());
  program.hook('preAction', async (_, command) => {
    directory = directoryGiven(command);
    const { foreground = false } = command.opts<{ foreground?: boolean }>();
    await takeBackInterruptedRestore(layoutOf(installationRoot(directory)), command.name(), { foreground });
  });
  return program;
}

function directoryOption(): Option {
  return new Option('-d, --directory <dir>', 'the installed directory (default: the one this dkm is part of)');
}

function hasOwnDirectory(command: Command): boolean {
  return command.name() === 'restore';
}

/** The installed directory as it was typed with a command, or before it. */
function directoryGiven(command: Command | null): string | undefined {
  if (command === null) return undefined;
  const own = hasOwnDirectory(command) ? undefined : command.opts<Shared>().directory;
  return own ?? directoryGiven(command.parent);
}

const EXIT_CODE_HELP = `
Exit codes:
  0  fine
  1  a service is unhealthy or failed
  2  wrong usage
  3  status only: nothing is running
  4  refused before anything was changed
 70  a defect of dkm

Per service: conf/dkm.toml (autostart, start_timeout_s, stop_timeout_s, environment).`;
