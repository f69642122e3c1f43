import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { EXIT } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { findInstallation } from './installation.ts';

/*
 * dkm's command line. Each command lives in `commands/` under its own name and is loaded only when it is the one.
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
  const layout = (): ReturnType<typeof findInstallation> => findInstallation(program.opts<Shared>().directory);

  program
    .command('start')
    .description('start services and wait until each is ready')
    .argument('[service...]', 'default: all but those with autostart = false')
    .option('--json', 'print what became of each service as JSON')
    .action(async (services: string[], options: { json?: boolean }) =>
      done(await (await import('./commands/change.ts')).change(layout(), 'start', services, options)),
    );
  program
    .command('stop')
    .description('stop services; without names all of them, and the supervisor')
    .argument('[service...]')
    .option('--json', 'print what became of each service as JSON')
    .action(async (services: string[], options: { json?: boolean }) =>
      done(await (await import('./commands/change.ts')).change(layout(), services.length === 0 ? 'shutdown' : 'stop', services, options)),
    );
  for (const [operation, description] of [
    ['restart', 'stop services and start them again with their present configuration'],
    ['reload', 'have services read their configuration again, without a restart where they can'],
    ['reopenlogs', 'have services open their log files anew, after logrotate moved them'],
  ] as const) {
    program
      .command(operation)
      .description(description)
      .argument('[service...]')
      .option('--json', 'print what became of each service as JSON')
      .action(async (services: string[], options: { json?: boolean }) =>
        done(await (await import('./commands/change.ts')).change(layout(), operation, services, options)),
      );
  }
  program
    .command('status')
    .description('show the state of services')
    .argument('[service...]')
    .option('--json', 'print it as JSON (stable, see the README)')
    .action(async (services: string[], options: { json?: boolean }) => done(await (await import('./commands/status.ts')).status(layout(), services, options)));
  program
    .command('logs')
    .description("show the end of services' logs")
    .argument('[service...]', 'default: all; "supervisor" is the supervisor itself')
    .option('-f, --follow', 'go on as lines are added')
    .option('-n, --lines <count>', 'lines per log', countOfLines, 20)
    .action(async (services: string[], options: { follow?: boolean; lines: number }) =>
      done(await (await import('./commands/logs.ts')).logs(layout(), services, options)),
    );
  program
    .command('run')
    .description('run one service in the foreground, outside the supervisor')
    .argument('<service>')
    .action(async (service: string) => done(await (await import('./commands/run.ts')).runOne(layout(), service)));
  program
    .command('version')
    .description('show the versions of dkm and of what it installed')
    .option('--json', 'print them as JSON')
    .action(async (options: { json?: boolean }) => done(await (await import('./commands/version.ts')).version(layout(), options)));
  for (const command of program.commands) command.exitOverride();
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

function countOfLines(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= 1_000_000) return count;
  throw new InvalidArgumentError('expected a number of lines from 0 to 1000000.');
}
