import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { DkmError } from '../src/base/errors.ts';
import { VERSION } from '../src/base/version.ts';
import { wholeNumber } from '../src/base/whole-number.ts';
import { INSTALL_TYPES, ROLES, type InstallType } from '../src/contract/install-type.ts';

/** What was typed; undefined where nothing was. */
export interface Options {
  directory: string;
  port?: string;
  type?: InstallType;
  listen?: string;
  carbonListen?: string;
  queryListen?: string;
  carbonServer?: string;
  hostname?: string;
  systemCollectd: boolean;
  allowRoot: boolean;
  start: boolean;
  dryRun: boolean;
  json: boolean;
  update: boolean;
  /** Seconds for which services must stay well after an update. */
  watch: number;
  /** How many versions stay after an update. */
  keep: number;
  /** Take an older version, too. */
  force: boolean;
  /** The component that is to fill a role from now on. */
  provider: Record<string, string>;
  uninstall: boolean;
  purge: boolean;
  yes: boolean;
  /** Folder of the unpacked bundle; the executable's own when left out. */
  bundle?: string;
}

const EXAMPLES = `
Types:
  all            store, query, dashboards and collector (default)
  server         store, query, dashboards
  agent          collector; sends to --carbon-server
  backend        store, query
  frontend       dashboards; asks --carbon-server, which needs --query-listen ADDRESS
  backend-agent  store, query, collector

Examples:
  ./installer -d /data/dkm -p 15000 --start
  ./installer -d ~/agent -t agent --carbon-server monitor.example.org:15001
  ./installer -d /data/dkm -u               update it to this bundle; what fails is taken back
  ./installer -d /data/dkm --uninstall      data and configuration stay

Exit codes: 0 done, or nothing to do; 1 failed; 2 wrong usage; 4 refused before anything was changed.`;

/** Parses the command line. Returns undefined when --help or --version was asked for and answered. Throws `usage`. */
export function parseOptions(argv: readonly string[]): Options | undefined {
  const command = installerCommand();
  let complaint = '';
  command.configureOutput({ writeErr: (text) => (complaint += text) }).exitOverride();
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new DkmError('usage', complaint.trim().replace(/^error: /, '') || error.message, { hint: 'installer --help lists the options.', cause: error });
  }
  refuseContradictions(command.opts<Options>());
  const { carbonapiListen, ...options } = command.opts<Options & { carbonapiListen?: string }>();
  return carbonapiListen === undefined ? options : { ...options, queryListen: options.queryListen ?? carbonapiListen };
}

function refuseContradictions({ update, uninstall, purge }: Options): void {
  const wrong = update && uninstall ? '--update and --uninstall exclude each other.' : purge && !uninstall ? '--purge goes with --uninstall.' : undefined;
  if (wrong !== undefined) throw new DkmError('usage', wrong, { hint: 'installer --help lists the options.' });
}

/** How long services must stay well after a change of version: longer than most programs need to find out that they cannot work. */
export const DEFAULT_WATCH_S = 30;
/** The present version and the one before it. */
export const DEFAULT_KEEP = 2;

function collectProvider(text: string, before: Record<string, string>): Record<string, string> {
  const [role = '', name = ''] = text.split('=');
  if (ROLES.some((known) => known === role) && name !== '') return { ...before, [role]: name };
  throw new InvalidArgumentError('expected ROLE=NAME, such as store=go-carbon.');
}

function installerCommand(): Command {
  return new Command('installer')
    .description('Installs this bundle into a directory, without root and without network.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .requiredOption('-d, --directory <dir>', 'where to install; made when missing')
    .option('-p, --port <port>', 'first of ten ports (default: 15000)')
    .addOption(new Option('-t, --type <type>', 'what to install (default: all)').choices(INSTALL_TYPES))
    .option('--listen <address>', 'address of the dashboards (default: 0.0.0.0)')
    .option('-l, --carbon-listen <address>', 'address that receives metrics (default: 0.0.0.0)')
    .option('--query-listen <address>', 'address of the Graphite query API (default: 127.0.0.1)')
    .addOption(new Option('--carbonapi-listen <address>', 'the same as --query-listen').hideHelp())
    .option('--carbon-server <host[:port]>', 'the server of an agent or frontend; its carbon port (default: the second of our ten)')
    .option('--hostname <fqdn>', "this machine's full name in metrics")
    .option('--system-collectd', "use the system's collectd in place of the bundled one", false)
    .option('--allow-root', 'install as root; everything will run as root', false)
    .option('--start', 'start everything afterwards', false)
    .option('-u, --update', 'update what is installed there to this bundle, and go back when services do not stay well', false)
    .option('--watch <seconds>', 'how long they must stay well before an update counts', wholeNumber(0, 86_400), DEFAULT_WATCH_S)
    .option('--keep <count>', 'versions that stay after an update, the new one among them', wholeNumber(1, 100), DEFAULT_KEEP)
    .option('--force', 'update to an older version, too', false)
    .option('--provider <role=name>', 'at an update: have this component fill a role from now on (repeatable)', collectProvider, {})
    .option('--uninstall', 'take dkm away; data and configuration stay for a later installation', false)
    .option('--purge', 'with --uninstall: take data and configuration away, too', false)
    .option('--yes', 'do not ask', false)
    .option('--dry-run', 'print what would be done and change nothing', false)
    .option('--json', 'print one JSON object in place of text', false)
    .addOption(new Option('--bundle <dir>', 'the unpacked bundle').hideHelp())
    .allowExcessArguments(false)
    .addHelpText('after', EXAMPLES);
}
