import { InvalidArgumentError, Option } from 'commander';
import { TOP_SORTS, type TopCommandOptions } from '../../terminal/top/sorts.ts';
import type { CommandLine } from './command-line.ts';

/** top. */
export function addTopCommand({ program, layout, done }: CommandLine): void {
  program
    .command('top')
    .description('show hosts, services and broken promises, live; the worst first')
    .option('--every <seconds>', 'how often it looks', seconds, 5)
    .addOption(new Option('--sort <key>', 'what hosts are sorted by').choices(TOP_SORTS).default('worst'))
    .option('--prefix <name>', 'what the names of metrics begin with, before the host', 'collectd')
    .option('--once', 'print it once, with all hosts; also where there is no terminal')
    .option('--json', 'print it once, as JSON')
    .addHelpText('after', HELP)
    .action(async (options: TopCommandOptions) => done(await (await import('../commands/top.ts')).top(layout(), options)));
}

function seconds(text: string): number {
  const number = Number(text);
  if (number >= 1 && number <= 3600) return number;
  throw new InvalidArgumentError('expected seconds, 1 to 3600.');
}

const HELP = `
Hosts are those whose collectd sends to the store of this installation, or to its carbon server. Their cores are counted
from what they send; a host is silent when its newest point is older than two minutes.

Keys: q quit, h help, arrows and pages scroll, s sorts, r turns the order round, + and - look more or less often.

Examples:
  dkm top
  dkm top --sort disk
  dkm top --json | jq '.hosts[] | select(.disk > 90) | .name'

Exit codes: 0 fine, also where something is not well; 1 the query service does not answer (--once, --json).`;
