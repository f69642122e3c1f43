import { createConnection } from 'node:net';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run, runOrThrow } from '../../src/base/exec.ts';
import { formatBundle, readBundle } from '../../src/contract/bundle.ts';
import { bytesInWords, say, sayAside, table } from '../../src/base/terminal.ts';
import { writeAtomic } from '../../src/base/files.ts';
import { bundleSize } from '../../src/bundle/open.ts';
import { freePorts } from '../helpers/ports.ts';
import { AS_WHO_I_AM } from '../helpers/installation.ts';
import { median, seconds } from './measure.ts';

/*
 * What a change of version costs, on a real bundle: the seconds of an update and of a rollback, each against `cp -r` of the
 * same tree, and how long the store's port takes no connection meanwhile.
 *
 *   node test/bench/update.ts BUNDLE [ROUNDS]
 */

/** The figures of one run. */
export interface UpdateFigures {
  bundleBytes: number;
  updateSeconds: number;
  rollbackSeconds: number;
  copySeconds: number;
  /** Longest time in which the store's port took no connection. */
  updateDownSeconds: number;
  rollbackDownSeconds: number;
}

/** Measures updates of an installation of the bundle in this folder, `rounds` times; medians. Without the watch, which is a fixed wait. */
export async function measureUpdate(bundle: string, rounds = 3): Promise<UpdateFigures> {
  const work = realpathSync(mkdtempSync(join(tmpdir(), 'dkm-bench-update-')));
  const root = join(work, 'install');
  const dkm = join(root, 'bin', 'dkm');
  try {
    const [older, newer] = [await rebuilt(bundle, work, 'older', '0.0.1'), await rebuilt(bundle, work, 'newer', '0.0.2')];
    const port = await freePorts();
    await runOrThrow(
      join(older, 'installer'),
      ['-d', root, '-p', String(port), '--hostname', 'bench.example.org', '-t', 'backend', '--start', ...AS_WHO_I_AM],
      { timeoutMs: 180_000 },
    );
    const figures: { update: Timed; rollback: Timed; copy: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const update = await withDowntime(port + 1, () => runOrThrow(join(newer, 'installer'), ['-d', root, '-u', '--watch', '0'], { timeoutMs: 180_000 }));
      const rollback = await withDowntime(port + 1, () => runOrThrow(dkm, ['rollback', '--yes', '--watch', '0'], { timeoutMs: 180_000 }));
      const copy = await seconds(() => runOrThrow('cp', ['-r', bundle, join(work, 'copy')]));
      rmSync(join(work, 'copy'), { recursive: true });
      figures.push({ update, rollback, copy });
    }
    const of = (pick: (figure: (typeof figures)[number]) => number): number => median(figures.map(pick));
    return {
      bundleBytes: bundleSize(await readBundle(bundle)),
      updateSeconds: of(({ update }) => update.took),
      rollbackSeconds: of(({ rollback }) => rollback.took),
      copySeconds: of(({ copy }) => copy),
      updateDownSeconds: of(({ update }) => update.down),
      rollbackDownSeconds: of(({ rollback }) => rollback.down),
    };
  } finally {
    await run(dkm, ['stop']).catch(() => undefined);
    rmSync(work, { recursive: true, force: true });
  }
}

/** The same bundle as another version: the work is the same, whatever differs. */
async function rebuilt(bundle: string, work: string, name: string, version: string): Promise<string> {
  const root = join(work, name);
  mkdirSync(dirname(root), { recursive: true });
  await runOrThrow('cp', ['-r', bundle, root]);
  await writeAtomic(join(root, 'bundle.json'), formatBundle({ ...(await readBundle(bundle)), version }), 0o644);
  return root;
}

interface Timed {
  took: number;
  down: number;
}

const PROBE_EVERY_MS = 5;

/** Does a job and tries to connect to a port meanwhile, without a pause; gives the longest time in which that failed. */
async function withDowntime(port: number, job: () => Promise<unknown>): Promise<Timed> {
  let isOver = false;
  let longestMs = 0;
  let refusedSince: number | undefined;
  const probing = (async (): Promise<void> => {
    while (!isOver) {
      if (await accepts(port)) {
        if (refusedSince !== undefined) longestMs = Math.max(longestMs, performance.now() - refusedSince);
        refusedSince = undefined;
      } else refusedSince ??= performance.now();
    }
  })();
  const took = await seconds(job);
  isOver = true;
  await probing;
  return { took, down: longestMs / 1000 };
}

async function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createConnection({ host: '127.0.0.1', port });
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  const answer = await promise;
  socket.destroy();
  const { promise: later, resolve: go } = Promise.withResolvers<void>();
  setTimeout(go, PROBE_EVERY_MS);
  await later;
  return answer;
}

/** The figures as a table. */
export function figuresInWords(figures: UpdateFigures): string {
  const { bundleBytes, updateSeconds, rollbackSeconds, copySeconds, updateDownSeconds, rollbackDownSeconds } = figures;
  const row = (what: string, took: number, down: number): string[] => [
    what,
    `${took.toFixed(2)} s`,
    `${(took / copySeconds).toFixed(1)} x`,
    `${down.toFixed(2)} s`,
  ];
  return table([
    ['WHAT', 'TOOK', `cp -r OF ${bytesInWords(bundleBytes)} (${copySeconds.toFixed(2)} s)`, 'STORE DOWN'],
    row('update, without the watch', updateSeconds, updateDownSeconds),
    row('rollback, without the watch', rollbackSeconds, rollbackDownSeconds),
  ]);
}

if (import.meta.main) {
  const [bundle, rounds] = process.argv.slice(2);
  if (bundle === undefined) sayAside('Usage: node test/bench/update.ts BUNDLE [ROUNDS]');
  else say(figuresInWords(await measureUpdate(bundle, Number(rounds ?? 3))));
}
