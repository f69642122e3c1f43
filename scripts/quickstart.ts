import { join, relative, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runInForeground } from '../src/base/exec.ts';
import { readIfPresent } from '../src/base/files.ts';
import { layoutOf } from '../src/base/layout.ts';
import { currentPlatform } from '../src/base/platform.ts';
import { say, sayAside, spanInWords } from '../src/base/terminal.ts';
import { VERSION } from '../src/base/version.ts';
import { BUNDLE_FILE, readBundle, verifiedInWords, type Bundle } from '../src/contract/bundle.ts';
import { portsFrom } from '../src/contract/ports.ts';
import { readSettings } from '../src/contract/settings.ts';
import { reversedHost } from '../src/manifest/context.ts';

/*
 * From a fresh clone to a running installation in ./demo: build the bundle with what can be had, install it, start it,
 * wait for the first metrics of this host, and say where everything is.
 *   npm run quickstart [-- DIRECTORY [PORT]]
 */

const ROOT = join(import.meta.dirname, '..');
const directory = resolve(ROOT, process.argv[2] ?? 'demo');
const wantedPort = process.argv[3];
const startedAtMs = Date.now();
const FIRST_METRIC_WITHIN_MS = 60_000;

process.chdir(ROOT);
const shown = relative(ROOT, directory) || '.';
const bundleRoot = join(ROOT, 'dist', `dkm-${VERSION}-${currentPlatform()}`);
await step('Building the bundle', '', process.execPath, 'make-package.ts', '--fallback', '--skip-archive');
if (await holdsAnotherBuild()) {
  sayAside(`\n${shown} holds an earlier build, which is started as it is. For the new one: ${shown}/bin/dkm stop && rm -rf ${shown}, and this again.`);
} else {
  const another = `For other ports: npm run quickstart -- ${shown} PORT`;
  await step('Installing it', another, join(bundleRoot, 'installer'), '-d', directory, ...(wantedPort === undefined ? [] : ['-p', wantedPort]), ...asRoot());
}
await step('Starting it', '', join(directory, 'bin', 'dkm'), 'start');
const settings = await readSettings(layoutOf(directory).settings);
const ports = portsFrom(settings.install.port);
await firstMetric();
await tell(await readBundle(layoutOf(directory).current));

/** True when the directory is installed from a bundle that was built of other inputs. */
async function holdsAnotherBuild(): Promise<boolean> {
  const installed = await readIfPresent(join(layoutOf(directory).current, BUNDLE_FILE));
  return installed !== undefined && installed !== (await readIfPresent(join(bundleRoot, BUNDLE_FILE)));
}

/** The installer does not run as root unless told to; on a machine where one is nothing else, a try-out may. */
function asRoot(): string[] {
  if (process.getuid?.() !== 0) return [];
  sayAside('You are root: the installer is told so with --allow-root. On a server, use a user of its own.');
  return ['--allow-root'];
}

async function step(title: string, otherwise: string, command: string, ...args: string[]): Promise<void> {
  sayAside(`\n== ${title}: ${command === process.execPath ? 'node' : relative(ROOT, command)} ${args.join(' ')}`);
  const exitCode = await runInForeground(command, args);
  if (exitCode === 0) return;
  sayAside(`\n${title} failed; what to do stands above. Then run "npm run quickstart" again. ${otherwise}`.trimEnd());
  process.exit(exitCode);
}

/** Waits until this host's load can be read back: collector, store and query work together. */
async function firstMetric(): Promise<void> {
  const target = `collectd.${reversedHost(settings.install.hostname)}.load.load.shortterm`;
  const url = `http://127.0.0.1:${ports.query}/render?format=json&from=-10min&target=${target}`;
  sayAside('\n== Waiting for the first metrics of this host');
  const deadline = Date.now() + FIRST_METRIC_WITHIN_MS;
  while (!(await hasPoint(url))) {
    if (Date.now() > deadline) {
      sayAside(`No point of ${target} within ${FIRST_METRIC_WITHIN_MS / 1000} s. See "${join(relative(ROOT, directory), 'bin', 'dkm')} logs".`);
      process.exit(1);
    }
    await pause(500);
  }
}

async function hasPoint(url: string): Promise<boolean> {
  try {
    const series = (await (await fetch(url, { signal: AbortSignal.timeout(5000) })).json()) as { datapoints: [number | null, number][] }[];
    return series.some(({ datapoints }) => datapoints.some(([value]) => value !== null));
  } catch {
    return false; // not answering yet
  }
}

async function tell(bundle: Bundle): Promise<void> {
  const dkm = join(shown, 'bin', 'dkm');
  await runInForeground(join(directory, 'bin', 'dkm'), ['status']);
  say(`
dkm runs in ${directory} (${spanInWords((Date.now() - startedAtMs) / 1000)}).

  charts      http://127.0.0.1:${ports.dashboards}/   user "admin", password in ${join(shown, 'conf', 'secrets', 'admin-password')}
  carbon      port ${ports.carbon} (TCP and UDP)      echo "my.first.metric 42 $(date +%s)" > /dev/tcp/127.0.0.1/${ports.carbon}
  queries     http://127.0.0.1:${ports.query}/render?target=my.first.metric&format=json
  status      ${dkm} status
  stop        ${dkm} stop${providersInWords(bundle)}`);
}

function providersInWords(bundle: Bundle): string {
  const lines = bundle.components
    .filter(({ role }) => role !== 'runtime')
    .map(({ role, name, version, source, verified }) => {
      const better = bundle.missing
        .filter((missing) => missing.role === role)
        .map((missing) => `${missing.name} could not be had: ${missing.reasons.at(-1) ?? ''}`);
      return `  ${role.padEnd(11)} ${name} ${version} (${source}, ${verifiedInWords({ source, verified })})${better.length > 0 ? `\n${' '.repeat(14)}${better.join('; ').split('\n')[0] ?? ''}` : ''}`;
    });
  return `\n\nProviders:\n${lines.join('\n')}`;
}
