import { wholeNumber } from '../../base/whole-number.ts';
import type { FindCommandOptions } from '../commands/metrics-find.ts';
import type { SendCommandOptions } from '../commands/metrics-send.ts';
import type { CommandLine } from './command-line.ts';

/** metrics find, send. */
export function addMetricsCommands({ program, layout, done }: CommandLine): void {
  const metrics = program.command('metrics').description('find metrics by their names, and send some').addHelpText('after', HELP);
  metrics
    .command('find')
    .description('list what a pattern stands for: metrics, and folders of them (with a dot at the end)')
    .argument('[pattern]', "as in Graphite: * ? [a-z] {one,other} within each part (default: '*', the uppermost names)")
    .option('--leaves', 'metrics only, those in folders too, however deep')
    .option('--long', 'with the newest value of each metric, and how old it is')
    .option('--limit <count>', 'names at most', wholeNumber(1, 1_000_000), 1000)
    .option('--json', 'print them as JSON')
    .addHelpText('after', FIND_HELP)
    .action(async (pattern: string | undefined, options: FindCommandOptions) =>
      done(await (await import('../commands/metrics-find.ts')).find(layout(), pattern ?? '*', options)),
    );
  metrics
    .command('send')
    .description('send a value to the store, or several from standard input')
    .argument('[name]', 'such as my.backup.seconds; left out: lines "name value [time]" come from standard input')
    .argument('[value]')
    .argument('[time]', 'seconds since the epoch, or a time such as -5min or "2026-11-21 14:30" (default: now)')
    .option('--check', 'ask for it again until it can be read, for up to 30 seconds')
    .option('--json', 'print what was sent as JSON')
    .addHelpText('after', SEND_HELP)
    .allowUnknownOption() // a time such as -5min is none
    .action(async (name: string | undefined, value: string | undefined, time: string | undefined, options: SendCommandOptions) =>
      done(await (await import('../commands/metrics-send.ts')).send(layout(), { name, value, time }, options)),
    );
}

const HELP = `
Examples:
  dkm metrics find 'collectd.*.*.*'
  dkm metrics send my.backup.seconds 42`;

const FIND_HELP = `
Examples:
  dkm metrics find
  dkm metrics find 'collectd.org.example.*.load.load.*' --long
  dkm metrics find dataiku.dss --leaves --limit 100

Exit codes: 0 found; 1 there is nothing of that name (what is near it is said), or the query service does not answer.`;

const SEND_HELP = `
It goes to the store of this installation, or to its carbon server, in carbon's plaintext protocol over TCP. Nothing is
sent when one of the lines is wrong.

Examples:
  dkm metrics send my.backup.seconds 42 --check
  dkm metrics send my.backup.seconds 40 -1d
  printf 'my.a 1\\nmy.b 2 1795272000\\n' | dkm metrics send

Exit codes: 0 sent (with --check: and read again); 1 not; 2 a name, value or time is none.`;
