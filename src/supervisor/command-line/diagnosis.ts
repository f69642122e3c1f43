import type { Layout } from '../../base/layout.ts';
import { findDamagedInstallation } from '../installation.ts';
import type { CommandLine } from './command-line.ts';

/** verify, doctor, support. */
export function addDiagnosisCommands({ program, done }: CommandLine): void {
  const layout = (): Layout => findDamagedInstallation(program.opts<{ directory?: string }>().directory);
  program
    .command('verify')
    .description('compare the installed files with bundle.json, and list what you edited')
    .option('--json', 'print it as JSON')
    .addHelpText('after', VERIFY_HELP)
    .action(async (options: { json?: boolean }) => done(await (await import('../commands/verify.ts')).verify(layout(), options)));
  program
    .command('doctor')
    .description('look for what is wrong, or soon will be, and say what to do about it')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', DOCTOR_HELP)
    .action(async (options: { json?: boolean }) => done(await (await import('../commands/doctor.ts')).doctor(layout(), options)));
  program
    .command('support')
    .description('write an archive for whoever helps you, without your secrets')
    .option('--to <file>', 'the archive to write (default: dkm-support-<time>.tar.gz in the working directory)')
    .option('--hide-hosts', 'replace host names and addresses, each by the same stand-in everywhere')
    .option('--json', 'print what was collected as JSON')
    .addHelpText('after', SUPPORT_HELP)
    .action(async (options: { to?: string; hideHosts?: boolean; json?: boolean }) =>
      done(await (await import('../commands/support.ts')).support(layout(), options)),
    );
}

const VERIFY_HELP = `
Nothing has to run. Every version below versions/ is compared file by file: missing, changed, added, executable or not.
Configuration is yours: what you edited is listed and is no fault.

Exit codes: 0 as it was installed; 1 something is missing or changed.`;

const DOCTOR_HELP = `
Each finding is a problem (something does not work), a warning (it soon will not, or is open to others) or a note, with
the next command to type. Nothing is changed, and nobody is asked but this installation's own services and its carbon
server.

Exit codes: 0 no problem; 1 problems.`;

const SUPPORT_HELP = `
Nothing has to run. In the archive: versions, states, what verify and doctor find, configuration, the ends of logs,
processes, limits, disks. Not in it: metrics, conf/secrets, values of keys that look like secrets, environment values. All
known secrets are looked for in the finished archive once more; if one were in it, no archive would be written. Its
summary.json names what was left out. Have a look before you give it away: tar -tzf FILE`;
