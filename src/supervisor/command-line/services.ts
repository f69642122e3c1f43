import { InvalidArgumentError } from 'commander';
import type { CommandLine } from './command-line.ts';

/** start, stop, restart, reload, reopenlogs, status, logs, run, version. */
export function addServiceCommands({ program, layout, done }: CommandLine): void {
  program
    .command('start')
    .description('start services and wait until each is ready')
    .argument('[service...]', 'default: all but those with autostart = false')
    .option('--json', 'print what became of each service as JSON')
    .option('--foreground', 'be the supervisor, and stay until "dkm stop" or SIGTERM: for systemd, containers and their like')
    .action(async (services: string[], options: { json?: boolean; foreground?: boolean }) => {
      if (options.foreground) await (await import('../commands/start-foreground.ts')).startInForeground(layout(), services);
      done(await (await import('../commands/change.ts')).change(layout(), 'start', services, options));
    });
  program
    .command('stop')
    .description('stop services; without names all of them, and the supervisor')
    .argument('[service...]')
    .option('--json', 'print what became of each service as JSON')
    .action(async (services: string[], options: { json?: boolean }) =>
      done(await (await import('../commands/change.ts')).change(layout(), services.length === 0 ? 'shutdown' : 'stop', services, options)),
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
        done(await (await import('../commands/change.ts')).change(layout(), operation, services, options)),
      );
  }
  program
    .command('status')
    .description('show the state of services')
    .argument('[service...]')
    .option('--json', 'print it as JSON (stable, see the README)')
    .action(async (services: string[], options: { json?: boolean }) => done(await (await import('../commands/status.ts')).status(layout(), services, options)));
  program
    .command('logs')
    .description("show the end of services' logs")
    .argument('[service...]', 'default: all; "supervisor" is the supervisor itself')
    .option('-f, --follow', 'go on as lines are added')
    .option('-n, --lines <count>', 'lines per log', countOfLines, 20)
    .action(async (services: string[], options: { follow?: boolean; lines: number }) =>
      done(await (await import('../commands/logs.ts')).logs(layout(), services, options)),
    );
  program
    .command('run')
    .description('run one service in the foreground, outside the supervisor')
    .argument('<service>')
    .action(async (service: string) => done(await (await import('../commands/run.ts')).runOne(layout(), service)));
  program
    .command('version')
    .description('show the versions of dkm and of what it installed')
    .option('--json', 'print them as JSON')
    .action(async (options: { json?: boolean }) => done(await (await import('../commands/version.ts')).version(layout(), options)));
}

function countOfLines(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= 1_000_000) return count;
  throw new InvalidArgumentError('expected a number of lines from 0 to 1000000.');
}
