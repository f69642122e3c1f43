import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { listTree } from '../../../src/base/files.ts';
import { readBundle } from '../../../src/contract/bundle.ts';
import { content, startLoopback, status } from '../../helpers/loopback-server.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';
import { tarGzOf } from '../../unit/package/archives.ts';
import { BUNDLE_NAME, NODE_FOLDER, noNode, otherCheckout, Sandbox } from './run.ts';

/** One TOML table and one template, no TypeScript: what a component takes. */
const FAKE_SERVICE = `
[[sources]]
kind = "http"
url = "https://example.invalid/fake-{version}.tar.gz"
archive = "tar.gz"

[files]
prune = ["docs/**"]
require = ["bin/fake"]

[[ports]]
name = "carbon"
listen = "carbon"
title = "Fake metrics"

[service]
command = ["{{component}}/bin/fake", "--config", "{{dir.conf}}/fake.conf"]
ready = { kind = "tcp", port = "carbon" }
`;

const FAKE_ARCHIVE = tarGzOf([
  { path: 'fake-1.0/bin/fake', content: '#!/bin/sh\nexec sleep 1000\n', mode: 0o755 },
  { path: 'fake-1.0/docs/manual', content: 'manual' },
  { path: 'fake-1.0/LICENSE', content: 'The MIT licence.' },
]);

function sandboxWithFake(root = temporaryDirectory()): Sandbox {
  const sandbox = new Sandbox(root);
  sandbox.add('fake', { role: 'store', sources: FAKE_SERVICE });
  return sandbox;
}

const source = (url: string, digest = ''): string =>
  `[[sources]]\nkind = "http"\nurl = "${url}"\narchive = "tar.gz"\n${digest === '' ? '' : `[sources.sha256]\nlinux-x64 = "${digest}"\nlinux-arm64 = "${digest}"\ndarwin-x64 = "${digest}"\ndarwin-arm64 = "${digest}"\n`}`;

describe.skipIf(noNode)(`a bundle${noNode === undefined ? '' : ` (skipped: ${noNode})`}`, () => {
  it('holds a component that is one manifest and one template, with what is known of it', async () => {
    const sandbox = sandboxWithFake();
    const { code, stderr, printed } = await sandbox.build('--with', `fake=${sandbox.write('fake.tar.gz', FAKE_ARCHIVE)}`, '--skip-archive');
    expect(code, stderr).toBe(0);
    const root = sandbox.path('dist', BUNDLE_NAME);
    expect(printed.bundle).toBe(root);
    const bundle = await readBundle(root);
    expect(bundle.components.map(({ name, role, verified, source: from }) => ({ name, role, verified, from }))).toEqual([
      { name: 'node', role: 'runtime', verified: 'local', from: 'local' },
      { name: 'fake', role: 'store', verified: 'local', from: 'local' },
    ]);
    expect(bundle.components[1]).toMatchObject({
      version: '1.0',
      licence: 'MIT',
      size: 42,
      files: 2,
      artifacts: [{ file: 'fake.tar.gz', sha256: sha256(FAKE_ARCHIVE), origin: 'fake.tar.gz' }],
    });
    const files = await listTree(root);
    expect(files.filter((path) => !path.startsWith('licenses/') && !path.includes('node'))).toEqual([
      'bundle.json',
      'components/fake/LICENSE',
      'components/fake/bin/fake',
      'installer',
      'sbom.cdx.json',
      'share/man/man1/dkm.1',
      'templates/fake/conf/fake.conf.hbs',
      'vendor-manifests/fake.toml',
    ]);
    expect(files).toEqual(
      expect.arrayContaining(['licenses/fake/LICENSE', 'licenses/THIRD-PARTY.md', 'licenses/dkm/npm/pm2@7.0.4/LICENSE', 'vendor-manifests/node.toml']),
    );
    expect(files.filter((path) => path !== 'bundle.json').sort()).toEqual(Object.keys(bundle.files).sort());
    for (const [path, entry] of Object.entries(bundle.files)) {
      if ('link' in entry) continue;
      expect(sha256(readFileSync(join(root, path))), path).toBe(entry.sha256);
      expect(statSync(join(root, path)).mode & 0o777, path).toBe(entry.executable ? 0o755 : 0o644);
    }
    expect(JSON.stringify(bundle), 'no path of this machine').not.toContain(sandbox.root);
    expect(execFileSync(join(root, 'installer'), ['--help'], { encoding: 'utf8', env: {} })).toContain('Usage: installer');
    expect(readFileSync(sandbox.path('dist', `${BUNDLE_NAME}.cdx.json`), 'utf8')).toBe(readFileSync(join(root, 'sbom.cdx.json'), 'utf8'));
    expect(stderr).toMatch(/fake +1\.0 +store +local +local +\d/);
  });

  it('is the same, byte for byte, from another checkout with nothing in the cache', async () => {
    const archive = (sandbox: Sandbox): string => `fake=${sandbox.write('fake.tar.gz', FAKE_ARCHIVE)}`;
    const first = sandboxWithFake();
    const one = await first.build('--with', archive(first));
    const elsewhere = temporaryDirectory('dkm-elsewhere-');
    const second = new Sandbox(join(elsewhere, 'work'), otherCheckout(join(elsewhere, 'a', 'check out')));
    second.add('fake', { role: 'store', sources: FAKE_SERVICE });
    const other = await second.build('--with', archive(second));
    expect(one.code, one.stderr).toBe(0);
    expect(other.code, other.stderr).toBe(0);
    expect(other.printed.executable.reused).toBeNull();
    expect(other.printed.archive?.sha256).toBe(one.printed.archive?.sha256);
    execFileSync('sha256sum', ['-c', `${BUNDLE_NAME}.tar.gz.sha256`], { cwd: second.path('dist') });
    expect(readdirSync(second.path('dist')).sort(), 'nothing else is left').toEqual([
      `${BUNDLE_NAME}.cdx.json`,
      `${BUNDLE_NAME}.tar.gz`,
      `${BUNDLE_NAME}.tar.gz.sha256`,
    ]);
  });

  it('keeps the last executable with --skip-build while its sources are unchanged, and says when not', async () => {
    const root = temporaryDirectory();
    const sandbox = new Sandbox(join(root, 'work'), otherCheckout(join(root, 'project')));
    const first = await sandbox.build('--skip-archive');
    expect(first.printed.executable.reused).toBeNull();
    const second = await sandbox.build('--skip-archive', '--skip-build');
    expect(second.printed.executable.reused).toBe('sources-unchanged');
    expect(second.stderr).toContain('kept: its sources are unchanged (--skip-build)');
    const main = join(root, 'project', 'src', 'main.ts');
    writeFileSync(main, `${readFileSync(main, 'utf8')}\nprocess.title = 'changed';\n`);
    const third = await sandbox.build('--skip-archive', '--skip-build');
    expect(third.printed.executable.reused).toBeNull();
    expect(third.stderr).toContain('the sources changed since the last executable was built');
  });

  it('is built without a network from a vendor directory that was filled before', async (context) => {
    if (!canUnshare()) context.skip('this machine does not allow an empty network namespace (unshare -rn): run the test as root or allow user namespaces');
    await using server = await startLoopback({ '/fake.tar.gz': content(FAKE_ARCHIVE) });
    const sandbox = new Sandbox(temporaryDirectory());
    sandbox.add('fake', { role: 'store', sources: source(`${server.url}/fake.tar.gz`, sha256(FAKE_ARCHIVE)) });
    const node = ['--with', `node=${NODE_FOLDER}`];
    const filled = await sandbox.run('--download-only', ...node);
    expect(filled.code, filled.stderr).toBe(0);
    expect(existsSync(sandbox.path('dist'))).toBe(false);
    await server.close();
    renameSync(sandbox.path('vendor'), sandbox.path('mirror'));
    const built = await sandbox.start(['--offline', '--vendor-dir', sandbox.path('mirror'), '--skip-archive', ...node], ['unshare', '-rn']).ended;
    expect(built.code, built.stderr).toBe(0);
    expect((await readBundle(sandbox.path('dist', BUNDLE_NAME))).components[1]).toMatchObject({ name: 'fake', verified: 'pinned' });
  });
});

function canUnshare(): boolean {
  try {
    execFileSync('unshare', ['-rn', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('what cannot be had', () => {
  it('is reported together, with every source that was tried and the flags that help', async () => {
    await using server = await startLoopback({ '/gone.tar.gz': status(404) });
    const sandbox = new Sandbox(temporaryDirectory());
    sandbox.add('one', { role: 'store', sources: source(`${server.url}/gone.tar.gz`, sha256('gone')) });
    sandbox.add('two', { role: 'query', sources: `${source(`${server.url}/gone.tar.gz`)}\nplatforms = ["darwin-x64"]` });
    sandbox.add('stand-in', { role: 'store', preference: 2, sources: '[[sources]]\nkind = "built-in"' });
    const { code, printed, stderr } = await sandbox.build('--platform', 'linux-x64');
    expect(code).toBe(1);
    expect(printed.error).toMatchObject({ code: 'components-missing' });
    for (const text of ['one 1.0 (store) cannot be had', '404', 'two 1.0 (query) cannot be had', 'no source for linux-x64']) expect(stderr).toContain(text);
    for (const text of ['--fallback takes stand-in', '--with one=PATH', '--provider store=stand-in', '--without two'])
      expect(printed.error?.hint).toContain(text);
    expect(existsSync(sandbox.path('dist'))).toBe(false);
  });

  it.skipIf(noNode)('lets the next provider in with --fallback, and the bundle says why', async () => {
    await using server = await startLoopback({ '/gone.tar.gz': status(404) });
    const sandbox = new Sandbox(temporaryDirectory());
    sandbox.add('one', { role: 'store', sources: source(`${server.url}/gone.tar.gz`, sha256('gone')) });
    sandbox.add('stand-in', { role: 'store', preference: 2, sources: '[[sources]]\nkind = "built-in"' });
    const { code, printed, stderr } = await sandbox.build('--fallback', '--skip-archive');
    expect(code, stderr).toBe(0);
    expect(printed.components.map(({ name }) => name)).toEqual(['node', 'stand-in']);
    expect(printed.missing).toEqual([{ name: 'one', role: 'store', reasons: [expect.stringContaining('404')] }]);
    expect(stderr).toContain('stand-in in place of one');
  });

  it('no fallback hides a file that was altered', async () => {
    await using server = await startLoopback({ '/fake.tar.gz': content(Buffer.concat([FAKE_ARCHIVE, gzipSync('more')])) });
    const sandbox = new Sandbox(temporaryDirectory());
    sandbox.add('one', { role: 'store', sources: source(`${server.url}/fake.tar.gz`, sha256(FAKE_ARCHIVE)) });
    sandbox.add('stand-in', { role: 'store', preference: 2, sources: '[[sources]]\nkind = "built-in"' });
    const { code, printed } = await sandbox.build('--fallback');
    expect(code).toBe(1);
    expect(printed.error?.code).toBe('verification-failed');
    expect(existsSync(sandbox.path('dist'))).toBe(false);
  });

  it('is refused when it is verified by less than --require asks for', async () => {
    const sandbox = sandboxWithFake();
    const { code, printed } = await sandbox.build('--require', 'pinned', '--with', `fake=${sandbox.write('fake.tar.gz', FAKE_ARCHIVE)}`);
    expect(code).toBe(4);
    expect(printed.error?.code).toBe('verification-too-weak');
  });
});

describe('failures', () => {
  it.skipIf(noNode)('a hostile archive is refused by name, and no bundle is left', async () => {
    const sandbox = sandboxWithFake();
    const hostile = sandbox.write('hostile.tar.gz', tarGzOf([{ path: 'fake/bin/fake' }, { path: '../../escaped' }]));
    const { code, printed } = await sandbox.build('--with', `fake=${hostile}`);
    expect(code).toBe(1);
    expect(printed.error).toMatchObject({ code: 'archive-refused', message: expect.stringContaining('hostile.tar.gz: ../../escaped') as string });
    expect(existsSync(sandbox.path('dist'))).toBe(false);
    expect(readdirSync(sandbox.path('build/under-way'))).toEqual([]);
  });

  it.each([
    [['--platform', 'plan9'], /--platform/],
    [['--with', 'grafana'], /NAME=PATH/],
    [['--jobs', '0'], /whole number/],
    [['--nonsense'], /unknown option/],
    [['--without', 'nothing'], /there is no component nothing/],
    [['--provider', 'store=node'], /node is a provider of runtime/],
  ])('%j is wrong usage', async (flags, message) => {
    const { code, stderr } = await sandboxWithFake().run(...flags);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('a faulty manifest is named with its key', async () => {
    const sandbox = sandboxWithFake();
    sandbox.write('manifests/fake.toml', readFileSync(sandbox.path('manifests/fake.toml'), 'utf8').replace('licence', 'license'));
    const { code, stderr } = await sandbox.run();
    expect(code).toBe(1);
    expect(stderr).toContain('fake.toml: license: unknown key');
  });
});

describe('interrupted during a download', () => {
  const BIG = tarGzOf([
    { path: 'fake/bin/fake', content: '#!/bin/sh\n', mode: 0o755 },
    { path: 'fake/LICENSE' },
    { path: 'fake/noise', content: Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251)) },
  ]);

  /** A server that stops in the middle of the first transfer. */
  const server = () => startLoopback({ '/fake.tar.gz': content(BIG, { etag: '"1"', stallAfter: Math.floor(BIG.length / 2), stallTimes: 1 }) });
  const sandboxFor = (url: string): Sandbox => {
    const sandbox = new Sandbox(temporaryDirectory());
    sandbox.add('fake', { role: 'store', sources: source(`${url}/fake.tar.gz`, sha256(BIG)) });
    return sandbox;
  };
  const untilHalf = (sandbox: Sandbox): Promise<true> =>
    eventually(
      'half of the file is there',
      async () =>
        existsSync(sandbox.path('vendor/partial')) &&
        (await listTree(sandbox.path('vendor/partial'))).some((path) => statSync(sandbox.path('vendor/partial', path)).size >= Math.floor(BIG.length / 2)),
    );

  it.each([
    ['SIGKILL', null],
    ['SIGINT', 130],
  ] as const)('by %s, it goes on where it was', async (signal, code) => {
    await using loopback = await server();
    const sandbox = sandboxFor(loopback.url);
    const flags = ['--download-only', '--with', `node=${NODE_FOLDER}`];
    const { child, ended } = sandbox.start(flags);
    await untilHalf(sandbox);
    child.kill(signal);
    expect((await ended).code).toBe(code);
    const again = await sandbox.run(...flags);
    expect(again.code, again.stderr).toBe(0);
    expect(loopback.requests.at(-1)?.range).toBe(`bytes=${Math.floor(BIG.length / 2)}-`);
    expect(readdirSync(sandbox.path('vendor/partial'))).toEqual([]);
  });
});

describe('pin', () => {
  it('records what the publisher says, after checking the file against it', async () => {
    await using loopback = await startLoopback({
      '/fake.tar.gz': content(FAKE_ARCHIVE),
      '/fake.tar.gz.sha256': content(Buffer.from(sha256(FAKE_ARCHIVE)), { type: 'text/plain' }),
    });
    const sandbox = new Sandbox(temporaryDirectory());
    sandbox.add('fake', {
      role: 'store',
      sources: `${source(`${loopback.url}/fake.tar.gz`)}checksum_url = "${loopback.url}/fake.tar.gz.sha256"\nplatforms = ["linux-x64"]`,
    });
    const { code, stdout, stderr } = await sandbox.run('pin', 'fake');
    expect(code, stderr).toBe(0);
    expect(stdout).toBe(`fake linux-x64 fake.tar.gz: ${sha256(FAKE_ARCHIVE)} (new)\n`);
    expect(readFileSync(sandbox.path('manifests/fake.toml'), 'utf8')).toContain(sha256(FAKE_ARCHIVE));
    expect((await sandbox.run('pin', 'nothing')).code).toBe(2);
  });
});
