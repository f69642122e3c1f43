import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOrThrow } from '../../src/base/exec.ts';
import { currentPlatform } from '../../src/base/platform.ts';
import { say, sayAside, table } from '../../src/base/terminal.ts';
import { VERSION } from '../../src/base/version.ts';
import { readBundle } from '../../src/contract/bundle.ts';
import { FALLBACK_PROVIDERS } from '../helpers/bundles.ts';
import { install, startAll } from '../helpers/installation.ts';
import { INCIDENTS, measureLoss, type LossFigures, type LossOptions } from '../helpers/loss.ts';
import { fetchWhisper } from '../helpers/numbered-points.ts';

/*
 * What is lost of the points that are sent while the store or the supervisor is restarted or killed. A part of
 * `npm run bench`; by itself:
 *   node test/bench/loss.ts [BUNDLE...]     bundles: unpacked ones; left out: both stores', as far as they can be had
 */

const ROOT = join(import.meta.dirname, '..', '..');
const LOAD: LossOptions = { perSecond: 10_000, metrics: 1_000, aroundMs: 10_000 };

/** Measures each bundle's store and prints a table. `work`: a directory for everything, the caller's to remove. */
export async function reportLoss(bundles: readonly string[], work: string): Promise<void> {
  const reader = await fetchWhisper(work);
  if (reader.reason !== '') {
    say(`\nLoss was not measured: ${reader.reason}.`);
    return;
  }
  const rows: string[][] = [];
  for (const bundle of bundles) {
    const store = (await readBundle(bundle)).components.find(({ role }) => role === 'store')?.name ?? '';
    sayAside(`loss of ${store} …`);
    rows.push(...(await lossOf(bundle, join(work, `loss-${store}`), reader.site)).map((figures) => rowOf(store, figures)));
  }
  say(`\nPoints lost of ${LOAD.perSecond} sent a second, of ${LOAD.metrics * 2} metrics:`);
  say(table([['STORE', 'WHAT HAPPENED', 'ACKNOWLEDGED', 'LOST', 'CUT', 'LOST', 'STREAMED', 'LOST', 'AS MUCH AS WAS SENT IN'], ...rows]));
  say('acknowledged: the store closed the connection after it had read everything; cut: it closed before that;');
  say('streamed: taken by the system from a sender that never looks.');
}

async function lossOf(bundle: string, root: string, site: string): Promise<LossFigures[]> {
  const target = await install(bundle, root, '--hostname', 'bench.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
  try {
    await startAll(target);
    const figures: LossFigures[] = [];
    for (const incident of INCIDENTS) figures.push(await measureLoss(target, site, incident, LOAD));
    return figures;
  } finally {
    await target.stop();
  }
}

function rowOf(store: string, { incident, acknowledged, cut, streamed }: LossFigures): string[] {
  const counts = [acknowledged, cut, streamed].flatMap(({ sent, lost }) => [String(sent), String(lost)]);
  const lost = acknowledged.lost + cut.lost + streamed.lost;
  return [store, incident, ...counts, `${Math.round((lost / LOAD.perSecond) * 1000)} ms`];
}

/** Builds an unpacked bundle and returns its root. */
export async function lossBundle(out: string, options: readonly string[]): Promise<string> {
  await runOrThrow(process.execPath, ['make-package.ts', '--skip-archive', '--out', out, ...options], { cwd: ROOT, timeoutMs: 900_000 });
  return join(out, `dkm-${VERSION}-${currentPlatform()}`);
}

/** The store that is had everywhere, and the first choice where it can be had. */
export async function lossBundles(work: string): Promise<string[]> {
  const fallback = await lossBundle(join(work, 'fallback'), FALLBACK_PROVIDERS);
  const first = await lossBundle(join(work, 'first-choice'), ['--fallback']);
  const storeOf = async (bundle: string): Promise<string | undefined> => (await readBundle(bundle)).components.find(({ role }) => role === 'store')?.name;
  return (await storeOf(first)) === (await storeOf(fallback)) ? [fallback] : [fallback, first];
}

if (import.meta.main) {
  const work = realpathSync(mkdtempSync(join(tmpdir(), 'dkm-loss-')));
  const given = process.argv.slice(2);
  try {
    await reportLoss(given.length > 0 ? given : await lossBundles(work), work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
