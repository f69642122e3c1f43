import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Finished } from '../../../src/base/exec.ts';
import { run } from '../../../src/base/exec.ts';
import { INSTALL_TYPES } from '../../../src/contract/install-type.ts';
import { FAKE_COMPONENTS, makeFakeBundle } from '../../helpers/fake-bundle.ts';
import { freePorts } from '../../helpers/ports.ts';
import { runInstaller, treeOf } from '../../helpers/run-installer.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { removeTree, workDirectory } from '../../helpers/work-directory.ts';

let bundle: string;
let port: string;
beforeAll(async () => {
  bundle = workDirectory('bundle');
  await makeFakeBundle(bundle);
  port = String(await freePorts());
});
afterAll(() => removeTree(bundle));

async function installed(root: string, ...args: string[]): Promise<Finished> {
  const finished = await runInstaller(bundle, ['-d', root, '-p', port, ...args]);
  expect(finished, finished.stderr).toMatchObject({ code: 0 });
  return finished;
}

describe('an installation', () => {
  it.each(INSTALL_TYPES)('of type %s runs what the type is for', async (type) => {
    const root = join(temporaryDirectory(), 'dkm');
    const server = type === 'agent' || type === 'frontend' ? ['--carbon-server', 'monitor.example.org:15001'] : [];
    const { stdout } = await installed(root, '-t', type, '--json', ...server);
    const summary = JSON.parse(stdout) as { result: string; providers: { role: string }[]; passwordFile: string | null };
    expect(summary.result).toBe('installed');
    const roles = {
      all: 'store query dashboards collector',
      server: 'store query dashboards',
      agent: 'collector',
      backend: 'store query',
      frontend: 'dashboards',
      'backend-agent': 'store query collector',
    };
    expect(summary.providers.map(({ role }) => role).join(' ')).toBe(roles[type]);
    expect(existsSync(join(root, 'conf/collectd.conf'))).toBe(roles[type].includes('collector'));
    expect(summary.passwordFile !== null).toBe(roles[type].includes('dashboards'));
  });

  it.each(['000', '077'])('has the same modes under umask %s', async (umask) => {
    const root = join(temporaryDirectory(), 'dkm');
    const installer = [process.execPath, 'src/main.ts', 'installer', '--bundle', bundle, '-d', root, '-p', port, '--hostname', 'h', '--allow-root'];
    const finished = await run('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ...installer]);
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const modes = treeOf(root);
    expect((statSync(root).mode & 0o777).toString(8)).toBe('755');
    const ownersAlone = modes.filter((entry) => /^(conf|storage|run)\//.test(entry) && !entry.includes('->'));
    expect(ownersAlone.filter((entry) => !/(\/ 700|[^/] 600)$/.test(entry))).toEqual([]);
    const forAll = modes.filter((entry) => !/^(conf|storage|run)\//.test(entry) && !entry.includes('->'));
    expect(forAll.filter((entry) => !/(\/ 755|[^/] 644|(serve|installer) 755)$/.test(entry))).toEqual([]);
    for (const name of readdirSync(join(root, 'run'))) expect(statSync(join(root, 'run', name)).mode & 0o077).toBe(0);
  });

  it('links to the bundle where it can and holds all of it', async () => {
    const root = join(dirname(bundle), 'linked');
    await installed(root);
    const version = join(root, 'versions', '1.0.0');
    expect(treeOf(version)).toEqual(treeOf(bundle));
    expect(statSync(join(version, 'installer')).ino).toBe(statSync(join(bundle, 'installer')).ino);
    expect(statSync(join(root, 'bin/dkm')).ino).toBe(statSync(join(bundle, 'installer')).ino);
    expect(readFileSync(join(root, 'static', 'index.html'), 'utf8')).toContain('html');
  });

  it('is copied to another file system', async (context) => {
    const other = '/dev/shm';
    if (!existsSync(other) || statSync(other).dev === statSync(bundle).dev) context.skip('no second file system at /dev/shm');
    const root = join(other, `dkm-test-${process.pid}`);
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    await installed(root);
    expect(treeOf(join(root, 'versions', '1.0.0'))).toEqual(treeOf(bundle));
    expect((await installed(root)).stdout).toContain('nothing to do');
  });

  it('keeps its secrets out of everything but their files', async () => {
    const root = join(temporaryDirectory(), 'dkm');
    const { stdout, stderr } = await installed(root);
    const password = readFileSync(join(root, 'conf/secrets/admin-password'), 'utf8');
    expect(password).toMatch(/^\S{20,}$/);
    const texts = [
      stdout,
      stderr,
      ...['run/install.log', 'run/install.journal', 'conf/dkm.toml', 'conf/dashboards/main.ini'].map((path) => readFileSync(join(root, path), 'utf8')),
    ];
    for (const text of texts) expect(text).not.toContain(password);
    expect(stdout).toContain(join(root, 'conf/secrets/admin-password'));
  });

  it("uses the system's collectd, without one in the bundle", async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'collectd'), '#!/bin/sh\n', { mode: 0o755 });
    const finished = await runInstaller(bundle, ['-d', join(folder, 'dkm'), '-t', 'agent', '--carbon-server', 'monitor', '--system-collectd'], {
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    });
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'dkm/conf/dkm.toml'), 'utf8')).toContain(`system_collectd = "${folder}/collectd"`);
  });
});

describe('the directory', () => {
  it.each([
    ['with spaces', 'my data/the dkm'],
    ['with trailing slashes', 'dkm///'],
    ['not in ASCII', 'überwachung-監視'],
    ['with quotes', `it's "quoted" \\ (1) & more`],
    ['relative to the current one', './here/../dkm'],
    ['with a name of 200 characters', 'd'.repeat(200)],
  ])('may be %s', async (_, name) => {
    const folder = temporaryDirectory();
    const args = ['-d', name, '-p', port];
    const finished = await runInstaller(bundle, args, { cwd: folder });
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const root = join(folder, name).replace(/\/+$/, '');
    expect(readFileSync(join(root, 'conf/store/store.toml'), 'utf8')).toContain(JSON.stringify(`${root}/storage/whisper`));
    expect((await runInstaller(bundle, args, { cwd: folder })).stdout).toContain('nothing to do');
  });

  it('may begin with a quoted tilde', async () => {
    const home = temporaryDirectory();
    const finished = await runInstaller(bundle, ['-d', '~/dkm', '-p', port], { env: { ...process.env, HOME: home } });
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    expect(existsSync(join(home, 'dkm/bin/dkm'))).toBe(true);
  });

  it('may be a link to an empty directory', async () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, 'disk', 'dkm'), { recursive: true });
    symlinkSync('disk/dkm', join(folder, 'link'));
    await installed(join(folder, 'link'));
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'disk/dkm/conf/store/store.toml'), 'utf8')).toContain(join(folder, 'disk/dkm/storage'));
  });

  it('is closed to writers other than its owner, and otherwise left as it was', async () => {
    const root = temporaryDirectory();
    chmodSync(root, 0o770);
    await installed(root);
    expect((statSync(root).mode & 0o777).toString(8)).toBe('750');
  });
});

describe('a refusal', () => {
  async function refused(root: string, ...args: string[]): Promise<Finished> {
    const before = existsSync(root) ? treeOf(root) : undefined;
    const finished = await runInstaller(bundle, ['-d', root, '-p', port, ...args]);
    expect(finished, finished.stdout).toMatchObject({ code: 4 });
    expect(existsSync(root) ? treeOf(root) : undefined).toEqual(before);
    return finished;
  }

  it('tells everything that is in the way together and changes nothing', async () => {
    const root = temporaryDirectory();
    writeFileSync(join(root, 'precious'), 'x');
    const { stderr } = await refused(root, '-t', 'agent', '--hostname', 'localhost');
    expect(stderr).toContain('Nothing was changed. 3 things are in the way:');
    expect(stderr).toContain('is not empty ("precious")');
    expect(stderr).toContain('--carbon-server HOST');
    expect(stderr).toContain('localhost');
  });

  it('is one JSON object with --json', async () => {
    const root = temporaryDirectory();
    const { stdout } = await refused(root, '-t', 'agent', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ result: 'refused', findings: [{ check: 'carbon-server' }] });
  });

  it.skipIf(process.geteuid?.() !== 0)("meets another user's directory as root, too (skipped for others: run the tests as root)", async () => {
    const root = temporaryDirectory();
    chownSync(root, 65_534, 65_534);
    expect((await refused(root, '--allow-root')).stderr).toContain('belongs to another user');
  });

  it('names the holder of a port and proposes a free block; an agent does not mind', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const taken = (server.address() as AddressInfo).port;
    const base = String(taken - 2);
    const root = join(temporaryDirectory(), 'dkm');
    const { stderr } = await refused(root, '-p', base);
    expect(stderr).toContain(`Port ${taken}/tcp on 127.0.0.1 (Graphite query API) is in use`);
    if (process.platform === 'linux') expect(stderr).toContain(`(process ${process.pid})`);
    expect(stderr).toMatch(/are free: -p \d+/);
    await installed(root, '-t', 'agent', '--carbon-server', 'monitor', '-p', base);
  });

  it('says what a bundle lacks, and why', async () => {
    const poor = join(temporaryDirectory(), 'bundle');
    await makeFakeBundle(poor, {
      components: FAKE_COMPONENTS.map((component) => ({ ...component, bundled: false })),
      missing: [{ name: 'go-carbon', role: 'store', reasons: ['no answer'] }],
    });
    const finished = await runInstaller(poor, ['-d', join(poor, '..', 'dkm'), '-p', port, '-t', 'backend']);
    expect(finished.code).toBe(4);
    expect(finished.stderr).toContain('go-carbon: no answer');
  });

  it.each([
    ['changed', 'components/store/share/notes.txt', (path: string) => writeFileSync(path, 'notez\n')],
    ['longer', 'templates/query/conf/query.yaml.hbs', (path: string) => writeFileSync(path, 'more', { flag: 'a' })],
    ['missing', 'vendor-manifests/query.toml', (path: string) => rmSync(path)],
    ['added', 'components/store/bin/extra', (path: string) => writeFileSync(path, '')],
    ['turned into a link', 'installer', (path: string) => (rmSync(path), symlinkSync('/bin/sh', path))],
    ['led elsewhere', 'components/store/share/latest', (path: string) => (rmSync(path), symlinkSync('/etc/passwd', path))],
  ])('meets a bundle with a file that was %s', async (_, path, tamper) => {
    const damaged = join(temporaryDirectory(), 'bundle');
    await makeFakeBundle(damaged);
    tamper(join(damaged, path));
    const finished = await runInstaller(damaged, ['-d', join(damaged, '..', 'dkm'), '-p', port]);
    expect(finished.code).toBe(4);
    expect(finished.stderr).toContain(path);
    expect(readdirSync(join(damaged, '..'))).toEqual(['bundle']);
  });

  it('meets a journal that would have something outside removed', async () => {
    const folder = temporaryDirectory();
    const [root, precious] = [join(folder, 'dkm'), join(folder, 'precious')];
    await installed(root);
    mkdirSync(precious);
    const journal = join(root, 'run/install.journal');
    const [begin = ''] = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, `${begin.replace('"steps":[', '"steps":[{"kind":"place-files","path":"../precious"},')}\n`);
    const finished = await runInstaller(bundle, ['-d', root, '-p', port, '-t', 'server']);
    expect(finished).toMatchObject({ code: 1, stderr: expect.stringContaining('expected a path inside the installed directory') as string });
    expect(existsSync(precious)).toBe(true);
  });

  it('meets a folder that is no bundle', async () => {
    const finished = await runInstaller(temporaryDirectory(), ['-d', join(temporaryDirectory(), 'dkm')]);
    expect(finished).toMatchObject({ code: 4 });
    expect(finished.stderr).toContain('bundle.json is missing');
  });

  it('meets wrong usage with exit code 2', async () => {
    expect(await runInstaller(bundle, ['-t', 'all'])).toMatchObject({ code: 2 });
    expect(await runInstaller(bundle, ['-d', join(temporaryDirectory(), 'dkm'), '-p', 'x'])).toMatchObject({ code: 2 });
    expect(await runInstaller(bundle, ['--help'])).toMatchObject({ code: 0 });
  });
});

describe('--dry-run', () => {
  it('prints the plan and touches nothing', async () => {
    const folder = temporaryDirectory();
    const { stdout } = await installed(join(folder, 'dkm'), '--dry-run');
    expect(stdout).toContain('write secret      conf/secrets/admin-password');
    expect(readdirSync(folder)).toEqual([]);
    const json = await installed(join(folder, 'dkm'), '--dry-run', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ result: 'planned', directory: join(folder, 'dkm') });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the same again', () => {
  it('does nothing and says so, with the same flags or with none', async () => {
    const root = join(temporaryDirectory(), 'dkm');
    await installed(root, '-t', 'server');
    const before = [treeOf(root), readFileSync(join(root, 'run/install.journal'), 'utf8')];
    expect((await installed(root, '-t', 'server')).stdout).toContain('there was nothing to do');
    expect(JSON.parse((await installed(root, '--json')).stdout)).toMatchObject({ result: 'unchanged', type: 'server' });
    expect([treeOf(root), readFileSync(join(root, 'run/install.journal'), 'utf8')]).toEqual(before);
  });

  it('keeps edited configuration and secrets, and makes again what is gone', async () => {
    const root = join(temporaryDirectory(), 'dkm');
    await installed(root);
    const password = readFileSync(join(root, 'conf/secrets/admin-password'), 'utf8');
    writeFileSync(join(root, 'conf/query.yaml'), 'mine\n');
    rmSync(join(root, 'conf/store/store.toml'));
    rmSync(join(root, 'versions/1.0.0/components/store/bin/serve'));
    const { stdout } = await installed(root);
    expect(stdout).toContain(`left as they are: ${root}/conf/query.yaml`);
    expect(stdout).toContain('made again: versions/1.0.0/components/store, conf/store/store.toml');
    expect(readFileSync(join(root, 'conf/query.yaml'), 'utf8')).toBe('mine\n');
    expect(readFileSync(join(root, 'conf/secrets/admin-password'), 'utf8')).toBe(password);
    expect(existsSync(join(root, 'versions/1.0.0/components/store/bin/serve'))).toBe(true);
  });

  it('takes up what was edited in conf/dkm.toml', async () => {
    const root = join(temporaryDirectory(), 'dkm');
    await installed(root);
    const settings = join(root, 'conf/dkm.toml');
    writeFileSync(settings, readFileSync(settings, 'utf8').replace('query = "127.0.0.1"', 'query = "0.0.0.0"'));
    const finished = await runInstaller(bundle, ['-d', root]);
    expect(finished.stdout).toContain('conf/query.yaml');
    expect(readFileSync(join(root, 'conf/query.yaml'), 'utf8')).toContain('0.0.0.0');
    expect(readFileSync(settings, 'utf8')).toContain('query = "0.0.0.0"');
  });

  it('with other answers, another version or another build is refused', async () => {
    const folder = temporaryDirectory();
    const root = join(folder, 'dkm');
    await installed(root);
    const before = treeOf(root);
    const other = await runInstaller(bundle, ['-d', root, '-t', 'server']);
    expect(other).toMatchObject({ code: 4, stderr: expect.stringContaining('type: all there, server asked for') as string });
    await makeFakeBundle(join(folder, 'newer'), { version: '2.0.0' });
    expect(await runInstaller(join(folder, 'newer'), ['-d', root])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('holds dkm 1.0.0; this bundle is 2.0.0') as string,
    });
    await makeFakeBundle(join(folder, 'rebuilt'), { components: FAKE_COMPONENTS.slice(1) });
    expect(await runInstaller(join(folder, 'rebuilt'), ['-d', root])).toMatchObject({ code: 4, stderr: expect.stringContaining('another build') as string });
    expect(treeOf(root)).toEqual(before);
  });
});
