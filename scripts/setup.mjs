// Sets up what building and testing need, with nothing but Node 20: our npm dependencies (a Node 24 among them, which
// everything else runs on) and the Debian packages that are missing. As root it installs those; otherwise it prints
// the command.
//   node scripts/setup.mjs build|test
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

/** What is needed: how to see that it is there, the Debian package that brings it, and what does without it. */
const NEEDS = {
  build: [
    { probe: ['python3', '--version'], packages: ['python3'], why: 'the Python providers, and fetching them' },
    { probe: ['python3', '-m', 'pip', '--version'], packages: ['python3-pip'], why: 'fetching the Python providers' },
    { probe: ['xz', '--version'], packages: ['xz-utils'], why: 'unpacking Debian packages' },
  ],
  test: [
    { probe: ['unshare', '--version'], packages: ['util-linux'], why: 'the tests without a network' },
    { probe: ['/usr/bin/chromium', '--version'], packages: ['chromium'], why: 'the tests of the pages in a real browser', optional: true },
    { probe: ['htpasswd', '-nb', 'a', 'b'], packages: ['apache2-utils'], why: "the tests with Apache's password files", optional: true },
    { probe: ['sh', '-c', 'command -v cadaver'], packages: ['cadaver'], why: 'the tests with a WebDAV client', optional: true },
    { probe: ['curl', '--version'], packages: ['curl'], why: 'the tests with a WebDAV client', optional: true },
    {
      probe: ['sh', '-c', 'cc --version && python3-config --includes'],
      packages: ['gcc', 'libc6-dev', 'python3-dev'],
      why: 'the tests with slapos.toolbox, part of which is compiled',
      optional: true,
    },
    { probe: ['tmux', '-V'], packages: ['tmux'], why: 'the tests in a real terminal', optional: true },
    { probe: ['zsh', '--version'], packages: ['zsh'], why: 'the tests of its completion', optional: true },
    { probe: ['fish', '--version'], packages: ['fish'], why: 'the tests of its completion', optional: true },
    { probe: ['sh', '-c', 'command -v mandoc'], packages: ['mandoc'], why: 'the tests of the manual page', optional: true },
    { probe: ['ip', '-V'], packages: ['iproute2'], why: 'the tests without a network', optional: true },
    {
      probe: ['/usr/bin/qemu-aarch64-static', '--version'],
      packages: ['qemu-user-static', 'libc6-arm64-cross', 'libstdc++6-arm64-cross'],
      why: 'starting the arm64 executable',
      optional: true,
    },
  ],
};

const purpose = process.argv[2] === 'test' ? 'test' : 'build';
const works = ([command, ...args]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const fail = (message) => {
  console.error(message);
  process.exit(1);
};

refuseOldNode();
installDependencies();
installPackages(purpose === 'test' ? [...NEEDS.build, ...NEEDS.test] : NEEDS.build);

function refuseOldNode() {
  if (Number(process.versions.node.split('.')[0]) < 20)
    fail(`Node ${process.versions.node} is too old: npm needs Node 20 or later. Install it (Debian 12: see https://nodejs.org), then run this again.`);
}

/** Runs `npm ci` when the lock file is not the one it was last run for. */
function installDependencies() {
  const stamp = join('node_modules', '.dkm-installed-for');
  const wanted = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('Installing our npm dependencies …');
  // One platform has one Node package; its install script is not needed, nor is any other's.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (npm.status !== 0) fail('npm ci failed; its messages are above. Is the package registry reachable ("npm ping")?');
  writeFileSync(stamp, wanted);
}

function installPackages(needs) {
  const missing = needs.filter((need) => !works(need.probe));
  if (missing.length === 0) return;
  const packages = missing.flatMap((need) => need.packages);
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const canInstall = works(['apt-get', '--version']) && process.getuid?.() === 0;
  if (canInstall) {
    console.error(`Installing what is missing: ${packages.join(' ')} …`);
    aptGet('update', '-q');
    aptGet('install', '-y', '-q', '--no-install-recommends', ...packages);
  }
  const stillMissing = needs.filter((need) => !works(need.probe));
  for (const { packages: names, why } of stillMissing) console.error(`Missing: ${names.join(' ')} (for ${why}).`);
  if (stillMissing.length > 0) console.error(`Install it with: ${process.getuid?.() === 0 ? '' : 'sudo '}${command}`);
  if (stillMissing.some((need) => !need.optional)) process.exit(1);
}

function aptGet(...args) {
  const apt = spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  if (apt.status !== 0) console.error(`apt-get ${args.join(' ')} failed: ${apt.stderr.trim().split('\n').slice(-3).join('\n')}`);
}
