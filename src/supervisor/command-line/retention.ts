import { InvalidArgumentError, Option, type Command } from 'commander';
import type { ApplyCommandOptions, PlanCommandOptions, ShowCommandOptions } from '../commands/retention.ts';
import type { CommandLine } from './command-line.ts';

/** retention show, plan, apply. */
export function addRetentionCommands({ program, layout, done }: CommandLine): void {
  const retention = program
    .command('retention')
    .description('show how long metrics are kept, and bring existing metrics to changed rules')
    .addHelpText('after', HELP);
  retention
    .command('show')
    .description('show the rules in force, what they cost on disk, and how many metrics are kept by other ones')
    .option('--all', 'look at every file, however long it takes (else 10 seconds)')
    .option('--json', 'print it as JSON')
    .action(async (options: ShowCommandOptions) => done(await (await import('../commands/retention.ts')).show(layout(), options)));
  restricted(retention.command('plan').description('show what "apply" would do; nothing is changed'))
    .option('--json', 'print it as JSON')
    .action(async (options: PlanCommandOptions) => done(await (await import('../commands/retention.ts')).plan(layout(), options)));
  restricted(retention.command('apply').description('convert the files of existing metrics to the rules in force, while the store runs'))
    .option('--allow-loss', 'also convert metrics whose new retentions are shorter or coarser than what they have')
    .option('--json', 'print what was done as JSON')
    .action(async (options: ApplyCommandOptions) => done(await (await import('../commands/retention.ts')).apply(layout(), options)));
}

function restricted(command: Command): Command {
  return command
    .option('--pattern <rule>', 'only metrics of one rule of storage-schemas.conf: its section or its pattern')
    .option('--metric <glob>', 'only these metrics, such as "collectd.web*.cpu.*"')
    .addOption(new Option('--files-per-second <number>', 'convert no more files in a second').argParser(positive).default(50))
    .addOption(new Option('--mib-per-second <number>', 'read and write no more in a second').argParser(positive).default(32));
}

function positive(text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('expected a number above 0.');
}

const HELP = `
Rules stand in conf/whisper/storage-schemas.conf and storage-aggregation.conf. A changed rule holds for metrics that are
new; "apply" converts the rest. It can be interrupted at any time and goes on when it is run again.

Examples:
  dkm retention show
  dkm retention plan
  dkm retention apply --pattern default --files-per-second 20`;
