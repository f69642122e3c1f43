import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runOrThrow } from '../../src/base/exec.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';
import { eventually } from '../helpers/wait.ts';

/*
 * verify, doctor and support of the packaged executable, on real components that are well.
 */

interface Doctor {
  findings: { level: string; check: string; what: string }[];
}

/** What depends on the machine that runs the tests: its clock, its disk, its limits, who runs them. */
const OF_THE_MACHINE = ['root', 'clock-synchronised', 'disk', 'limits', 'listening-addresses'];

describe('a healthy installation', () => {
  const root = workDirectory('diagnosis');
  let target: Installation;
  const problems = async (): Promise<string[]> =>
    (JSON.parse((await target.dkm('doctor', '--json')).stdout) as Doctor).findings
      .filter(({ level, check }) => level === 'problem' || !OF_THE_MACHINE.includes(check))
      .map(({ level, check, what }) => `${level} ${check}: ${what}`);

  beforeAll(async () => {
    target = await install(inject('fallbackBundle'), root, '--hostname', 'probe.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
    await startAll(target);
  });
  afterAll(async () => {
    await target?.stop();
    removeTree(root);
  });

  it('is found to be one', async () => {
    await eventually('doctor finds nothing', async () => (await problems()).length === 0, 90_000);
    expect(await target.dkm('doctor')).toMatchObject({ code: 0 });
    expect(await target.dkm('verify')).toMatchObject({ code: 0 });
  });

  it('is still the same after doctor looked, and has the metric that freshness goes by', async () => {
    const again = await target.dkm('doctor', '--json');
    expect((JSON.parse(again.stdout) as Doctor).findings.filter(({ check }) => check === 'data')).toEqual([]);
    expect(await target.dkm('status')).toMatchObject({ code: 0 });
  });

  it('gives a support archive without its secrets', async () => {
    const path = join(root, '..', 'support.tar.gz');
    expect(await target.dkm('support', '--to', path)).toMatchObject({ code: 0 });
    const text = await runOrThrow('tar', ['-xzOf', path]);
    for (const name of ['admin-password', 'console-session']) expect(text).not.toContain(readFileSync(join(target.layout.secrets, name), 'utf8').trim());
    expect(text).toContain('carbon-cache');
  });

  it('tells a faulty line of carbon.conf with its number', async () => {
    const path = join(target.layout.conf, 'carbon-cache', 'carbon.conf');
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, `this is no line of it\n${before}`);
    expect(await problems()).toEqual([expect.stringMatching(/^problem configuration: carbon-cache refuses its configuration: [\s\S]*line: 1/)]);
    writeFileSync(path, before);
    expect(await problems()).toEqual([]);
  });
});
