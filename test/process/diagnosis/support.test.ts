import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, runOrThrow } from '../../../src/base/exec.ts';
import { listTree } from '../../../src/base/files.ts';
import { diagnosedInstallation, type DiagnosedInstallation } from '../../helpers/diagnosed-installation.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

interface Summary {
  collectors: { name: string; result: string; reason: string }[];
  leftOut: { what: string; why: string }[];
  secretsSought: number;
}

interface Unpacked {
  files: Map<string, string>;
  summary: Summary;
  path: string;
}

/** Writes an archive and reads it with tar, as whoever gets it does. */
async function archiveOf(installation: DiagnosedInstallation, ...args: string[]): Promise<Unpacked> {
  const folder = temporaryDirectory();
  const path = join(folder, 'a.tar.gz');
  const { code, stdout, stderr } = await installation.dkm('support', '--to', path, '--json', ...args);
  if (code !== 0) throw new Error(`dkm support ended with ${code}: ${stdout}${stderr}`);
  await runOrThrow('tar', ['-xzf', path, '-C', folder]);
  const names = await listTree(join(folder, 'dkm-support'));
  const files = new Map(names.map((name) => [name, readFileSync(join(folder, 'dkm-support', name), 'utf8')]));
  return { files, path, summary: JSON.parse(files.get('summary.json')!) as Summary };
}

/** Where in an archive a secret is, in any of the forms that a reader would recognise. */
function leaksOf(secret: string, { files }: Unpacked): string[] {
  const base64 = [0, 1, 2].map((before) =>
    Buffer.from(`${' '.repeat(before)}${secret}`)
      .toString('base64')
      .slice(4, -4),
  );
  const forms = [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('hex'),
    JSON.stringify(secret).slice(1, -1),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
  const decoded = (text: string): string => `${text}\n${text.replace(/%([0-9a-f]{2})/gi, (_, pair: string) => String.fromCharCode(Number.parseInt(pair, 16)))}`;
  return [...files].filter(([name, text]) => forms.some((form) => `${name}\n${decoded(text)}`.includes(form))).map(([name]) => name);
}

let planted = 0;
/** A secret that no other text has. Half of them look like nothing in particular. */
const plant = (): string => `Zq${(planted += 1)}-plänted/"s'ecret&${planted * 7919}`;
const plain = (): string => `planted-words-${String.fromCharCode(97 + (planted += 1))}-${planted * 7919}`;

const UNREADABLE_SECRETS: [string, (installation: DiagnosedInstallation) => void | Promise<unknown>][] = [
  ['conf/secrets is a file', ({ layout }) => (rmSync(layout.secrets, { recursive: true }), writeFileSync(layout.secrets, 'x'))],
  ['a secret is a pipe', ({ layout }) => run('mkfifo', [join(layout.secrets, 'pipe')])],
  ['a secret is a link', ({ layout }) => symlinkSync('/dev/zero', join(layout.secrets, 'link'))],
  ['a secret is too large', ({ layout }) => writeFileSync(join(layout.secrets, 'large'), Buffer.alloc(2 << 20))],
];

const BROKEN: [string, (installation: DiagnosedInstallation) => void | Promise<unknown>, string[]][] = [
  ['settings that cannot be read', ({ layout }) => writeFileSync(layout.settings, 'port = [\n'), ['verify.json', 'doctor.json', 'listing.txt']],
  ['no settings', ({ layout }) => rmSync(layout.settings), ['verify.json', 'doctor.json']],
  ['no configuration at all', ({ layout }) => rmSync(layout.conf, { recursive: true }), ['verify.json', 'doctor.json', 'logs/install.log']],
  [
    'a dangling current',
    ({ layout }) => renameSync(join(layout.versions, '1.0.0'), join(layout.versions, 'x')),
    ['conf/dkm.toml', 'verify.json', 'logs/install.log'],
  ],
  ['no run directory', ({ layout }) => rmSync(layout.run, { recursive: true }), ['conf/dkm.toml', 'bundle.json']],
  ['a status that is none', ({ layout }) => writeFileSync(layout.status, '{'), ['status.json', 'conf/dkm.toml']],
  ['pipes, a huge log and one that is no text', brokenFiles, ['conf/dkm.toml', 'logs/huge.log', 'doctor.json']],
];

describe('dkm support', () => {
  it('holds what whoever helps needs to know, from a running installation', async () => {
    const installation = await diagnosedInstallation();
    const { files, summary, path } = await archiveOf(installation);
    expect(summary.collectors.filter(({ result }) => result !== 'ok')).toEqual([]);
    expect(summary.leftOut).toEqual([]);
    expect([...files.keys()]).toEqual(
      expect.arrayContaining(
        [
          'bundle.json',
          'conf/dkm.toml',
          'conf/query.yaml',
          'conf/store/store.toml',
          'conf/web/web.ini',
          'disks.json',
          'doctor.json',
          'listing.txt',
          'logs/install.log',
        ].concat([
          'logs/store.log',
          'machine.json',
          'processes.json',
          'run/install.journal',
          'sockets.json',
          'status.json',
          'summary.json',
          'verify.json',
          'versions.json',
        ]),
      ),
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(files.get('verify.json')!)).toMatchObject({ ok: true });
    expect(files.get('conf/store/store.toml')).toBe(readFileSync(join(installation.layout.conf, 'store/store.toml'), 'utf8'));
    expect(files.get('sockets.json')).toContain(String(installation.port));
    expect(files.get('processes.json')).toContain('graphite-service.mjs');
    expect(files.get('processes.json')).toContain('"PATH"');
    expect([...files.keys()].filter((name) => name.includes('secrets'))).toEqual([]);
  });

  it('holds none of the secrets that were planted everywhere', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const { layout, write } = installation;
    const secrets: string[] = [readFileSync(join(layout.secrets, 'admin-password'), 'utf8').trim()];
    const secret = (): string => {
      const made = secrets.length % 2 === 0 ? plant() : plain();
      secrets.push(made);
      return made;
    };
    const append = (path: string, text: string): void => {
      mkdirSync(dirname(join(layout.root, path)), { recursive: true });
      writeFileSync(join(layout.root, path), text, { flag: 'a' });
    };
    const quoted = (): string => JSON.stringify(secret());

    // In each format of configuration, under keys that say so and under others, and in comments
    append(
      'conf/store/store.toml',
      `password = ${quoted()}\nmine = ${quoted()}\n# ${secret()}\nurl = ${JSON.stringify(`http://u:${encodeURIComponent(secret())}@example.org`)}\n`,
    );
    append('conf/query.yaml', `auth:\n  password: ${quoted()}\nmine: ${quoted()} # ${secret()}\nfolded: >\n  words\n  ${plainSecret(secrets)}\n`);
    append('conf/web/web.ini', `admin_password = ${secret()}\nmine = ${secret()}\n; ${secret()}\n[${plainSecret(secrets)}]\nmore =\n  ${secret()}\n`);
    write('conf/web/host.json', JSON.stringify({ title: 'host', token: secret(), mine: [secret()] }));
    append('conf/measure.conf', `<Plugin network>\n  Password ${quoted()}\n  Mine ${quoted()}\n  # ${secret()}\n</Plugin>\n<Node ${quoted()}>\n</Node>\n`);
    append('conf/whisper/storage-schemas.conf', `[x]\npattern = .*\nmine = ${secret()}\n`);
    append('conf/web/settings.py', `SECRET_KEY = ${quoted()}\n`);
    append('conf/telegraf/telegraf.conf', `[[outputs.x]]\n  token = ${quoted()}\n  mine = ${quoted()}\n`);
    const inEnvironment = [secret(), secret()];
    append(
      'conf/dkm.toml',
      `\n[services.web]\nenvironment = { HARMLESS = ${JSON.stringify(inEnvironment[0])}, API_TOKEN = ${JSON.stringify(inEnvironment[1])} }\n`,
    );

    // In conf/secrets, over several lines, and as bytes that are no text
    const [stored, inLines] = [secret(), [secret(), secret()]];
    write('conf/secrets/mine', `${stored}\n`);
    write('conf/secrets/lines', `user=${inLines[0]}\n${inLines[1]}\n`);

    // In logs: under a name, in a header, in a sentence; and bare, in every encoding, what is known from elsewhere
    append('run/logs/web.log', `login with password=${secret()}\nAuthorization: Bearer ${secret()}\nCookie: s=${secret()}\nthe password is ${secret()}\n`);
    append('run/logs/web.log', `-----BEGIN PRIVATE KEY-----\n${plainSecret(secrets)}\n-----END PRIVATE KEY-----\n`);
    for (const known of [stored, ...inLines, ...inEnvironment]) {
      append(
        'run/logs/store.log',
        `bare ${known}\n${encodeURIComponent(known)}\n${Buffer.from(`admin:${known}`).toString('base64')}\n${Buffer.from(known).toString('hex')}\n${JSON.stringify(known)}\n`,
      );
    }
    append('run/install.log', `made ${stored}\n`);
    // In what an installer wrote down of the settings of its day
    const old = secret();
    const journal = readFileSync(layout.journal, 'utf8');
    writeFileSync(layout.journal, journal.replace('"services":{}', `"services":{"web":{"environment":{"X":${JSON.stringify(old)}}}}`));
    expect(readFileSync(layout.journal, 'utf8')).not.toBe(journal);
    // In names of files
    const named = plainSecret(secrets);
    write('conf/secrets/named', named);
    write(`conf/${named}.conf`, 'a = 1\n');
    append(`run/logs/${named}.log`, 'x\n');
    // Where a link leads, and beside it
    symlinkSync('secrets', join(layout.conf, 'also'));
    symlinkSync(join(layout.secrets, 'mine'), join(layout.conf, 'copied.toml'));

    const archive = await archiveOf(installation);
    expect(secrets.length).toBeGreaterThan(30);
    expect(secrets.map((each) => leaksOf(each, archive)).filter((leaks) => leaks.length > 0)).toEqual([]);
    expect(archive.summary.leftOut.map(({ what }) => what)).toEqual(expect.arrayContaining(['conf/also', 'conf/copied.toml', 'conf/web/settings.py']));
    // What is harmless is still there.
    expect(archive.files.get('conf/store/store.toml')).toContain('max = 5');
    expect(archive.files.get('conf/dkm.toml')).toContain('HARMLESS = "[hidden]"');
    expect(archive.files.get('run/install.journal')).toContain('host.example.org');
  });

  it('finds a secret of a running service’s environment in its log', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const secret = plain();
    installation.write('run/logs/web.log', `connected with ${secret}\n`);
    const folder = temporaryDirectory();
    const path = join(folder, 'a.tar.gz');
    const main = join(import.meta.dirname, '../../../src/main.ts');
    const env = { ...process.env, DATABASE_PASSWORD: secret };
    await runOrThrow(process.execPath, [main, 'dkm', '-d', installation.layout.root, 'support', '--to', path], { env, timeoutMs: 60_000 });
    expect(await runOrThrow('tar', ['-xzOf', path])).not.toContain(secret);
  });

  it('writes no archive when a secret cannot be read', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const restore = await installation.snapshot();
    for (const [what, breakIt] of UNREADABLE_SECRETS) {
      await breakIt(installation);
      const path = join(temporaryDirectory(), 'a.tar.gz');
      const { code, stderr } = await installation.dkm('support', '--to', path);
      const isRefused = stderr.includes('No archive was written');
      expect({ what, code, isRefused, left: readdirSync(dirname(path)) }).toEqual({ what, code: 1, isRefused: true, left: [] });
      await restore();
    }
  });

  it('writes no archive when secrets may not be read', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may read everything: run the tests as an ordinary user');
    const installation = await diagnosedInstallation({ start: false });
    chmodSync(installation.layout.secrets, 0o000);
    const { code, stderr } = await installation.dkm('support', '--to', join(temporaryDirectory(), 'a.tar.gz'));
    chmodSync(installation.layout.secrets, 0o700);
    expect(code).toBe(1);
    expect(stderr).toContain('No archive was written');
  });

  it('works with whatever is broken', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const restore = await installation.snapshot();
    for (const [what, breakIt, expected] of BROKEN) {
      await breakIt(installation);
      const { files, path } = await archiveOf(installation);
      expect({ what, missing: expected.filter((name) => !files.has(name)) }).toEqual({ what, missing: [] });
      expect(statSync(path).size).toBeLessThan(2 << 20);
      await restore();
    }
  });

  it('tells what was left out, and why', async () => {
    const installation = await diagnosedInstallation({ start: false });
    await brokenFiles(installation);
    installation.write('conf/web/host.json', '{');
    const { summary } = await archiveOf(installation);
    const reasons = Object.fromEntries(summary.leftOut.map(({ what, why }) => [what.slice(what.lastIndexOf('/') + 1), why]));
    expect(reasons).toMatchObject({
      'host.json': expect.stringContaining('cannot be read for certain') as string,
      'pipe.conf': 'is not a regular file',
      'pipe.log': expect.stringContaining('is not a regular file') as string,
      'binary.log': expect.stringContaining('is not text') as string,
      'large.toml': expect.stringContaining('at most') as string,
    });
  });

  it('is not held up by a check that hangs, and tells it', async () => {
    const installation = await diagnosedInstallation({ start: false });
    await run('mkfifo', [join(installation.layout.conf, 'hang')]);
    // The check of the store reads a file that never comes.
    installation.write('conf/store/store.toml', 'data = "x"\n');
    rmSync(join(installation.layout.conf, 'store/store.toml'));
    await run('mkfifo', [join(installation.layout.conf, 'store/store.toml')]);
    const { files } = await archiveOf(installation);
    expect(files.get('doctor.json')).toContain('did not finish within');
  });

  it('hides names and addresses, each by the same stand-in', async () => {
    const installation = await diagnosedInstallation({ start: false });
    installation.write('run/logs/web.log', 'from 192.0.2.7 to db.example.org, again 192.0.2.7\n');
    const { files } = await archiveOf(installation, '--hide-hosts');
    for (const text of files.values()) expect(text).not.toMatch(/host\.example\.org|org\.example\.host|192\.0\.2\.7/);
    expect(files.get('logs/web.log')).toMatch(/^from (address-\d+) to (host-\d+), again \1$/m);
    expect(files.get('conf/dkm.toml')).toContain('hostname = "host-1"');
  });

  it('writes nothing over what is there, and names the place where it cannot write', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const path = join(temporaryDirectory(), 'a.tar.gz');
    writeFileSync(path, 'mine');
    expect(await installation.dkm('support', '--to', path)).toMatchObject({ code: 2 });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    const nowhere = await installation.dkm('support', '--to', join(path, 'x', 'a.tar.gz'));
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toContain('--to FILE');
  });

  it('writes into the working directory under a name of its own', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const { code, stdout } = await installation.dkm('support');
    expect(code).toBe(0);
    const path = /^(\S+dkm-support-\d{8}-\d{6}\.tar\.gz) /.exec(stdout)?.[1] ?? '';
    expect(existsSync(path)).toBe(true);
  });
});

function plainSecret(secrets: string[]): string {
  const made = plain();
  secrets.push(made);
  return made;
}

async function brokenFiles({ layout }: DiagnosedInstallation): Promise<void> {
  await run('mkfifo', [join(layout.conf, 'pipe.conf'), join(layout.logs, 'pipe.log')]);
  writeFileSync(join(layout.logs, 'binary.log'), Buffer.from([1, 0, 2]));
  writeFileSync(join(layout.logs, 'huge.log'), `${'a line of a log\n'.repeat(2_000_000)}`);
  writeFileSync(join(layout.conf, 'large.toml'), `# ${'x'.repeat(1 << 20)}\n`);
}
