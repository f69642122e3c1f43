import { dirname, join } from 'node:path';
import { afterAll, expect, inject, it } from 'vitest';
import { now, render } from '../helpers/graphite.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

const folder = workDirectory('odd');
let target: Installation | undefined;
afterAll(async () => {
  await target?.stop();
  removeTree(folder);
});

it('real providers run in a directory whose name has spaces, accents and quotes', async () => {
  const root = join(dirname(folder), `l'été  d'un "dkm" & co`);
  target = await install(inject('fallbackBundle'), root, '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1', '--hostname', 'odd.example.org');
  await startAll(target);
  const { code, stdout } = await target.dkm('status', '--json');
  expect(code, stdout).toBe(0);
  const { services } = JSON.parse(stdout) as { services: { name: string; state: string; health: string }[] };
  expect(services.length).toBeGreaterThanOrEqual(4);
  expect(services.filter(({ state, health }) => state !== 'RUNNING' || health !== 'healthy')).toEqual([]);
  await eventually(
    'what collectd measured can be read',
    async () => {
      const [series] = await render(target!.port + 2, 'collectd.org.example.odd.load.load.shortterm');
      return series?.datapoints.some(([value, time]) => value !== null && time <= now());
    },
    90_000,
  );
  expect(await target.dkm('stop')).toMatchObject({ code: 0 });
  expect((await target.dkm('status')).code).toBe(3);
});
