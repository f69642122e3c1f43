import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run } from '../../../src/base/exec.ts';
import { makeFakeBundle, type FakeComponent } from '../../helpers/fake-bundle.ts';
import { freePorts } from '../../helpers/ports.ts';
import { runInstaller } from '../../helpers/run-installer.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** A dashboards component that answers HTTP. */
function answering(orders: string): FakeComponent {
  const command = [process.execPath, join(ROOT, 'test/helpers/fake-service.mjs'), '{{port.dashboards}}', orders];
  return {
    manifest: `name = "page"
title = "Page"
description = "Answers HTTP."
homepage = "https://example.org"
version = "1"
licence = "MIT"
role = "dashboards"
preference = 1
[[sources]]
kind = "built-in"
[[ports]]
name = "dashboards"
listen = "dashboards"
title = "page"
[service]
command = ${JSON.stringify(command)}
ready = { kind = "tcp", port = "dashboards" }
stop = { timeout_s = 3 }
`,
  };
}

async function startedBy(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string; root: string }> {
  const folder = temporaryDirectory();
  const orders = join(folder, 'orders');
  mkdirSync(orders);
  await makeFakeBundle(join(folder, 'bundle'), { components: [answering(orders)] });
  const root = join(folder, 'dkm');
  onTestFinished(async () => void (await run(process.execPath, [join(ROOT, 'src/main.ts'), 'dkm', '-d', root, 'stop'], { timeoutMs: 60_000 })));
  const flags = ['-d', root, '-p', String(await freePorts()), '-t', 'frontend', '--carbon-server', 'monitor', '--listen', '127.0.0.1', '--start', ...args];
  return { ...(await runInstaller(join(folder, 'bundle'), flags, { timeoutMs: 100_000 })), root };
}

describe('--start', () => {
  it('starts what was installed', async () => {
    const { code, stdout, stderr, root } = await startedBy();
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toContain(`is installed in ${root}`);
    const status = await run(process.execPath, [join(ROOT, 'src/main.ts'), 'dkm', '-d', root, 'status', '--json'], { timeoutMs: 60_000 });
    expect(status.stdout).toContain('RUNNING');
  });

  it('is part of the one object that --json prints', async () => {
    const { code, stdout, stderr } = await startedBy('--json');
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ result: 'installed', start: expect.anything() as unknown });
  });
});
