import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { buildConsolePage } from '../../../src/package/console-page.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { eventually } from '../../helpers/wait.ts';
import { configText, CookieJar, PASSWORD } from './console-process.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts');

/** An installation whose service `web` is the real console, with a real dkm in bin/. */
async function installation(): Promise<FakeInstallation> {
  const target = await fakeInstallation();
  const { root, current } = target.layout;
  for (const folder of ['bin', 'page', 'conf/secrets']) mkdirSync(join(root, folder), { recursive: true });
  await buildConsolePage(join(root, 'page'));
  writeFileSync(join(root, 'password'), PASSWORD, { mode: 0o600 });
  writeFileSync(join(root, 'secret'), 'a secret for the sessions of a test\n', { mode: 0o600 });
  writeFileSync(join(root, 'console.toml'), configText(root, { port: target.port, queryUrl: 'http://127.0.0.1:1', listen: '127.0.0.1' }));
  writeFileSync(join(root, 'bin/dkm'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' dkm --directory '${root}' "$@"\n`);
  chmodSync(join(root, 'bin/dkm'), 0o755);
  const manifest = join(current, 'vendor-manifests/web.toml');
  const command = JSON.stringify([process.execPath, MAIN, 'console', '--config', join(root, 'console.toml')]);
  const text = readFileSync(manifest, 'utf8').replace(/^command = .*$/m, `command = ${command}`);
  writeFileSync(manifest, text.replace(/^ready = .*$/m, `ready = { kind = "http", url = "http://127.0.0.1:{{port.dashboards}}/healthz" }`));
  return target;
}

it('restarts the store, itself, and a supervisor that was killed', async () => {
  const target = await installation();
  expect(await target.dkm('start')).toMatchObject({ code: 0 });
  const jar = new CookieJar();
  const base = `http://127.0.0.1:${target.port}`;
  expect((await jar.logIn(base)).status).toBe(303);
  const act = async (service: string, operation: string): Promise<unknown> => {
    const page = await (await jar.request(`${base}/services`)).text();
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const body = new URLSearchParams({ csrf, confirmed: 'yes' });
    return (await jar.request(`${base}/services/${service}/${operation}`, { method: 'POST', body, headers: { accept: 'application/json' } })).json();
  };
  const pidOf = (name: string): number | null => target.status().services.find((service) => service.name === name)!.pid;

  const [store, web] = [pidOf('store'), pidOf('web')];
  expect(await act('store', 'restart')).toEqual({ ok: true, message: 'A store for tests was restarted.' });
  expect(pidOf('store')).not.toBe(store);

  expect(await act('web', 'restart')).toMatchObject({ ok: true, message: expect.stringContaining('The console is restarting') as string });
  await eventually('another console answers', async () => pidOf('web') !== web && pidOf('web') !== null && (await fetch(`${base}/healthz`)).ok, 30_000);
  expect((await jar.request(`${base}/services`)).status).toBe(200); // the session went on

  const { pid, pidStartTime } = target.status();
  process.kill(pid, 'SIGKILL');
  await eventually('the supervisor is gone', () => !isSameProcess(pid, pidStartTime));
  expect(await (await jar.request(`${base}/services`)).text()).toContain('nobody watches the services');
  const own = pidOf('web');
  expect(await act('store', 'start')).toMatchObject({ ok: true });
  expect(target.status().pid).not.toBe(pid);
  await eventually('the new supervisor took the console over', () => pidOf('web') === own);
  expect(await act('store', 'stop')).toEqual({ ok: true, message: 'A store for tests was stopped.' });
}, 120_000);
