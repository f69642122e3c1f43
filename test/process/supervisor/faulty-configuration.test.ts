import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';

/*
 * A service that runs is not stopped for a configuration that its own program refuses: it would not come back. Both
 * services here have a check that fails with what conf/<service>.faults says.
 */

const check = (service: string): string =>
  `check = [["/bin/sh", "-c", "test ! -e {{dir.conf}}/${service}.faults || { cat {{dir.conf}}/${service}.faults; exit 1; }"]]`;
const MISTAKES = 'conf/store/store.conf, line 3: no such option\nconf/store/more.conf, line 7: nonsense\n';

const faults = (installation: FakeInstallation, service: string): string => join(installation.layout.conf, `${service}.faults`);
const running = (installation: FakeInstallation): Record<string, number | null> =>
  Object.fromEntries(installation.status().services.map(({ name, state, pid }) => [name, state === 'RUNNING' ? pid : null]));
const starts = (installation: FakeInstallation, service: string): number => {
  const file = join(installation.orders(service), 'fake.events');
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('start')).length
    : 0;
};

describe('a configuration that a service refuses', () => {
  it('stops nothing at restart, and is told with file and line', async () => {
    const installation = await fakeInstallation({ store: check('store'), web: check('web') });
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const before = running(installation);
    writeFileSync(faults(installation, 'store'), MISTAKES);

    const restart = await installation.dkm('restart');
    expect(restart.code).toBe(1);
    expect(restart.stdout).toMatch(/^store +goes on as it was, .*conf\/store\/store\.conf, line 3: no such option$/m);
    expect(restart.stdout).toMatch(/^web +ready$/m);
    expect(restart.stderr).toContain('conf/store/more.conf, line 7: nonsense');
    expect(running(installation)['store']).toBe(before['store']);
    expect(running(installation)['web']).not.toBe(before['web']);

    expect((await installation.dkm('start')).stdout).toMatch(/^store +is running already$/m);
    rmSync(faults(installation, 'store'));
    expect(await installation.dkm('restart', 'store')).toMatchObject({ code: 0 });
    expect(running(installation)['store']).not.toBe(before['store']);
  });

  it('is not taken up at reload, neither by a signal nor by a restart', async () => {
    const installation = await fakeInstallation({ store: check('store'), web: check('web') });
    expect(await installation.dkm('start')).toMatchObject({ code: 0 });
    const before = running(installation);
    for (const service of ['store', 'web']) writeFileSync(faults(installation, service), `conf/${service}.conf, line 1: nonsense\n`);

    const reload = await installation.dkm('reload');
    expect(reload.code).toBe(1);
    for (const service of ['store', 'web'])
      expect(reload.stdout).toMatch(new RegExp(`^${service} +goes on as it was, .*conf/${service}\\.conf, line 1: nonsense$`, 'm'));
    expect(running(installation)).toEqual(before);
    const events = join(installation.orders('store'), 'fake.events');
    expect(readFileSync(events, 'utf8')).not.toContain('reload');
  });

  it('keeps what does not run from starting', async () => {
    const installation = await fakeInstallation({ store: check('store') });
    writeFileSync(faults(installation, 'store'), MISTAKES);
    for (const command of ['start', 'restart']) {
      const finished = await installation.dkm(command, 'store');
      expect(finished.code).toBe(1);
      expect(finished.stdout).toContain('its configuration is not right: conf/store/store.conf, line 3: no such option');
    }
    expect(starts(installation, 'store')).toBe(0);
  });
});
