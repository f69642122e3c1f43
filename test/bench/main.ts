import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { run, runOrThrow } from '../../src/base/exec.ts';
import { currentPlatform } from '../../src/base/platform.ts';
import { bytesInWords, say, sayAside, table } from '../../src/base/terminal.ts';
import { VERSION } from '../../src/base/version.ts';
import { readBundle } from '../../src/contract/bundle.ts';
import { freePorts } from '../helpers/ports.ts';
import { AS_WHO_I_AM } from '../helpers/installation.ts';
import { benchBackup } from './backup.ts';
import { reportHosts, SHORT_HOSTS } from './hosts.ts';
import { lossBundles, reportLoss } from './loss.ts';
import { cpuSeconds, paired, residentMib, seconds, type Paired } from './measure.ts';
import { measureSupervision } from './supervision.ts';
import { supervisordPeer } from './supervisord.ts';
import { measureUpdate } from './update.ts';
import { INSTANCES, measureWatching, NAMES, PROMISES, type WatchingFigures } from './watching.ts';

/*
 * npm run bench: what dkm costs, each figure against a peer that does the same job in the same run. Ratios are
 * medians of pairs run in turn, so that a machine that gets slower meanwhile slows both.
 */

const ROOT = join(import.meta.dirname, '..', '..');
const WORK = realpathSync(mkdtempSync(join(tmpdir(), 'dkm-bench-')));
const OUT = join(WORK, 'dist');
const NAME = `dkm-${VERSION}-${currentPlatform()}`;
const REST_S = 30;
const BACKUP_METRICS = 2_000;

interface Row {
  what: string;
  ours: string;
  peer: string;
  figure: number;
  bound: number;
  unit: string;
}

const rows: Row[] = [];
const ratio = (what: string, bound: number, { ours, peer, ratio: figure }: Paired, peerName: string): void =>
  void rows.push({ what, ours: `${ours.toFixed(3)} s`, peer: `${peer.toFixed(3)} s (${peerName})`, figure, bound, unit: 'x' });

const makePackage = (...options: string[]): Promise<string> =>
  runOrThrow(process.execPath, ['make-package.ts', '--fallback', '--out', OUT, ...options], { cwd: ROOT, timeoutMs: 900_000 });

try {
  sayAside('building the bundle …');
  await makePackage();
  const tarball = join(OUT, `${NAME}.tar.gz`);

  const unpacked = join(WORK, 'unpacked');
  mkdirSync(unpacked);
  await runOrThrow('tar', ['-xzf', tarball, '-C', unpacked]);

  sayAside('make-package …');
  const peerTarball = join(WORK, 'peer.tar.gz');
  ratio(
    'make-package, everything cached',
    1.5,
    await paired(
      3,
      () => makePackage(),
      () => runOrThrow('bash', ['-o', 'pipefail', '-c', `tar -cf - -C '${unpacked}' '${NAME}' | gzip > '${peerTarball}'`]),
    ),
    'tar | gzip of the same tree',
  );

  sayAside('install …');
  const port = await freePorts();
  const plain = join(WORK, 'plain');
  const root = join(WORK, 'install');
  const installOnce = async (): Promise<unknown> =>
    runOrThrow(join(unpacked, NAME, 'installer'), ['-d', root, '-p', String(port), '--hostname', 'bench.example.org', ...AS_WHO_I_AM]);
  ratio(
    'installer, on an unpacked bundle',
    2,
    await paired(
      5,
      installOnce,
      async () => {
        mkdirSync(plain);
        await runOrThrow('tar', ['-xzf', tarball, '-C', plain]);
      },
      () => {
        rmSync(root, { recursive: true, force: true });
        rmSync(plain, { recursive: true, force: true });
      },
    ),
    'tar -xzf of it',
  );
  rmSync(root, { recursive: true, force: true });
  await installOnce();

  sayAside('start …');
  const dkm = join(root, 'bin', 'dkm');
  const { services } = JSON.parse((await run(dkm, ['status', '--json'])).stdout) as { services: { name: string }[] };
  // Each for itself, what it needs being there already: they are listed in starting order.
  const alone: number[] = [];
  for (const { name } of services) alone.push(await seconds(() => runOrThrow(dkm, ['start', name])));
  await runOrThrow(dkm, ['stop']);
  const together = await seconds(() => runOrThrow(dkm, ['start']));
  const slowest = Math.max(...alone);
  rows.push({
    what: 'start until all are ready',
    ours: `${together.toFixed(3)} s`,
    peer: `${slowest.toFixed(3)} s (slowest alone: ${services[alone.indexOf(slowest)]?.name ?? ''})`,
    figure: together / slowest,
    bound: 1.5,
    unit: 'x',
  });

  sayAside(`at rest for ${REST_S} s …`);
  const { supervisor } = JSON.parse((await run(dkm, ['status', '--json'])).stdout) as { supervisor: { pid: number } };
  await pause(5_000); // until what starting allocated is given back
  const before = cpuSeconds(supervisor.pid);
  await pause(REST_S * 1000);
  const cpuPercent = ((cpuSeconds(supervisor.pid) - before) / REST_S) * 100;
  const memoryMiB = residentMib(supervisor.pid);

  sayAside('status …');
  const peer = await supervisordPeer(
    WORK,
    services.map(() => '/bin/sleep 100000'),
  );
  rows.push({
    what: 'supervisor, resident memory',
    ours: `${memoryMiB.toFixed(1)} MiB`,
    peer: `${residentMib(peer.pid).toFixed(1)} MiB (supervisord)`,
    figure: memoryMiB,
    bound: 80,
    unit: 'MiB',
  });
  rows.push({ what: 'supervisor, CPU at rest', ours: `${cpuPercent.toFixed(2)} %`, peer: '', figure: cpuPercent, bound: 0.5, unit: '%' });
  ratio(
    'dkm status',
    0.6,
    await paired(
      15,
      () => runOrThrow(dkm, ['status']),
      () => peer.status(),
    ),
    'supervisorctl status',
  );
  await peer.stop();
  await runOrThrow(dkm, ['stop']);

  sayAside('eight services beside supervisord …');
  const eight = await measureSupervision(join(unpacked, NAME, 'installer'), WORK);
  const beside = (what: string, unit: string, bound: number, figure: (of: typeof eight.dkm) => number): void =>
    void rows.push({
      what,
      ours: `${figure(eight.dkm).toFixed(2)} ${unit}`,
      peer: `${figure(eight.supervisord).toFixed(2)} ${unit} (supervisord)`,
      figure: figure(eight.dkm),
      bound,
      unit,
    });
  beside('supervisor of eight services, resident memory', 'MiB', 64, ({ memoryMib }) => memoryMib);
  beside('supervisor of eight services, CPU', '%', 0.5, ({ cpuPercent }) => cpuPercent);
  rows.push({
    what: 'from a killed service to one that answers',
    ours: `${eight.dkm.crashToReadySeconds.toFixed(3)} s`,
    peer: `${eight.supervisord.crashToReadySeconds.toFixed(3)} s (supervisord)`,
    figure: eight.dkm.crashToReadySeconds / eight.supervisord.crashToReadySeconds,
    bound: 1.5,
    unit: 'x',
  });

  sayAside('update and rollback …');
  const update = await measureUpdate(join(unpacked, NAME));
  const againstCopy = (what: string, took: number, bound: number): void =>
    void rows.push({
      what,
      ours: `${took.toFixed(2)} s`,
      peer: `${update.copySeconds.toFixed(2)} s (cp -r of the bundle)`,
      figure: took / update.copySeconds,
      bound,
      unit: 'x',
    });
  againstCopy('update, without the watch', update.updateSeconds, 10);
  againstCopy('  of it, the store is down', update.updateDownSeconds, 10);
  againstCopy('rollback, without the watch', update.rollbackSeconds, 10);

  sayAside('backup …');
  const backup = await benchBackup(BACKUP_METRICS);
  rows.push({
    what: `backup of ${BACKUP_METRICS} metrics`,
    ours: `${backup['dkmSeconds']?.toFixed(1)} s`,
    peer: `${backup['tarSeconds']?.toFixed(1)} s (tar -czf)`,
    figure: backup['timeRatio'] ?? Number.NaN,
    bound: 1.2,
    unit: 'x',
  });
  sayAside('promises, names, instances …');
  watchingRows(await measureWatching(join(unpacked, NAME)));
  await report(tarball, join(unpacked, NAME));
  const bundles = await lossBundles(WORK);
  await reportLoss(bundles, WORK);
  await reportHosts(bundles, SHORT_HOSTS, WORK);
} finally {
  await run(join(WORK, 'install', 'bin', 'dkm'), ['stop']).catch(() => undefined);
  rmSync(WORK, { recursive: true, force: true });
}

/** What watching costs; where the peer cannot be had, its row is left out and why was said. */
function watchingRows({ promises, names, instances, firstPage }: WatchingFigures): void {
  const timed = (what: string, ours: number, peer: number, peerName: string, bound: number): void =>
    void rows.push({ what, ours: `${ours.toFixed(4)} s`, peer: `${peer.toFixed(4)} s (${peerName})`, figure: ours / peer, bound, unit: 'x' });
  const alone = (what: string, figure: number, unit: string, bound: number): void =>
    void rows.push({ what, ours: `${figure.toFixed(2)} ${unit}`, peer: '', figure, bound, unit });
  if (promises.slaposSeconds !== undefined) timed(`${PROMISES} promises at once`, promises.checkSeconds, promises.slaposSeconds, 'monitor.runpromise', 0.6);
  alone(`supervisor with ${PROMISES} promises a minute, resident memory`, promises.memoryMib, 'MiB', 90);
  alone('  CPU, with what it starts', promises.cpuPercent, '%', 8);
  timed(`a level of 1,000 among ${NAMES.toLocaleString('en')} names`, names.levelSeconds, names.directSeconds, 'the query service itself', 1.2);
  alone('  a search through all of them', names.searchSeconds, 's', 5);
  alone('  console after it, resident memory', names.consoleMib, 'MiB', 220);
  timed(`${INSTANCES} instances, 10 dead`, instances.withDeadSeconds, instances.liveSeconds, 'all alive', 1.5);
  alone('first page', firstPage.seconds * 1000, 'ms', 200);
  alone('  with all it loads', firstPage.transferredBytes / 1000, 'kB', 100);
}

async function report(tarball: string, bundleRoot: string): Promise<void> {
  say(
    table([
      ['WHAT', 'DKM', 'PEER', 'FIGURE', 'BOUND', ''],
      ...rows.map(({ what, ours, peer, figure, bound, unit }) => [
        what,
        ours,
        peer,
        `${figure.toFixed(2)} ${unit}`,
        `${bound} ${unit}`,
        figure <= bound ? 'kept' : 'MISSED',
      ]),
    ]),
  );
  const bundle = await readBundle(bundleRoot);
  const executable = bundle.files['installer'];
  const sizes: [string, number][] = [
    ...bundle.components.map(({ name, size }): [string, number] => [name, size]),
    ['executable', executable && 'size' in executable ? executable.size : 0],
  ];
  say(`\nSize of the bundle, unpacked (the tarball has ${bytesInWords(readFileSync(tarball).length)}):`);
  say(
    table(
      sizes
        .filter(([, size]) => size > 0)
        .sort((a, b) => b[1] - a[1])
        .map(([name, size]) => [`  ${name}`, bytesInWords(size)]),
    ),
  );
}
