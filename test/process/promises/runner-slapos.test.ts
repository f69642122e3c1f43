import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CheckedPromise, PromiseSpec } from '../../../src/contract/promise.ts';
import { promiseSpec, scriptPromise } from '../../helpers/promise-specs.ts';
import { slaposToolbox, TOOLBOX_WITHIN_MS, WHY_NO_TOOLBOX, type Toolbox } from '../../helpers/slapos-toolbox.ts';
import { scene, statuses, type Scene } from './scene.ts';

/* Plug-ins and legacy promises of SlapOS, run by the real monitor.runpromise of slapos.toolbox. */

let toolbox: Toolbox | undefined;
beforeAll(async () => {
  toolbox = await slaposToolbox();
}, TOOLBOX_WITHIN_MS);

const plugin = (sense: string): string => `
from zope.interface import implementer
from slapos.grid.promise import interface
from slapos.grid.promise.generic import GenericPromise
@implementer(interface.IPromise)
class RunPromise(GenericPromise):
  def __init__(self, config):
    super(RunPromise, self).__init__(config)
    self.setPeriodicity(minute=5)
  def sense(self):
    ${sense}
  def test(self):
    return self._test(result_count=1, failure_amount=1)
`;

interface Partition extends Scene {
  directory: string;
  spec: PromiseSpec;
}

/** A scene with a partition, and a program that runs monitor.runpromise as its package has it. */
function partition(): Partition {
  const made = scene();
  const directory = join(made.layout.root, 'partition');
  for (const folder of ['plugin', 'promise']) mkdirSync(join(directory, 'etc', folder), { recursive: true });
  const configuration = join(directory, 'monitor.conf');
  writeFileSync(configuration, `[promises]\npartition-folder = ${directory}\n`);
  const program = join(made.scripts, 'runpromise');
  const site = toolbox?.site ?? '';
  writeFileSync(program, `#!/bin/sh\nPYTHONPATH=${site} PYTHONDONTWRITEBYTECODE=1 exec python3 ${site}/bin/monitor.runpromise "$@"\n`, { mode: 0o755 });
  const spec = promiseSpec('partition', { timeoutMs: 60_000, check: { kind: 'slapos', program, configuration, partition: directory } });
  return { ...made, directory, spec };
}

const byId = (checked: readonly CheckedPromise[]): Record<string, CheckedPromise> => Object.fromEntries(checked.map((each) => [each.id, each]));

describe('a partition of SlapOS', () => {
  it('has each of its promises as one of its own, and those that vanished go', async ({ skip }) => {
    skip(!toolbox, WHY_NO_TOOLBOX);
    const { runner, scripts, directory, spec, check, results, promises, layout } = partition();
    writeFileSync(join(directory, 'etc', 'plugin', 'good.py'), plugin('self.logger.info("Größe ]]>&< is well, 100 %")'));
    writeFileSync(join(directory, 'etc', 'plugin', 'raises.py'), plugin('raise ValueError("it raised")'));
    writeFileSync(join(directory, 'etc', 'plugin', 'long.py'), plugin('self.logger.error("x" * 6000)'));
    scriptPromise(join(directory, 'etc', 'promise'), 'legacy', 'echo legacy broke; exit 1');
    runner.configure([spec, scriptPromise(scripts, 'own', 'echo own')]);
    const first = byId(await check('partition'));
    expect(Object.keys(first).sort()).toEqual(['good', 'legacy', 'long', 'partition', 'raises']);
    expect(first['partition']).toMatchObject({ state: 'ok', message: 'The promises of the partition were run.' });
    expect(first['good']).toMatchObject({ state: 'ok', message: 'Größe ]]>&< is well, 100 %' });
    expect(first['raises']).toMatchObject({ state: 'failed', message: expect.stringContaining('it raised') as string });
    expect(first['legacy']).toMatchObject({ state: 'failed', message: 'legacy broke' });
    expect(first['long']!.message).toMatch(/^\.\.\.x{4900}/);
    expect(
      promises
        .at(-1)!
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['good', 'legacy', 'long', 'own', 'partition', 'raises']);

    rmSync(join(directory, 'etc', 'plugin', 'long.py'));
    for (const name of readdirSync(join(directory, '.slapgrid', 'promise', 'result')))
      if (name.startsWith('long')) rmSync(join(directory, '.slapgrid', 'promise', 'result', name));
    expect((await check('good')).map(({ id }) => id)).toEqual(['good']); // runs its partition, and tells of it alone
    expect(
      statuses(layout)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['good', 'legacy', 'own', 'partition', 'raises']);
    expect(results.filter(({ spec: { id } }) => id === 'long')).toHaveLength(1);
    await expect(check('long')).rejects.toThrow('There is no promise "long" here.');
  });

  it('is known to the next runner before it was run again', async ({ skip }) => {
    skip(!toolbox, WHY_NO_TOOLBOX);
    const { runner, directory, spec, check, layout } = partition();
    scriptPromise(join(directory, 'etc', 'promise'), 'legacy', 'echo legacy broke; exit 1');
    runner.configure([spec]);
    await check();
    await runner.end();
    const before = statuses(layout).find(({ id }) => id === 'legacy');
    const next = scene(layout.root);
    next.runner.pause(true);
    next.runner.configure([spec]);
    expect((await next.check('legacy')).map(({ id }) => id)).toEqual(['legacy']);
    expect(next.status('legacy')).toMatchObject({ state: 'failed', sinceMs: before!.sinceMs });
  });

  it.for<[what: string, spoil: (part: Partition) => PromiseSpec, message: RegExp]>([
    [
      'its program is not there',
      ({ spec }) => ({ ...spec, check: { ...(spec.check as object), program: '/nowhere/monitor.runpromise' } as PromiseSpec['check'] }),
      /is not there$/,
    ],
    ['its folder cannot be made', ({ spec, directory }) => (writeFileSync(join(directory, '.slapgrid'), ''), spec), /Error/],
    [
      'it takes too long',
      ({ spec, directory }) => (scriptPromise(join(directory, 'etc', 'promise'), 'slow', 'sleep 15'), { ...spec, timeoutMs: 1500 }),
      /timed out after 1.5 seconds$/,
    ],
  ])('says so when %s', async ([, spoil, message], { skip }) => {
    skip(!toolbox, WHY_NO_TOOLBOX);
    const made = partition();
    made.runner.configure([spoil(made)]);
    const [found] = await made.check('partition');
    expect(found).toMatchObject({ id: 'partition', state: 'failed', message: expect.stringMatching(message) as string });
  });
});
