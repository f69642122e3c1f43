import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { INSTALL_TYPES, ROLES_OF_TYPE, TYPES_WITHOUT_STORE } from '../../src/contract/install-type.ts';
import { readBundle } from '../../src/contract/bundle.ts';
import { expand, render } from '../helpers/graphite.ts';
import { install, installer, startAll, type Installation } from '../helpers/installation.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

const bundle = inject('fallbackBundle');
const roots: string[] = [];
const running: Installation[] = [];

const directory = (name: string): string => {
  const root = workDirectory(name);
  roots.push(root);
  return root;
};
const started = async (target: Installation): Promise<Installation> => {
  running.push(target);
  await startAll(target);
  return target;
};

afterAll(async () => {
  for (const target of running) await target.stop();
  for (const root of roots) removeTree(root);
});

describe.each(INSTALL_TYPES)('an installation of type %s', (type) => {
  it('runs the services of its roles, answers, stops, and can be installed again without change', async () => {
    const root = directory(type);
    const server = TYPES_WITHOUT_STORE.includes(type) ? ['--carbon-server', '127.0.0.1:9'] : [];
    const target = await started(await install(bundle, root, '-t', type, '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1', ...server));
    const components = (await readBundle(bundle)).components;
    const expected = components.filter(({ role }) => role !== 'runtime' && ROLES_OF_TYPE[type].includes(role)).map(({ name }) => name);
    const status = JSON.parse((await target.dkm('status', '--json')).stdout) as { services: { name: string; state: string; health: string }[] };
    expect(status.services.map(({ name }) => name).sort()).toEqual(expected.sort());
    expect(status.services.every(({ state, health }) => state === 'RUNNING' && health === 'healthy')).toBe(true);

    const again = await installer(
      bundle,
      '-d',
      root,
      '-p',
      String(target.port),
      '-t',
      type,
      '--listen',
      '127.0.0.1',
      '--carbon-listen',
      '127.0.0.1',
      ...server,
    );
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout + again.stderr).toMatch(/already|nothing to do/i);
    expect(await target.dkm('stop')).toMatchObject({ code: 0 });
    expect((await target.dkm('status')).code).toBe(3);
    expect(readdirSync(target.layout.run).filter((name) => name.endsWith('.sock') || name.endsWith('.pid'))).toEqual([]);
  });

  it('keeps what is private to its owner', async () => {
    const root = directory(`modes-${type}`);
    const server = TYPES_WITHOUT_STORE.includes(type) ? ['--carbon-server', '127.0.0.1:9'] : [];
    const { layout } = await install(bundle, root, '-t', type, ...server);
    for (const path of [layout.conf, layout.storage, layout.run]) expect(statSync(path).mode & 0o777, path).toBe(0o700);
    const secrets = existsSync(layout.secrets) ? readdirSync(layout.secrets) : [];
    for (const name of secrets) expect(statSync(join(layout.secrets, name)).mode & 0o777, name).toBe(0o600);
    expect(statSync(join(layout.bin, 'dkm')).mode & 0o111).toBe(0o111);
  });
});

describe('two installations', () => {
  it('on one machine do not see each other', async () => {
    const one = await started(
      await install(bundle, directory('one'), '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1', '--hostname', 'one.example.org'),
    );
    const two = await started(
      await install(bundle, directory('two'), '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1', '--hostname', 'two.example.org'),
    );
    expect(two.port).not.toBe(one.port);
    await eventually(
      'each has its own host only',
      async () => {
        const hosts = async (target: Installation): Promise<string[]> => [
          ...new Set((await expand(target.port + 2, 'collectd.org.example.*.load.load.shortterm')).map((metric) => metric.split('.')[3] ?? '')),
        ];
        expect(await hosts(one)).toEqual(['one']);
        expect(await hosts(two)).toEqual(['two']);
        return true;
      },
      120_000,
    );
    expect(await one.dkm('stop')).toMatchObject({ code: 0 });
    expect((await one.dkm('status')).code).toBe(3);
    expect((await two.dkm('status')).code).toBe(0);
  });

  it('work together: an agent feeds a server', async () => {
    const server = await started(await install(bundle, directory('server'), '-t', 'server', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1'));
    await started(await install(bundle, directory('agent'), '-t', 'agent', '--carbon-server', `127.0.0.1:${server.port + 1}`, '--hostname', 'far.example.org'));
    await eventually(
      "the agent's load is on the server",
      async () => {
        const [series] = await render(server.port + 2, 'collectd.org.example.far.load.load.shortterm');
        return series?.datapoints.some(([value]) => value !== null);
      },
      90_000,
    );
  });
});
