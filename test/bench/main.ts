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
import { lossBundles, reportLoss } from './loss.ts';
import { cpuSeconds, paired, residentMib, seconds, type Paired } from './measure.ts';
import { measureSupervision } from './supervision.ts';
import { supervisordPeer } from './supervisord.ts';
import { measureUpdate } from './update.ts';

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
    bound: 64,
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
  await report(tarball, join(unpacked, NAME));
  await reportLoss(await lossBundles(WORK), WORK);
} finally {
  await run(join(WORK, 'install', 'bin', 'dkm'), ['stop']).catch(() => undefined);
  rmSync(WORK, { recursive: true, force: true });
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
