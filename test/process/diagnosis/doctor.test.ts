import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/base/exec.ts';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { parseStatus } from '../../../src/contract/status.ts';
import { diagnosedInstallation, type DiagnosedInstallation } from '../../helpers/diagnosed-installation.ts';
import { beforeRemoval } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

/** Whoever runs tests as root has this note, and machines differ in whether something keeps their clock. */
const OF_THE_MACHINE = /^(note root|warning clock-synchronised|warning disk|warning limits):? ?/;

/** What doctor finds but for what is the machine's own. */
async function foundIn(installation: DiagnosedInstallation): Promise<string[]> {
  return (await installation.findings()).filter((line) => !OF_THE_MACHINE.test(line));
}

const seconds = (): number => Math.floor(Date.now() / 1000);
const points = (...ages: number[]): string => JSON.stringify([{ target: 'm', datapoints: ages.map((age) => [1, seconds() - age]) }]);

const has = (text: string): unknown => expect.stringContaining(text);

/** Makes a fault, looks, and takes it away again. */
const faultsOf =
  (installation: DiagnosedInstallation) =>
  async (make: () => void, unmake: () => void, expected: unknown[]): Promise<void> => {
    make();
    try {
      expect(await foundIn(installation)).toEqual(expected);
    } finally {
      unmake();
    }
  };

/** A dozen commands one after the other, on a machine that may be busy. */
const SEVERAL_LOOKS_MS = 300_000;

describe('dkm doctor on a running installation', () => {
  it(
    'finds nothing in a healthy one, and each faulty file as its own finding',
    async () => {
      const installation = await diagnosedInstallation();
      const { layout } = installation;
      expect(await foundIn(installation)).toEqual([]);
      const healthy = await installation.dkm('doctor');
      expect(healthy.code).toBe(0);
      expect(healthy.stdout).toMatch(/\d+ checks were made/);

      const fault = faultsOf(installation);
      const edit = (path: string, text: string): [() => void, () => void] => {
        const full = join(layout.root, path);
        const before = existsSync(full) ? readFileSync(full, 'utf8') : undefined;
        return [() => installation.write(path, text), () => (before === undefined ? rmSync(full) : installation.write(path, before))];
      };

      // What the component's own check says, with the line.
      await fault(...edit('conf/store/store.toml', 'nonsense\n'), [has('problem configuration: Fake store refuses its configuration: 1:nonsense')]);
      await fault(...edit('conf/query.yaml', 'a: b: c\n'), [has('problem configuration-syntax: ')]);
      await fault(...edit('conf/web/host.json', '{'), [has('problem configuration-syntax: ')]);
      await fault(...edit('conf/web/host.json.new', '{}'), [has('warning generated: host.json.new holds what dkm would have written')]);
      await fault(
        () => renameSync(join(layout.conf, 'query.yaml'), join(layout.root, 'aside')),
        () => renameSync(join(layout.root, 'aside'), join(layout.conf, 'query.yaml')),
        [has('problem generated: ')],
      );
      await fault(...edit('conf/extra.conf', 'cert = /nowhere/x.pem\n'), [
        has('problem certificates: conf/extra.conf names a certificate that cannot be read'),
      ]);
      const settings = readFileSync(layout.settings, 'utf8');
      await fault(...edit('conf/dkm.toml', `${settings}\nport = [\n`), [has('problem settings: ')]);
      await fault(...edit('conf/dkm.toml', settings.replace('\n[install]\n', '\n[install]\nunknown = 1\n')), [has('install.unknown: unknown key')]);
    },
    SEVERAL_LOOKS_MS,
  );

  it(
    'tells what is wrong with data, permissions and links, each as its own finding',
    async () => {
      const installation = await diagnosedInstallation();
      const { layout } = installation;
      const fault = faultsOf(installation);
      const order = (text: string): [() => void, () => void] => [() => installation.order('points', text), () => installation.order('points', undefined)];
      await eventually(
        'it has run for longer than points may be late',
        async () => {
          installation.order('points', points(900, 600));
          return (await foundIn(installation)).some((line) => line.startsWith('problem data: The newest point of measured.org.example.host.load is'));
        },
        110_000,
      );
      installation.order('points', undefined);
      await fault(...order(points(10, -600)), [has('warning data: The store has a point of measured.org.example.host.load that is')]);
      await fault(...order('no json'), [
        has('problem data: The check "data" could not be made'),
        has('problem disk-forecast: The check "disk-forecast" could not be made'),
      ]);
      const shrinking = Array.from({ length: 600 }, (_, index) => [1e18 - index * 1e15, seconds() - 36_000 + (index + 1) * 60]);
      await fault(...order(JSON.stringify([{ target: 'm', datapoints: shrinking }])), [has('problem disk-forecast: The disk of ')]);

      // Permissions and what lies about
      const mode = (path: string, open: number, right: number): [() => void, () => void] => [() => chmodSync(path, open), () => chmodSync(path, right)];
      await fault(...mode(layout.conf, 0o755, 0o700), [has('warning permissions: ')]);
      await fault(...mode(join(layout.secrets, 'admin-password'), 0o644, 0o600), [has('admin-password may be read by other users (mode 0644)')]);
      await fault(...mode(join(layout.root, '..'), 0o777, 0o700), [has('warning permissions: Other users may exchange what is in ')]);
      await fault(
        () => writeFileSync(join(layout.run, 'core.4711'), 'x'),
        () => rmSync(join(layout.run, 'core.4711')),
        [has('warning core-dumps: A program crashed and left its memory in core.4711')],
      );

      // Links
      await fault(
        () => unlinkSync(join(layout.bin, 'dkm')),
        () => symlinkSync('../current/installer', join(layout.bin, 'dkm')),
        [has('problem links: bin/dkm: is missing')],
      );

      // A service that keeps ending, and one that is stopped by hand
      expect((await installation.dkm('stop', 'web')).code).toBe(0);
      expect(await foundIn(installation)).toEqual(['note services: Fake web is stopped.']);
      expect(await foundIn(installation)).toHaveLength(1);
      expect((await installation.dkm('doctor')).code).toBe(0);
      expect((await installation.dkm('start', 'web')).code).toBe(0);
      expect(await foundIn(installation)).toEqual([]);
    },
    SEVERAL_LOOKS_MS,
  );

  it('tells what listens where no setting says so', async ({ skip }) => {
    skip(process.platform !== 'linux', '/proc is only on Linux');
    const installation = await diagnosedInstallation({ start: false });
    installation.order('also', String(installation.port + 9));
    beforeRemoval(() => installation.dkm('stop'));
    // Of several services that try, one gets the port; the others end and are kept from it.
    await installation.dkm('start', 'store');
    const lines = await eventually('the port is open', async () => {
      const found = await foundIn(installation);
      return found.some((line) => line.includes('listening-addresses')) && found;
    });
    expect(lines).toContainEqual(
      `warning listening-addresses: A service of this installation listens on 0.0.0.0 port ${installation.port + 9}, which its settings do not have.`,
    );
  });

  it('tells of a supervisor that is gone while services go on', async () => {
    const installation = await diagnosedInstallation();
    const { pid, pidStartTime } = parseStatus(readFileSync(installation.layout.status, 'utf8'))!;
    process.kill(pid, 'SIGKILL');
    await eventually('it is gone', () => !isSameProcess(pid, pidStartTime));
    const found = await foundIn(installation);
    expect(found).toEqual([expect.stringMatching(/^problem services: The supervisor is gone; store, query, web, measure go on unwatched\.$/)]);
    expect((await installation.dkm('doctor')).code).toBe(1);
  });
});

describe('dkm doctor on a stopped installation', () => {
  it('says that nothing runs, which is no problem', async () => {
    const installation = await diagnosedInstallation({ start: false });
    expect(await foundIn(installation)).toEqual(['warning services: Nothing is running.']);
    const { code, stdout } = await installation.dkm('doctor');
    expect(code).toBe(0);
    expect(stdout).toContain('Start it: dkm start');
  });

  it('finds ports that others hold, and an address that is not here', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const server = createServer().listen(installation.port + 1, '127.0.0.1');
    await once(server, 'listening');
    beforeRemoval(() => Promise.resolve(server.close()));
    const found = await foundIn(installation);
    expect(found).toEqual([
      expect.stringMatching(/^problem ports: Port \d+\/tcp on 127\.0\.0\.1 \(store\) is in use/),
      'warning services: Nothing is running.',
    ]);
    server.close();
    const settings = readFileSync(installation.layout.settings, 'utf8');
    installation.write('conf/dkm.toml', settings.replace('carbon = "127.0.0.1"', 'carbon = "192.0.2.1"'));
    expect((await installation.findings()).filter((line) => line.includes('ports'))).toEqual([expect.stringContaining('this machine has no such address')]);
  });

  it('finds an installation that was not ended, a dangling current, missing settings', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const { layout } = installation;
    const journal = readFileSync(layout.journal, 'utf8');
    writeFileSync(layout.journal, `${journal.split('\n')[0] ?? ''}\n`);
    expect(await foundIn(installation)).toContainEqual(expect.stringMatching(/^problem unfinished: The installation of version 1\.0\.0 was begun/));
    writeFileSync(layout.journal, journal);

    renameSync(join(layout.versions, '1.0.0'), join(layout.versions, 'aside'));
    expect(await foundIn(installation)).toContainEqual(expect.stringContaining('problem links: current: leads to versions/1.0.0, which is not there'));
    renameSync(join(layout.versions, 'aside'), join(layout.versions, '1.0.0'));

    rmSync(layout.settings);
    expect(await foundIn(installation)).toEqual([expect.stringMatching(/^problem settings: .*dkm\.toml is missing/)]);
  });

  it('finds certificates that run out', async ({ skip }) => {
    const installation = await diagnosedInstallation({ start: false });
    const [key, certificate] = ['key.pem', 'web.crt'].map((name) => join(installation.layout.root, name));
    const made = await run('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      key!,
      '-out',
      certificate!,
      '-days',
      '3',
      '-subj',
      '/CN=host.example.org',
    ]).catch(() => undefined);
    skip(made?.code !== 0, 'no openssl here: apt-get install openssl');
    installation.write('conf/tls.conf', `cert_file = ${certificate}\nkey = ${key}\n`);
    expect(await foundIn(installation)).toEqual([
      'warning services: Nothing is running.',
      expect.stringContaining(`warning certificates: The certificate ${certificate} runs out in 2 d`),
    ]);
  });

  it('is not held up by a pipe among the files', async () => {
    const installation = await diagnosedInstallation({ start: false });
    mkdirSync(join(installation.layout.conf, 'x'));
    await run('mkfifo', [join(installation.layout.conf, 'x', 'pipe.toml')]);
    expect(await foundIn(installation)).toEqual(['warning services: Nothing is running.']);
  });
});

describe('dkm doctor on an agent', () => {
  it('finds that its carbon server cannot be reached', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    beforeRemoval(() => Promise.resolve(server.close()));
    const { port } = server.address() as { port: number };
    const installation = await diagnosedInstallation({ start: false, type: 'agent', args: ['--carbon-server', `127.0.0.1:${port}`] });
    expect(await foundIn(installation)).toEqual(['warning services: Nothing is running.']);
    server.close();
    await once(server, 'close');
    expect(await foundIn(installation)).toEqual([
      `problem carbon-server: The carbon server 127.0.0.1:${port} cannot be reached.`,
      'warning services: Nothing is running.',
    ]);
  });
});
