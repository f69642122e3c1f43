import { InvalidArgumentError } from 'commander';
import type { CommandLine } from './command-line.ts';

/** check, promise. */
export function addPromiseCommands(commandLine: CommandLine): void {
  addCheck(commandLine);
  addPromise(commandLine);
}

function addCheck({ program, layout, done }: CommandLine): void {
  program
    .command('check')
    .description('check promises now and tell which are not kept')
    .argument('[id...]', 'default: all')
    .option('--allow-no-data', 'do not count those of which nobody can tell as not kept')
    .option('--json', 'print the outcomes as JSON')
    .addHelpText('after', CHECK_HELP)
    .action(async (ids: string[], options: { json?: boolean; allowNoData?: boolean }) =>
      done(await (await import('../commands/check.ts')).check(layout(), ids, options)),
    );
}

function addPromise({ program, layout, done }: CommandLine): void {
  const promise = program.command('promise').description('show promises and what came of them, and acknowledge broken ones').addHelpText('after', PROMISE_HELP);
  promise
    .command('list')
    .description('show every promise with its state')
    .option('--json', 'print them as JSON')
    .action(async (options: { json?: boolean }) => done(await (await import('../commands/promise.ts')).list(layout(), options)));
  promise
    .command('show')
    .description('show all that is known of a promise')
    .argument('<id>')
    .option('--json', 'print it as JSON')
    .action(async (id: string, options: { json?: boolean }) => done(await (await import('../commands/promise.ts')).show(layout(), id, options)));
  promise
    .command('run')
    .description('check some promises now, and print all that they say')
    .argument('<id...>')
    .option('--allow-no-data', 'do not count those of which nobody can tell as not kept')
    .option('--json', 'print the outcomes as JSON')
    .action(async (ids: string[], options: { json?: boolean; allowNoData?: boolean }) =>
      done(await (await import('../commands/check.ts')).check(layout(), ids, { ...options, isLong: true })),
    );
  promise
    .command('history')
    .description('show when a promise changed, and its days')
    .argument('<id>')
    .option('-n, --lines <count>', 'changes and days at most', countOfLines, 50)
    .option('--json', 'print it as JSON')
    .action(async (id: string, options: { json?: boolean; lines: number }) =>
      done(await (await import('../commands/promise.ts')).history(layout(), id, options)),
    );
  promise
    .command('acknowledge')
    .description('say that you know of a broken promise, so that nobody is told of it again for a while')
    .argument('<id>')
    .option('--for <span>', 'for how long: 30m, 4h, 2d', milliseconds, 4 * HOUR_MS)
    .option('--comment <text>', 'what is being done about it')
    .option('--withdraw', 'take it back')
    .option('--json', 'print it as JSON')
    .action(async (id: string, options: { for: number; comment?: string; withdraw?: boolean; json?: boolean }) =>
      done(await (await import('../commands/promise.ts')).acknowledge(layout(), id, options)),
    );
}

const HOUR_MS = 3_600_000;
const UNITS: Record<string, number> = { m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };
const LONGEST_DAYS = 366;

/** `30m`, `4h`, `2d` in milliseconds. Throws what commander prints. */
export function milliseconds(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const span = Number(count) * (UNITS[unit] ?? NaN);
  if (span > 0 && span <= LONGEST_DAYS * 24 * HOUR_MS) return span;
  throw new InvalidArgumentError(`expected a time span such as 30m, 4h or 2d, up to ${LONGEST_DAYS}d.`);
}

function countOfLines(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 100_000) return count;
  throw new InvalidArgumentError('expected a number from 1 to 100000.');
}

const CHECK_HELP = `
The supervisor checks them, beside those that are due anyway; one that is being checked already is waited for. While
nothing runs this command checks them itself, and what it finds is printed and not kept. Edited promises are taken up.

Examples:
  dkm check
  dkm check store-answers disk-space
  dkm check --json --allow-no-data

Exit codes: 0 all are kept; 1 one is not, or nobody can tell (see --allow-no-data); 2 there is no such promise.`;

const PROMISE_HELP = `
Promises are executables and TOML files in conf/promises.d, and those of the installed components and the machine;
conf/promises.toml changes any of them. "dkm reload" takes changes up.

Examples:
  dkm promise list
  dkm promise show disk-space
  dkm promise acknowledge disk-space --for 2d --comment "new disk is on its way"
  dkm promise acknowledge disk-space --withdraw

Exit codes: 0 fine; 1 run: one is not kept, acknowledge: there is nothing to acknowledge; 2 there is no such promise.`;
