import { InvalidArgumentError } from 'commander';
import { wholeNumber } from '../../base/whole-number.ts';
import type { GraphCommandOptions } from '../commands/graph.ts';
import type { CommandLine } from './command-line.ts';

/** graph. */
export function addGraphCommand({ program, layout, done }: CommandLine): void {
  program
    .command('graph')
    .description('draw series of metrics in the terminal')
    .argument('<target...>', "names of metrics, patterns, and Graphite's functions of them")
    .option('--from <time>', 'where the picture begins', '-1h')
    .option('--until <time>', 'where it ends', 'now')
    .option('--width <columns>', 'characters of a line (default: those of the terminal, else $COLUMNS, else 80)', wholeNumber(20, 1000))
    .option('--height <lines>', 'lines of the picture, without times and legend', wholeNumber(2, 200))
    .option('--stack', 'areas on top of each other in place of lines')
    .option('--min <value>', 'where the axis of values begins', anyNumber)
    .option('--max <value>', 'where it ends', anyNumber)
    .option('--unit <unit>', 'unit of the values, by its name in Grafana: bytes, percent, ms, Bps, short, … (default: what the names speak of)')
    .option('--ascii', 'draw with ASCII characters alone, as where the locale is not UTF-8')
    .option('--watch [seconds]', 'draw again every so many seconds (10), until q or Ctrl-C', seconds)
    .option('--csv', 'print the points as CSV, with times in UTC')
    .option('--json', 'print the points as JSON')
    .addHelpText('after', HELP)
    .action(async (targets: string[], options: GraphCommandOptions) => done(await (await import('../commands/graph.ts')).graph(layout(), targets, options)));
}

function anyNumber(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('expected a number.');
}

function seconds(text: string): number {
  const number = Number(text);
  if (number >= 1 && number <= 86_400) return number;
  throw new InvalidArgumentError('expected seconds, 1 to 86400.');
}

const HELP = `
Times: -90min, -6h, -7d back from now; now, today, yesterday; 14:30, 2026-11-21, "2026-11-21 14:30" (local time);
seconds since the epoch.

Every column shows the least and the greatest value of its time, so that no peak is lost; where nothing was sent nothing
is drawn. Colours on a terminal only, and not when NO_COLOR is set: then a character stands for each series.

Examples:
  dkm graph 'collectd.*.*.*.load.load.shortterm'
  dkm graph 'collectd.org.example.web.memory.memory.*' --stack --from -1d
  dkm graph 'averageSeries(collectd.org.example.web.cpu.*.cpu.user)' --unit percent --min 0 --max 100
  dkm graph 'dataiku.dss.design.*' --from 09:00 --until 12:00 --csv > morning.csv

Exit codes: 0 something was drawn; 1 there is nothing, or the query service does not answer; 2 wrong usage.`;
