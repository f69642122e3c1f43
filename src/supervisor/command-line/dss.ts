import { InvalidArgumentError, Option } from 'commander';
import type { CommandLine } from './command-line.ts';

/** dss, dss check, dss legacy. */
export function addDssCommands({ program, layout, done }: CommandLine): void {
  const dss = program
    .command('dss')
    .description('say what Dataiku DSS has to be told to send its metrics here, and see whether they come')
    .addHelpText('after', HELP)
    .option('--instance <name>', "how this DSS is called in its metrics' names (default: this machine's name)")
    .addOption(new Option('--host <name>', 'how the machine of DSS calls this one: a name or an address').argParser(hostName))
    .option('--json', 'print it as JSON')
    .action(async (options: { instance?: string; host?: string; json?: boolean }) =>
      done(await (await import('../commands/dss.ts')).connect(layout(), options)),
    );
  dss
    .command('check')
    .description('see whether data of DSS arrives, of which instances, and how old it is')
    .addOption(new Option('--prefix <prefix...>', 'also look at and below a prefix that was set in DSS').argParser(prefixes))
    .option('--json', 'print it as JSON')
    .action(async (options: { prefix?: string[]; json?: boolean }) => done(await (await import('../commands/dss-check.ts')).checkArrival(layout(), options)));
  dss
    .command('legacy')
    .description("print a file for conf/collectd.d: collectd's metrics a second time, as the dashboards of dkumonitor call them")
    .action(async () => done(await (await import('../commands/dss.ts')).legacy(layout())));
}

function hostName(text: string): string {
  if (/^[A-Za-z0-9_.:-]{1,253}$/.test(text)) return text;
  throw new InvalidArgumentError('expected a host name or an address, without a port.');
}

/** Parts of names as metrics have them: a pattern would stand for more than what somebody set. */
function prefixes(text: string, earlier: string[] = []): string[] {
  const prefix = text.replace(/\.+$/, '');
  if (/^[^\s.*?{}[\]]+(\.[^\s.*?{}[\]]+)*$/.test(prefix)) return [...earlier, prefix];
  throw new InvalidArgumentError('expected the beginning of names, such as dataiku.dss.design.');
}

const HELP = `
Examples:
  dkm dss --instance design                  what to type and paste, for a DSS that is to be called "design"
  dkm dss --instance design --host 192.0.2.7
  dkm dss check
  dkm dss check --prefix production.dss
  dkm dss legacy > conf/collectd.d/dss-legacy.conf && dkm restart collectd

Exit codes of "check": 0 at least one instance sends, and none is silent; 1 otherwise, with what to look at.`;
