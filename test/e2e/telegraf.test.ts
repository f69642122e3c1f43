import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOrThrow } from '../../src/base/exec.ts';
import { currentPlatform } from '../../src/base/platform.ts';
import { VERSION } from '../../src/base/version.ts';
import { FALLBACK_PROVIDERS } from '../helpers/bundles.ts';
import { expand, values } from '../helpers/graphite.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

/*
 * A real Telegraf in a bundle, beside collectd, into the store: what both measure of this host has the same names and
 * units below either prefix.
 */

const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = join(process.env['DKM_TEST_ARTIFACTS'] ?? '', 'telegraf');
const without = process.env['DKM_TEST_ARTIFACTS'] === undefined || !existsSync(PROGRAM) ? 'DKM_TEST_ARTIFACTS names no folder with the program telegraf' : '';
if (without !== '') console.log(`Skipped: Telegraf: ${without}.`);

const COLLECTD = 'collectd.org.example.probe';
const TELEGRAF = 'telegraf.org.example.probe';

describe.skipIf(without !== '')('Telegraf', () => {
  const root = workDirectory('telegraf');
  let target: Installation;
  const query = (): number => target.port + 2;
  const telegraf = (): Promise<Set<string>> => namesBelow(query(), TELEGRAF);

  beforeAll(async () => {
    const out = join(ROOT, 'build', 'e2e', 'telegraf');
    await runOrThrow(process.execPath, ['make-package.ts', '--skip-archive', '--out', out, ...FALLBACK_PROVIDERS, '--with', `telegraf=${PROGRAM}`], {
      cwd: ROOT,
      timeoutMs: 15 * 60_000,
    });
    const bundle = join(out, `dkm-${VERSION}-${currentPlatform()}`);
    target = await install(bundle, root, '-t', 'backend-agent', '--hostname', 'probe.example.org', '--carbon-listen', '127.0.0.1');
    await startAll(target);
  });
  afterAll(async () => {
    await target?.stop();
    removeTree(root);
  });

  it('runs beside collectd, and accepts its configuration', async () => {
    expect((await target.dkm('status')).stdout).toMatch(/^telegraf +extra +RUNNING +healthy/m);
    expect((await target.dkm('doctor')).stdout).not.toContain('Telegraf refuses');
  });

  it("stores what collectd stores, under collectd's names", async () => {
    // Of counters the first points come with the second measurement.
    await eventually(
      'a rate of each',
      async () => (await Promise.all([COLLECTD, TELEGRAF].map((host) => values(query(), `${host}.processes.fork_rate`)))).every(({ length }) => length > 1),
      120_000,
    );
    const [ofCollectd, ofTelegraf] = await Promise.all([namesBelow(query(), COLLECTD), telegraf()]);
    const lacking = [...ofCollectd].filter((name) => !ofTelegraf.has(name) && !isCollectdsAlone(name));
    expect(lacking).toEqual([]);
    for (const name of [
      'cpu.0.cpu.user',
      'memory.memory.used',
      'memory.percent.used',
      'load.load.shortterm',
      'processes.ps_state.running',
      'interface.lo.if_octets.rx',
    ])
      expect(ofTelegraf, name).toContain(name);
  });

  it.each(['memory.memory.slab_unrecl', 'memory.percent.free', 'memory.percent.cached', 'processes.ps_state.sleeping'])(
    'has the unit of collectd in %s',
    async (name) => {
      const [theirs, ours] = await Promise.all([COLLECTD, TELEGRAF].map(async (host) => (await values(query(), `${host}.${name}`)).at(-1)));
      // They measure at other moments.
      expect(ours! / theirs!).toBeGreaterThan(0.5);
      expect(ours! / theirs!).toBeLessThan(2);
    },
  );

  it('takes an addition with its tags as levels of the name, and does not take a faulty one', async () => {
    const addition = join(root, 'conf/telegraf.d/own.conf');
    writeFileSync(addition, '[[inputs.exec]]\ncommands = ["echo queue,place=paris,kind=in length=5"]\ndata_format = "influx"\n');
    expect(await target.dkm('reload', 'telegraf')).toMatchObject({ code: 0 });
    await eventually('its points are stored', async () => (await values(query(), `${TELEGRAF}.queue.in.paris.length`)).includes(5), 90_000);
    writeFileSync(addition, '[[inputs.exec]\n');
    for (const command of ['reload', 'restart']) {
      const finished = await target.dkm(command, 'telegraf');
      expect(finished.code).toBe(1);
      expect(finished.stdout).toMatch(/^telegraf +goes on as it was, .*own\.conf/m);
    }
    expect((await target.dkm('status')).stdout).toMatch(/^telegraf +extra +RUNNING/m);
  });
});

/** Every metric of a host, without the host. */
async function namesBelow(port: number, host: string): Promise<Set<string>> {
  const found = await Promise.all(['*', '*.*', '*.*.*', '*.*.*.*'].map((rest) => expand(port, `${host}.${rest}`)));
  return new Set(found.flat().map((name) => name.slice(host.length + 1)));
}

/** The processes it looks for by their command lines, as those of DSS; a share of no swap, and what a version of collectd or of the kernel adds. */
function isCollectdsAlone(name: string): boolean {
  return /^processes\.(?!ps_state\.|fork_rate$)/.test(name) || name.startsWith('swap.percent.') || name === 'memory.memory.available';
}
