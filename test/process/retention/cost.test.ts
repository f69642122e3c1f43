import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, statfsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, runOrThrow } from '../../../src/base/exec.ts';
import { loadRetention, parseRetentions } from '../../../src/manifest/retention.ts';
import { diskBytesAt, secondsWritten } from '../../../src/retention/growth.ts';
import { decide, loadRules } from '../../../src/retention/rules.ts';
import { storeOf } from '../../../src/retention/store.ts';
import { readSettings } from '../../../src/contract/settings.ts';
import { fileBytesOf, readHeader } from '../../../src/whisper/format.ts';
import { lines, now, sendTcp } from '../../helpers/graphite.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';
import { builtStore, PYTHON, storeInstallation, type StoreName } from './store-installation.ts';

/* What a metric costs, and which archives a name gets: beside whisper itself and the stores. */

const VERSION = '1.1.10';
const MANIFESTS = join(import.meta.dirname, '..', '..', '..', 'vendor-manifests');
const DAY = 86_400;
let site: string | undefined;

beforeAll(async () => {
  if (PYTHON === undefined) return;
  const target = realpathSync(mkdtempSync(join(tmpdir(), 'dkm-whisper-')));
  const options = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', target, `whisper==${VERSION}`];
  if ((await run(PYTHON, options, { timeoutMs: 100_000 })).code === 0) site = target;
  else rmSync(target, { recursive: true, force: true });
});

afterAll(() => {
  if (site !== undefined) rmSync(site, { recursive: true, force: true });
});

const SHIPPED = await loadRetention(MANIFESTS);

/** False on file systems that do not leave holes in files. */
function leavesHoles(directory: string): boolean {
  const path = join(directory, 'holes');
  execFileSync('truncate', ['-s', '1M', path]);
  return execFileSync('stat', ['-c', '%b', path], { encoding: 'utf8' }).trim() === '0';
}

describe('what a metric takes of the disk', () => {
  it.for(SHIPPED.rule)('is what the files of whisper take, as they fill: $name', async ({ retentions }, { skip }) => {
    skip(site === undefined, `whisper ${VERSION} cannot be had here: python3 with pip, and a network or a pip mirror, enable it`);
    const directory = temporaryDirectory();
    skip(!leavesHoles(directory), 'the file system of the temporary directory stores holes: TMPDIR on ext4 or xfs enables it');
    const block = statfsSync(directory).bsize;
    const archives = parseRetentions(retentions);
    const step = archives[0]?.stepSeconds ?? 0;
    const spans = [0, 3600, 6 * 3600, DAY, 3 * DAY];
    const task = { do: 'grow', path: join(directory, 'x.wsp'), archives: archives.map(({ stepSeconds, points }) => [stepSeconds, points]), step, spans };
    const env = { ...process.env, PYTHONPATH: site, NOW: `${now()}` };
    const program = join(import.meta.dirname, 'reference.py');
    const [sizes] = JSON.parse(await runOrThrow(PYTHON!, [program], { env, input: JSON.stringify([task]), timeoutMs: 100_000 })) as [[number, number][]];
    expect(sizes.map(([bytes]) => bytes)).toEqual(spans.map(() => fileBytesOf({ archives })));
    for (const [index, span] of spans.entries()) {
      const disk = sizes[index]![1];
      // One block more or less: where in an interval the first point came.
      expect(Math.abs(disk - diskBytesAt(archives, span, block)), `after ${span} s: ${disk}`).toBeLessThanOrEqual(block * archives.length);
      // The age that is taken from the size: a block of the archive that grows fastest is what it can be wrong by.
      const finest = archives.find(({ stepSeconds, points }) => stepSeconds * points > span)!;
      const blockSeconds = (block / 12) * finest.stepSeconds;
      expect(Math.abs(secondsWritten(archives, disk, block) - span), `${span} s`).toBeLessThanOrEqual(2 * blockSeconds + 1800);
    }
  });
});

/** Names of every group, and ones that look like them. */
const NAMES = [
  'carbon.agents.host.cpuUsage',
  'dkm.org.example.host.service.collectd.restarts',
  'collectd.org.example.host.cpu.0.cpu.user',
  'collectd.org.example.host.processes.ps_count.count',
  'telegraf.org.example.host.net.eth0.bytes_recv',
  'dss.design.collectd.memory.memory.used',
  'dataiku.dss.design.collectd.memory.memory.used',
  'dss.org.example.design.11200.collectd.memory.memory.used',
  'dss.design.backend.jvm.memory.heap.used',
  'dataiku.dss.design.backend.requests.count',
  'dataiku.dss.design.backend.requests.p99',
  'stats.counters.logins.count',
  'stats_counts.logins',
  'stats.timers.login.lower',
  'stats.timers.login.upper_90',
  'carbonate.x',
  'collectd',
  'my.collectd.cpu',
];

describe.each<StoreName>(['go-carbon', 'carbon-cache'])('%s', (store) => {
  it('gives each metric the archives and the method that the shipped rules have for it', async ({ skip }) => {
    const component = builtStore(store);
    skip(component === undefined, `${store} is not built: "npm run make-package -- --fallback --provider store=${store}" builds it`);
    skip(store === 'carbon-cache' && PYTHON === undefined, 'carbon-cache needs python3');
    const { dkm, layout, port, whisper } = await storeInstallation(store, component);
    const started = await dkm('start');
    expect(started.code, started.stdout + started.stderr).toBe(0);
    await sendTcp(port + 1, lines(NAMES.map((name) => [name, 1, now()])));
    const rules = await loadRules(await storeOf(layout, await readSettings(layout.settings)));
    const made = await eventually(
      'every metric has a file',
      async () =>
        Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await shapeOf(join(whisper, `${name.replaceAll('.', '/')}.wsp`))] as const))),
      90_000,
    );
    const ruled = NAMES.map((name) => {
      const decision = decide(name, rules);
      return [name, decision.kind === 'ruled' ? decision.shape : decision.kind] as const;
    });
    expect(made).toEqual(Object.fromEntries(ruled));
  });
});

async function shapeOf(path: string): Promise<unknown> {
  const bytes = await readFile(path);
  const read = readHeader(bytes, bytes.length);
  if (read.kind !== 'whisper') return read.kind;
  const { archives, method, xFilesFactor } = read.header;
  return { archives: archives.map(({ stepSeconds, points }) => ({ stepSeconds, points })), method, xFilesFactor };
}
