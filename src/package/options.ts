import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { currentPlatform, PLATFORMS, type Platform } from '../base/platform.ts';
import { VERSION } from '../base/version.ts';
import { VERIFICATION_LEVELS, type VerificationLevel } from '../contract/verification.ts';

/** What make-package was asked for; folders are absolute. */
export interface PackageOptions {
  platform: Platform;
  vendorDir: string;
  downloadOnly: boolean;
  offline: boolean;
  fallback: boolean;
  provider: { role: string; name: string }[];
  with: Map<string, string>;
  without: string[];
  require?: VerificationLevel;
  skipBuild: boolean;
  skipArchive: boolean;
  out: string;
  jobs: number;
  json: boolean;
  /** Folders of other manifests and templates, and where to work: for tests. */
  manifests: string;
  templates: string;
  buildDir: string;
}

export interface PackageActions {
  make: (options: PackageOptions) => Promise<void>;
  pin: (names: string[], options: PackageOptions) => Promise<void>;
}

/** make-package's command line. `project` is the folder that relative defaults are in. */
export function packageCommand(project: string, actions: PackageActions): Command {
  const command = new Command('make-package')
    .description('Builds the bundle: one tarball with everything an installation needs.')
    .version(VERSION)
    .addOption(new Option('--platform <platform>', 'what it is to run on').choices(PLATFORMS).default(currentPlatform()))
    .option('--vendor-dir <dir>', 'cache and offline mirror of what is downloaded', folder, resolve(project, 'vendor'))
    .option('--download-only', 'fill the vendor directory and stop', false)
    .option('--offline', 'take everything from the vendor directory', false)
    .option('--fallback', 'where the first provider of a role cannot be had, take the next', false)
    .option('--provider <role=name>', 'take this provider (repeatable)', collectProvider, [])
    .option('--with <name=path>', 'take a component from an archive, a folder or a program here (repeatable)', collectGiven, new Map<string, string>())
    .option('--without <name>', 'leave a component out (repeatable)', (name: string, names: string[]) => [...names, name], [])
    .addOption(new Option('--require <level>', 'refuse what is verified by less').choices(VERIFICATION_LEVELS))
    .option('--skip-build', 'keep the last executable where its sources are unchanged', false)
    .option('--skip-archive', 'leave the bundle as a folder', false)
    .option('--out <dir>', 'where the bundle is written', folder, resolve(project, 'dist'))
    .option('--jobs <n>', 'how many components are fetched or built at the same time', positive, 4)
    .option('--json', 'one JSON object on standard output', false)
    .addOption(new Option('--manifests <dir>').argParser(folder).default(resolve(project, 'vendor-manifests')).hideHelp())
    .addOption(new Option('--templates <dir>').argParser(folder).default(resolve(project, 'templates')).hideHelp())
    .addOption(new Option('--build-dir <dir>').argParser(folder).default(resolve(project, 'build')).hideHelp())
    .showHelpAfterError('Try: npm run make-package -- --help')
    .action((options: PackageOptions) => actions.make(options));
  command
    .command('pin <name...>')
    .description('record the publisher’s digests in the manifests of components, after checking the files against them')
    .action((names: string[]) => actions.pin(names, command.opts<PackageOptions>()));
  command.addHelpText('after', HELP);
  return command;
}

const HELP = `
Exit codes: 0 fine, 1 failed, 2 wrong usage, 4 refused because it is verified too weakly, 70 a defect of make-package.
What the programs it runs print goes to build/build.log.

  npm run make-package -- --fallback                               what can be had here
  npm run make-package -- --download-only --vendor-dir mirror      on a machine with network, then
  npm run make-package -- --offline --vendor-dir mirror            on one without
  npm run make-package -- --with grafana=./grafana.tar.gz`;

function folder(path: string): string {
  return resolve(path);
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.');
  return number;
}

function split(text: string, form: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError(`Expected ${form}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function collectProvider(text: string, before: PackageOptions['provider']): PackageOptions['provider'] {
  const [role, name] = split(text, 'ROLE=NAME, such as store=carbon-cache');
  return [...before, { role, name }];
}

function collectGiven(text: string, before: Map<string, string>): Map<string, string> {
  const [name, path] = split(text, 'NAME=PATH, such as grafana=./grafana.tar.gz');
  return new Map([...before, [name, path]]);
}
