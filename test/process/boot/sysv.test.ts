import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outputOf, run, type Finished } from '../../../src/base/exec.ts';
import { ownerOf, type Owner } from '../../../src/boot/owner.ts';
import { bootPlan } from '../../../src/boot/plan.ts';
import { facts, request } from '../../helpers/boot-facts.ts';
import { bootInstallation } from '../../helpers/boot-installation.ts';
import type { FakeInstallation } from '../../helpers/fake-installation.ts';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

interface Script {
  installation: FakeInstallation;
  sh: (action: string) => Promise<Finished>;
}

/** The script of an installation that belongs to `owner` (its user and group by name and number). */
async function scriptFor(owner: Owner): Promise<Script> {
  const folder = temporaryDirectory();
  chmodSync(folder, 0o755);
  const installation = await bootInstallation(join(folder, `l'été "100%" $HOME \\n`), { id: owner.userId });
  const plan = bootPlan(facts({ layout: installation.layout, owner, services: [] }), { init: 'sysv', systemdVersion: 0, runLevelTool: undefined }, request());
  const path = join(folder, 'dkm-monitoring');
  writeFileSync(path, plan.files[0]!.text, { mode: 0o755 });
  return { installation, sh: (action) => run('sh', [path, action], { timeoutMs: 90_000 }) };
}

/** A user of every system who is not root; whoever runs the tests, when that is not root. */
function someUser(): Owner {
  const name = process.getuid?.() === 0 ? 'daemon' : (outputOf('id', ['-un'])?.trim() ?? '');
  const [userId, groupId, group] = [['-u'], ['-g'], ['-gn']].map((flag) => outputOf('id', [...flag, name])?.trim() ?? '');
  return { user: name, group: group!, userId: Number(userId), groupId: Number(groupId) };
}

describe('the sysv script', () => {
  it('starts, tells its status, restarts and stops, as the owner, with the exit codes of the LSB', async () => {
    const owner = someUser();
    const { installation, sh } = await scriptFor(owner);
    expect(await sh('status')).toMatchObject({ code: 3 });
    expect(await sh('try-restart')).toMatchObject({ code: 0 });
    expect(await sh('status')).toMatchObject({ code: 3 });
    const started = await sh('start');
    expect(started, started.stderr).toMatchObject({ code: 0 });
    expect(await sh('start')).toMatchObject({ code: 0 });
    expect(await sh('status')).toMatchObject({ code: 0 });
    const first = installation.status();
    expect(ownerOf(`/proc/${first.pid}`)).toMatchObject({ user: owner.user });
    expect(await sh('reload')).toMatchObject({ code: 0 });
    expect(await sh('try-restart')).toMatchObject({ code: 0 });
    expect(installation.status().pid).not.toBe(first.pid);
    expect(await sh('stop')).toMatchObject({ code: 0 });
    expect(await sh('stop')).toMatchObject({ code: 0 });
    expect(await sh('status')).toMatchObject({ code: 3 });
    const last = installation.status();
    expect(isSameProcess(last.pid, last.pidStartTime)).toBe(false);
  });

  it('fails to start when a service does, and says 150 for what runs and is unwell', async () => {
    const { installation, sh } = await scriptFor(someUser());
    writeFileSync(join(installation.orders('web'), 'refuse'), 'it refuses');
    expect(await sh('start')).toMatchObject({ code: 1 });
    expect(await sh('status')).toMatchObject({ code: 150 });
    expect(await sh('stop')).toMatchObject({ code: 0 });
  });

  it.each([
    ['nonsense', 2],
    ['', 2],
  ])('%j is wrong usage', async (action, code) => {
    const { sh } = await scriptFor(someUser());
    expect(await sh(action)).toMatchObject({ code });
  });

  it.each([
    ['start', 5],
    ['stop', 0],
    ['status', 4],
  ])('%s without the installation ends with %i', async (action, code) => {
    const owner = someUser();
    const { sh, installation } = await scriptFor(owner);
    chmodSync(join(installation.layout.bin, 'dkm'), 0o644);
    expect(await sh(action)).toMatchObject({ code });
  });

  it('refuses who is neither root nor the owner', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may: run the tests as an ordinary user, too');
    const { sh } = await scriptFor({ ...someUser(), user: 'root', userId: 0 });
    expect(await sh('status')).toMatchObject({ code: 4 });
  });
});
