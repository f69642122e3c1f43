import { InvalidArgumentError } from 'commander';
import { PORTS_PER_INSTALLATION } from '../../contract/ports.ts';
import type { RestoreOptions } from '../commands/restore.ts';
import type { CommandLine } from './command-line.ts';

/** backup, restore. */
export function addBackupCommands({ program, layout, done }: CommandLine): void {
  program
    .command('backup')
    .description('save configuration, secrets, databases and data to one file, while everything runs')
    .option('--to <file>', 'the file, or a directory for it (default: beside the installed directory)')
    .option('--exclude-data', "leave out what the store keeps; configuration and databases (Grafana's) only")
    .option('--json', 'print one JSON object')
    .addHelpText('after', BACKUP_HELP)
    .action(async (options: { to?: string; excludeData?: boolean; json?: boolean }) =>
      done(await (await import('../commands/backup.ts')).backup(layout(), options)),
    );
  program
    .command('restore')
    .configureHelp({ showGlobalOptions: false }) // their -d is another one
    .description('restore a backup, in place or with -d into another directory; a damaged one is refused before anything is touched')
    .argument('<file>')
    .option('-d, --directory <dir>', 'make another installation of it there, beside this one')
    .option('-p, --port <port>', 'first of ten ports of that one', portNumber)
    .option('--check', 'only read the backup and say whether it is whole')
    .option('--discard-old', 'in place: remove what was there before, once everything runs')
    .option('--json', 'print one JSON object')
    .addHelpText('after', RESTORE_HELP)
    .action(async (file: string, options: RestoreOptions) => done(await (await import('../commands/restore.ts')).restore(layout(), file, options)));
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65536 - PORTS_PER_INSTALLATION) return port;
  throw new InvalidArgumentError(`expected a number from 1 to ${65536 - PORTS_PER_INSTALLATION}.`);
}

const BACKUP_HELP = `
The file is a gzipped tar that only its owner may read: the secrets are in it. It can be checked without dkm:
  mkdir x && tar -xzf FILE -C x && cd x && sha256sum -c SHA256SUMS
What the store has accepted and not yet written to disk is not in it: for go-carbon and carbon-cache some seconds, as a rule.`;

const RESTORE_HELP = `
In place: the services go on until everything is unpacked, then stop, and start again. A failure, Ctrl-C or kill -9
at any moment ends in what was there before ("dkm start" sees to it after kill -9). What was there before is kept.

Beside it, for a test: dkm restore FILE -d /srv/copy -p 16000
Programs come from this installation; the configuration is written for the new directory and port, with your edits.`;
