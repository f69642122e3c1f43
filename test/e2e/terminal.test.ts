import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { runOrThrow } from '../../src/base/exec.ts';
import { widthOf } from '../../src/terminal/text.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

/*
 * dkm graph, top, metrics, completion and the manual page of an installed bundle, with real stores and query services.
 */

const BUNDLES = [
  ['carbon-cache and graphite-web', inject('fallbackBundle'), ''],
  ['go-carbon and carbonapi', inject('firstChoiceBundle'), inject('withoutFirstChoice')],
] as const;

const roots: string[] = [];
const running: Installation[] = [];
afterAll(async () => {
  for (const target of running) await target.stop();
  for (const root of roots) removeTree(root);
});

async function started(bundle: string, name: string, ...args: string[]): Promise<Installation> {
  const root = workDirectory(name);
  roots.push(root);
  const target = await install(bundle, root, '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1', ...args);
  running.push(target);
  await startAll(target);
  return target;
}

describe.each(BUNDLES)('the terminal on %s', (_, bundle, why) => {
  it('sends, finds, draws and shows what is in the store', async ({ skip }) => {
    skip(bundle === '', why);
    const target = await started(bundle, 'terminal', '--hostname', 'term.example.org');
    const ok = async (...args: string[]): Promise<string> => {
      const finished = await target.dkm(...args);
      expect(finished, `${args.join(' ')}: ${finished.stdout}${finished.stderr}`).toMatchObject({ code: 0 });
      return finished.stdout;
    };
    expect(await ok('metrics', 'send', 'e2e.value', '42.5', '--check')).toMatch(/can be read again/);
    expect(await ok('metrics', 'find', 'e2e.*')).toBe('e2e.value\n');
    expect(await ok('metrics', 'find', 'e2e', '--leaves', '--long')).toMatch(/e2e\.value +42\.5 +\d+ s/);
    const picture = await ok('graph', 'e2e.value', '--from', '-10min');
    expect(picture).toMatch(/e2e\.value +42\.5 +42\.5 +42\.5 +42\.5/);
    expect(Math.max(...picture.split('\n').map(widthOf))).toBeLessThanOrEqual(80);

    const load = 'collectd.org.example.term.load.load';
    await eventually(
      'collectd measured this host twice',
      async () => {
        const { stdout } = await target.dkm('graph', `${load}.*`, '--json');
        if (stdout === '') return false;
        const { series } = JSON.parse(stdout) as { series: { target: string; datapoints: [number | null, number][] }[] };
        return series.length === 3 && series.every(({ datapoints }) => datapoints.filter(([value]) => value !== null).length >= 2);
      },
      120_000,
    );
    expect(await ok('graph', `averageSeries(${load}.*)`, '--stack', '--width', '60')).toMatch(/averageSeries/);
    const near = await target.dkm('graph', 'collectd.org.exmaple.term.load');
    expect(near).toMatchObject({ code: 1, stderr: expect.stringMatching(/Did you mean "example"\?/) as string });
    const refused = await target.dkm('graph', 'noSuchFunction(e2e.value)');
    expect(refused.code, refused.stdout).toBe(1);
    expect(refused.stderr).not.toBe('');

    interface Top {
      hosts: Record<string, unknown>[];
      services: { health: string }[];
    }
    const { hosts, services } = await eventually(
      'every figure of this host is there: a rate needs two measurements',
      async () => {
        const shown = JSON.parse(await ok('top', '--json')) as Top;
        return ['load', 'cores', 'cpu', 'memory'].every((figure) => typeof shown.hosts[0]?.[figure] === 'number') && shown;
      },
      120_000,
    );
    expect(hosts).toHaveLength(1);
    expect(hosts[0]).toMatchObject({ name: 'term.example.org', silent: false });
    expect(services.every(({ health }) => health === 'healthy')).toBe(true);

    expect((await ok('complete-names', 'service')).split('\n')).toContain('collectd');
    expect(await ok('complete-names', 'promise')).toContain('store-answers');
    expect(await ok('complete-names', 'metric', 'e2e.v')).toBe('e2e.value\n');
    expect(await ok('completion', 'bash')).toContain('complete -F _dkm dkm');
    const page = join(target.layout.current, 'share', 'man', 'man1', 'dkm.1');
    expect(existsSync(page)).toBe(true);
    expect(await ok('man')).toBe(await runOrThrow('cat', [page]));

    // Those that have their metrics elsewhere ask there.
    for (const type of ['agent', 'frontend']) {
      const other = await started(bundle, `terminal-${type}`, '-t', type, '--carbon-server', `127.0.0.1:${target.port + 1}`, '--hostname', 'far.example.org');
      expect(await other.dkm('metrics', 'find', 'e2e.val*')).toMatchObject({ code: 0, stdout: 'e2e.value\n' });
      expect((await other.dkm('graph', 'e2e.value')).stdout).toMatch(/42\.5/);
      expect(await other.dkm('metrics', 'send', `e2e.from-${type}`, '1', '--check')).toMatchObject({ code: 0 });
      await other.stop(); // the next installation may get these ports, and is to hear of its own host alone
    }
    await target.dkm('stop');
    expect(await target.dkm('graph', 'e2e.value')).toMatchObject({ code: 1, stderr: expect.stringMatching(/does not answer[^]*dkm status/) as string });
    const without = await target.dkm('top');
    expect(without).toMatchObject({ code: 1, stdout: expect.stringMatching(/nothing is running/) as string });
  });
});
