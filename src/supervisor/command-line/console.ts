import { Option, type Command } from 'commander';
import { wholeNumber } from '../../base/whole-number.ts';
import type { AccountRole } from '../commands/console-accounts.ts';
import type { CommandLine } from './command-line.ts';

/** console account, token, certificate, audit. */
export function addConsoleCommands(commandLine: CommandLine): void {
  const { program, layout, done } = commandLine;
  const console = program
    .command('console')
    .description("who may log in to the console, programs' tokens, its certificate, its audit log")
    .addHelpText('after', HELP);
  addAccountCommands(console, commandLine);
  addTokenCommands(console, commandLine);
  console
    .command('certificate')
    .description('make a self-signed certificate for this host, or renew it when it expires soon')
    .option('--name <name...>', 'more host names or addresses it is for')
    .option('--force', 'make a new one in any case')
    .option('--json', 'print it as JSON')
    .action(async (options: { name?: string[]; force?: boolean; json?: boolean }) =>
      done(await (await import('../commands/console-certificate.ts')).certificate(layout(), options)),
    );
  console
    .command('audit')
    .description('show who did what in the console')
    .option('-n, --lines <count>', 'how many entries', wholeNumber(1, 10_000), 20)
    .option('--json', 'print them as JSON')
    .action(async (options: { lines: number; json?: boolean }) => done(await (await import('../commands/console-audit.ts')).showAudit(layout(), options)));
}

/** Loaded when it is needed. */
const accounts = () => import('../commands/console-accounts.ts');

function addAccountCommands(console: Command, { layout, done }: CommandLine): void {
  const account = console.command('account').description('accounts besides admin');
  account
    .command('list')
    .description('show who may log in')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => done(await (await accounts()).listAccounts(layout(), options)));
  account
    .command('add')
    .description('let somebody in; the password comes from standard input')
    .argument('<name>')
    .addOption(roleOption())
    .option('--generate', 'make a password and print it, once')
    .action(async (name: string, options: { role: AccountRole; generate?: boolean }) => done(await (await accounts()).addAccount(layout(), name, options)));
  account
    .command('password')
    .description('set another password, from standard input, and end the sessions of the old one')
    .argument('<name>')
    .option('--generate', 'make a password and print it, once')
    .action(async (name: string, options: { generate?: boolean }) => done(await (await accounts()).setPassword(layout(), name, options)));
  account
    .command('remove')
    .description('take an account away, and its sessions')
    .argument('<name>')
    .action(async (name: string) => done(await (await accounts()).removeAccount(layout(), name)));
}

function addTokenCommands(console: Command, { layout, done }: CommandLine): void {
  const token = console.command('token').description('tokens with which programs ask the console');
  token
    .command('list')
    .description('show which tokens there are, and when each was last used')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => done(await (await accounts()).listTokens(layout(), options)));
  token
    .command('add')
    .description('make a token and print it, once')
    .argument('<name>', 'what it is for')
    .addOption(roleOption())
    .option('--days <count>', 'how long it counts; 0 for ever', wholeNumber(0, 3650), 365)
    .option('--json', 'print it as JSON')
    .action(async (name: string, options: { role: AccountRole; days: number; json?: boolean }) =>
      done(await (await accounts()).addToken(layout(), name, options)),
    );
  token
    .command('revoke')
    .description('have a token count no more')
    .argument('<name>')
    .action(async (name: string) => done(await (await accounts()).revokeToken(layout(), name)));
}

function roleOption(): Option {
  return new Option('--role <role>', 'reader looks, operator also acts').choices(['reader', 'operator']).default('reader');
}

const HELP = `
Examples:
  dkm console account add ada --role operator
  dkm console token add backup-job --days 90
  dkm console certificate

All of it counts at once, for a console that runs too.`;
