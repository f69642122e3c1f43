import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ServiceSpec } from '../../../src/contract/service.ts';
import { Pm2Engine } from '../../../src/supervisor/pm2.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

function specIn(directory: string): ServiceSpec {
  return {
    name: 'store',
    title: 'Store',
    version: '1',
    role: 'store',
    command: ['/bin/sh', '-c', 'exit 7'],
    beforeStart: [],
    check: [],
    environment: {},
    directory,
    after: [],
    ready: { kind: 'tcp', host: '127.0.0.1', port: 1 },
    health: { probe: { kind: 'tcp', host: '127.0.0.1', port: 1 }, intervalMs: 1, timeoutMs: 1, failures: 1 },
    startTimeoutMs: 1,
    stop: { signal: 'SIGTERM', timeoutMs: 1 },
    reopen: 'self',
    restart: 'always',
    ports: [],
    outputFile: `${directory}.log`,
    logFiles: [`${directory}.log`],
    autostart: true,
    storesIn: [],
    limits: {},
  };
}

describe('Pm2Engine', () => {
  it('starts a service that the system could not start before', async () => {
    const root = temporaryDirectory();
    const engine = new Pm2Engine(join(root, 'pm2'));
    const spec = specIn(join(root, 'directory'));
    await expect(engine.launch(spec)).rejects.toThrow('the system gave no process');
    mkdirSync(spec.directory);
    const { ended } = await engine.launch(spec);
    expect(await ended).toMatchObject({ code: 7 });
  });

  it('tries anew to load pm2 when that failed, as on a full disk', async () => {
    const root = temporaryDirectory();
    const home = join(root, 'pm2');
    writeFileSync(home, '');
    const engine = new Pm2Engine(home);
    await expect(engine.launch(specIn(root))).rejects.toThrow('EEXIST');
    rmSync(home);
    const { ended } = await engine.launch(specIn(root));
    expect(await ended).toMatchObject({ code: 7 });
    rmSync(`${root}.log`);
  });
});
