import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { run, runOrThrow, type Finished } from '../../src/base/exec.ts';
import { layoutOf } from '../../src/base/layout.ts';
import { expand, now, render, sendTcp, sendUdp, values } from '../helpers/graphite.ts';
import { AS_WHO_I_AM, install, startAll, type Installation } from '../helpers/installation.ts';
import { freePorts } from '../helpers/ports.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

/*
 * Ways in besides the agent's own, as docs/inputs.md shows them: programs in three languages, StatsD, additions to
 * collectd, programs that collectd runs. Always into a real store, and read from there.
 */

const EXAMPLES = join(import.meta.dirname, '../../docs/examples');

const BUNDLES = [
  { name: 'carbon-cache', bundle: inject('fallbackBundle'), skip: '' },
  { name: 'go-carbon', bundle: inject('firstChoiceBundle'), skip: inject('withoutFirstChoice') },
];

const SENDERS = [
  ['send-plaintext.sh', 'bash', 1],
  ['send-plaintext.py', 'python3', 1],
  ['send-plaintext.mjs', process.execPath, 1],
  ['send-pickle.sh', 'bash', 4],
  ['send-pickle.py', 'python3', 4],
  ['send-pickle.mjs', process.execPath, 4],
] as const;

const missing = (program: string): string => (spawnSync(program, ['--version']).status === 0 ? '' : `there is no ${program} here`);

describe.each(BUNDLES)('$name', ({ name, bundle, skip: without }) => {
  if (without !== '') console.log(`Skipped: ${name}: ${without}.`);

  describe.skipIf(without !== '')('', () => {
    const root = workDirectory('inputs');
    let target: Installation;
    const carbon = (): number => target.port + 1;
    const query = (): number => target.port + 2;

    beforeAll(async () => {
      target = await install(bundle, root, '-t', 'backend', '--hostname', 'probe.example.org', '--carbon-listen', '127.0.0.1');
      await startAll(target);
    });
    afterAll(async () => {
      await target?.stop();
      removeTree(root);
    });

    it.each(SENDERS)('stores what docs/examples/%s sends', async (example, program, offset) => {
      const lacking = missing(program);
      if (lacking !== '') return console.log(`Skipped: ${example}: ${lacking}.`);
      const metric = `examples.${example.replace('.', '_')}`;
      await runOrThrow(program, [join(EXAMPLES, example), '127.0.0.1', String(target.port + offset), `${metric}.a`, '1.5', `${metric}.b`, '-2e3'], {
        timeoutMs: 60_000,
      });
      await eventually(`${example}: both can be read`, async () => {
        expect(await values(query(), `${metric}.a`)).toContain(1.5);
        return (await values(query(), `${metric}.b`)).includes(-2000);
      });
    });

    // The table of docs/inputs.md.
    it('passes over what is not a point, and goes on', async () => {
      const time = now();
      const refused = [
        `odd.nan nan ${time}`,
        `odd.space in.it 1 ${time}`,
        'odd.without-time 1',
        `odd.comma 1,5 ${time}`,
        `odd.milliseconds 1 ${time * 1000}`,
        `odd.ancient 1 ${time - 800 * 86_400}`,
      ];
      await sendTcp(carbon(), [...refused, `odd.tagged;env=prod 1 ${time}`, `odd.after 7 ${time}`, `odd.cut 8 ${time}`].join('\n'));
      await runOrThrow(
        'python3',
        [join(EXAMPLES, 'send-pickle.py'), '127.0.0.1', String(target.port + 4), 'odd.pickled.nan', 'nan', 'odd.pickled.after', '9'],
        {
          timeoutMs: 60_000,
        },
      );
      await eventually('the good ones can be read', async () => {
        expect(await values(query(), 'odd.after')).toContain(7);
        return (await values(query(), 'odd.pickled.after')).includes(9);
      });
      const names = [...(await expand(query(), 'odd.*')), ...(await expand(query(), 'odd.*.*'))].filter((metric) => /^[\w.-]+$/.test(metric));
      for (const metric of names)
        expect([metric, (await values(query(), metric)).length > 0]).toEqual([metric, ['odd.after', 'odd.pickled.after'].includes(metric)]);
      // A tag is no part of what can be asked for.
      expect(await values(query(), 'odd.tagged')).toEqual([]);
    });

    it('takes a slash for a dot and points dots together, so that no name leaves the store', async () => {
      const time = now();
      await sendTcp(carbon(), `names.a/b 1 ${time}\nnames..c 2 ${time}\n.names.d 3 ${time}\n`);
      await eventually('they are where they belong', async () => {
        expect(await values(query(), 'names.a.b')).toContain(1);
        expect(await values(query(), 'names.c')).toContain(2);
        return (await values(query(), 'names.d')).includes(3);
      });
    });
  });
});

const BUNDLE = inject('fallbackBundle');
const HOST = 'collectd.org.example.probe';

describe('collectd', () => {
  const root = workDirectory('collectd-inputs');
  const addition = (name: string): string => join(root, 'conf', 'collectd.d', name);
  const spool = join(dirname(root), 'spool');
  let target: Installation;
  let statsd: number;
  const query = (): number => target.port + 2;

  const pidOf = async (service: string): Promise<number> => {
    const { services } = JSON.parse((await target.dkm('status', '--json')).stdout) as { services: { name: string; pid: number }[] };
    return services.find(({ name }) => name === service)!.pid;
  };

  beforeAll(async () => {
    target = await install(BUNDLE, root, '-t', 'backend-agent', '--hostname', 'probe.example.org', '--carbon-listen', '127.0.0.1');
    await startAll(target);
    mkdirSync(join(spool, 'waiting'), { recursive: true });
    for (const file of ['a', 'b', 'c']) writeFileSync(join(spool, 'waiting', file), '');
    writeFileSync(join(spool, 'collectd-exec.sh'), readFileSync(join(EXAMPLES, 'collectd-exec.sh')), { mode: 0o755 });
    // The directory above is its maker's alone.
    chmodSync(dirname(root), 0o755);
  });
  afterAll(async () => {
    await target?.stop();
    removeTree(root);
  });

  it('opens no port for StatsD until conf/dkm.toml names one', async () => {
    expect((await target.dkm('status')).stdout).toMatch(/^collectd .* -$/m);
    expect(target.read('conf/collectd/collectd.conf')).not.toContain('statsd');
    statsd = target.port + 9; // one of this installation's own that nobody has
    expect(await target.dkm('config', 'set', 'statsd.port', String(statsd))).toMatchObject({ code: 0 });
    expect(await target.dkm('reconfigure')).toMatchObject({ code: 0 });
    expect((await target.dkm('status')).stdout).toMatch(new RegExp(`^collectd .* ${statsd}\\+udp$`, 'm'));
    expect(target.read('conf/collectd/collectd.conf')).toContain('Host "127.0.0.1"');
  });

  it("stores StatsD's counters, gauges, timers and sets", async () => {
    const waits = Array.from({ length: 10 }, (_, index) => `app.wait:${(index + 1) * 100}|ms`);
    const datagrams = ['app.hits:3|c\napp.hits:2|c|@0.5', 'app.level:42|g', 'app.level:+8|g', 'app.users:ann|s\napp.users:bob|s\napp.users:ann|s', ...waits];
    // Datagrams may come on both sides of the moment at which collectd counts, and its port opens after it is ready.
    await eventually(
      'the port is open',
      async () => {
        await sendUdp(statsd, 'app.ready:1|g');
        return (await values(query(), `${HOST}.statsd.gauge.app.ready`)).length > 0;
      },
      60_000,
    );
    for (const datagram of [...datagrams, 'not statsd', 'app.tagged:1|c|#env:prod']) await sendUdp(statsd, datagram);
    const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0);
    await eventually(
      'all of them can be read',
      async () => {
        expect(sum(await values(query(), `${HOST}.statsd.count.app.hits`))).toBe(7);
        expect((await values(query(), `${HOST}.statsd.gauge.app.level`)).at(-1)).toBe(50);
        expect(sum(await values(query(), `${HOST}.statsd.gauge.app.wait-count`))).toBe(10);
        expect(sum(await values(query(), `${HOST}.statsd.latency.app.wait-sum`))).toBeCloseTo(5.5, 1);
        expect(Math.max(...(await values(query(), `${HOST}.statsd.latency.app.wait-upper`)))).toBeCloseTo(1, 1);
        expect((await values(query(), `${HOST}.statsd.latency.app.wait-percentile-90`)).length).toBeGreaterThan(0);
        expect(Math.max(...(await values(query(), `${HOST}.statsd.objects.app.users`)))).toBeGreaterThanOrEqual(1);
        expect(await values(query(), `${HOST}.statsd.derive.app.hits`)).not.toEqual([]);
        return true;
      },
      90_000,
    );
    expect(await expand(query(), `${HOST}.statsd.count.app.*`)).toEqual([`${HOST}.statsd.count.app.hits`]);
    const log = readFileSync(join(target.layout.logs, 'collectd.log'), 'utf8');
    expect(log).toContain('Unable to parse line: "not statsd"');
    expect(log).toContain('Unable to parse line: "app.tagged:1|c|#env:prod"');
  });

  it.each([
    ['a block that is not closed', 'LoadPlugin uptime\n<Plugin df>\n  ReportInodes true\n', /a\.conf, line 4: syntax error, unexpected end of file/],
    ['a block that is closed as another', 'LoadPlugin uptime\n<Plugin df>\n  ReportInodes true\n</Plug>\n', /a\.conf, line 4: block not closed/],
    ['a plug-in that is not there', '# mine\n\nLoadPlugin uptimes\n', /a\.conf, line 3: .*Could not find plugin "uptimes"/],
    ['a quote that is not closed', 'LoadPlugin "uptimes\n', /a\.conf, line 1: .*Could not find plugin "uptimes"/],
    ['an option that is not there', 'LoadPlugin interface\n<Plugin interface>\n  Interfaces "lo"\n</Plugin>\n', /a\.conf, line 3: .*`Interfaces'/],
    ['a link that leads nowhere', { link: '/nonexistent/a.conf' }, /a\.conf: stat .* failed: No such file or directory/],
    ['a pipe', 'pipe', /a\.conf: .* neither a file nor a directory/],
    ['a file in a directory in its place', { directory: 'LoadPlugin uptimes\n' }, /a\.conf\/inner\.conf, line 1: .*Could not find plugin "uptimes"/],
  ])('goes on when an addition is wrong: %s', async (_, content, expected) => {
    const before = await pidOf('collectd');
    place(addition('a.conf'), content);
    try {
      for (const command of ['restart', 'reload']) {
        const finished = await target.dkm(command, 'collectd');
        expect(finished.code).toBe(1);
        expect(finished.stdout).toMatch(/^collectd +goes on as it was/m);
        expect(finished.stdout).toMatch(expected);
      }
      expect((await target.dkm('start')).stdout).toMatch(/^collectd +is running already$/m);
      expect(await pidOf('collectd')).toBe(before);
      const doctor = await target.dkm('doctor');
      expect(doctor.stdout).toMatch(/collectd refuses its configuration: conf\/collectd\.d\//);
    } finally {
      rmSync(addition('a.conf'), { recursive: true, force: true });
    }
  });

  it('names every file that is wrong, and takes them up when they are mended', async () => {
    const before = await pidOf('collectd');
    writeFileSync(addition('a.conf'), '<Plugin df>\n');
    writeFileSync(addition('b.conf'), 'LoadPlugin uptime\n');
    writeFileSync(addition('c d.conf'), 'LoadPlugin users\n');
    const restart = await target.dkm('restart', 'collectd');
    expect(restart.code).toBe(1);
    expect(restart.stderr).toContain('conf/collectd.d/a.conf, line 2: ');
    expect(restart.stderr).toContain('conf/collectd.d/c d.conf: collectd takes a name with a space for two');
    expect(restart.stderr).not.toContain('b.conf');
    for (const name of ['a.conf', 'c d.conf']) rmSync(addition(name));
    expect(await target.dkm('restart', 'collectd')).toMatchObject({ code: 0 });
    expect(await pidOf('collectd')).not.toBe(before);
    await eventually('what was added is measured', async () => (await values(query(), `${HOST}.uptime.uptime`)).length > 0, 60_000);
    // Nothing of the checks stays, neither their copies nor their words in collectd's log.
    expect(readFileSync(join(target.layout.logs, 'collectd.log'), 'utf8')).not.toContain('/dev/null');
    expect(readdirSync(target.layout.run).filter((name) => name.startsWith('collectd-check'))).toEqual([]);
  });

  it('does not start with a faulty addition, says why, and starts by itself when it is mended', async () => {
    expect(await target.dkm('stop', 'collectd')).toMatchObject({ code: 0 });
    writeFileSync(addition('a.conf'), 'LoadPlugin uptimes\n');
    const start = await target.dkm('start', 'collectd');
    expect(start.code).toBe(1);
    expect(start.stdout).toMatch(/its configuration is not right: conf\/collectd\.d\/a\.conf, line 1: /);
    rmSync(addition('a.conf'));
    await eventually('it runs', async () => (await target.dkm('status')).stdout.match(/^collectd .*RUNNING/m) !== null, 60_000);
  });

  it('runs no program as root', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'this needs root: what is tried is root itself');
    writeFileSync(addition('exec.conf'), execConfiguration('root', spool));
    expect(await target.dkm('restart', 'collectd')).toMatchObject({ code: 0 });
    const log = (): string => readFileSync(join(target.layout.logs, 'collectd.log'), 'utf8');
    await eventually('it says so', () => log().includes('exec plugin: Cowardly refusing to exec program as root.'), 60_000);
    // As somebody else it runs it.
    writeFileSync(addition('exec.conf'), execConfiguration('nobody', spool));
    expect(await target.dkm('restart', 'collectd')).toMatchObject({ code: 0 });
    await eventually('its points are stored', async () => (await values(query(), `${HOST}.exec.spool.files.waiting`)).includes(3), 60_000);
  });

  it('refuses an addition that its user may not read, and runs a program as that user', async ({ skip }) => {
    const own = join(dirname(root), 'ordinary');
    const who = ordinaryUser(BUNDLE, skip);
    mkdirSync(own);
    if (who.ids) chownSync(own, ...who.ids);
    const directory = join(own, 'install');
    const port = await freePorts();
    const as = (program: string, ...args: string[]): Promise<Finished> =>
      run(who.command[0] ?? program, [...who.command.slice(1), ...(who.command.length > 0 ? [program] : []), ...args], { timeoutMs: 180_000 });
    const agent = ['-d', directory, '-p', String(port), '-t', 'agent', '--carbon-server', `127.0.0.1:${target.port + 1}`, '--hostname', 'ordinary.example.org'];
    expect(await as(join(BUNDLE, 'installer'), ...agent, ...(who.command.length > 0 ? [] : AS_WHO_I_AM))).toMatchObject({ code: 0 });
    const { bin, conf } = layoutOf(directory);
    const dkm = (...args: string[]): Promise<Finished> => as(join(bin, 'dkm'), ...args);
    try {
      writeFileSync(join(conf, 'collectd.d', 'exec.conf'), execConfiguration(who.name, spool));
      expect(await dkm('start')).toMatchObject({ code: 0 });
      await eventually(
        'its points are stored',
        async () => (await values(query(), 'collectd.org.example.ordinary.exec.spool.files.waiting')).includes(3),
        60_000,
      );
      chmodSync(join(conf, 'collectd.d', 'exec.conf'), 0);
      if (who.ids) chownSync(join(conf, 'collectd.d', 'exec.conf'), 0, 0);
      const restart = await dkm('restart', 'collectd');
      expect(restart.code).toBe(1);
      expect(restart.stdout).toMatch(/goes on as it was, .*conf\/collectd\.d\/exec\.conf: it cannot be read: Permission denied/);
      expect((await dkm('status')).stdout).toMatch(/^collectd .*RUNNING/m);
    } finally {
      await dkm('stop');
    }
  });

  it('takes a plug-in in Python, where the system has the library', async ({ skip }) => {
    const lacks = spawnSync('/bin/sh', ['-c', 'ldd "$0" | grep "libpython.*not found"', join(root, 'current/components/collectd/usr/lib/collectd/python.so')]);
    skip(lacks.status === 0, 'the library that python.so wants is missing: apt-get install libpython3.11');
    writeFileSync(
      join(spool, 'half.py'),
      'import collectd\n\ndef read():\n    collectd.Values(plugin="half", type="gauge").dispatch(values=[0.5])\n\ncollectd.register_read(read)\n',
    );
    writeFileSync(addition('python.conf'), `LoadPlugin python\n<Plugin python>\n  ModulePath "${spool}"\n  Import "half"\n</Plugin>\n`);
    expect(await target.dkm('restart', 'collectd')).toMatchObject({ code: 0 });
    await eventually('its points are stored', async () => (await values(query(), `${HOST}.half.gauge`)).includes(0.5), 60_000);
    rmSync(addition('python.conf'));
  });

  it('still measures this host', async () => {
    const [series] = await render(query(), `${HOST}.load.load.shortterm`);
    expect(series).toBeDefined();
  });
});

type Content = string | { link: string } | { directory: string };

function place(path: string, content: Content): void {
  if (content === 'pipe') spawnSync('mkfifo', [path]);
  else if (typeof content === 'string') writeFileSync(path, content);
  else if ('link' in content) symlinkSync(content.link, path);
  else {
    mkdirSync(path);
    writeFileSync(join(path, 'inner.conf'), content.directory);
  }
}

/** The example's configuration, for another user and another place. */
function execConfiguration(user: string, spool: string): string {
  return readFileSync(join(EXAMPLES, 'collectd-exec.conf'), 'utf8').replace('"USER"', `"${user}"`).replaceAll('/srv/spool', spool);
}

/** Who is not root here, and what goes before a command to be them: nothing where that is who runs the test. */
function ordinaryUser(bundle: string, skip: (condition: boolean, reason: string) => void): { name: string; command: string[]; ids?: [number, number] } {
  if (process.getuid?.() !== 0) return { name: userInfo().username, command: [] };
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout));
  const command = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  skip(spawnSync('setpriv', ['--version']).status !== 0 || !existsSync('/etc/passwd') || !uid, 'there is no setpriv (package util-linux), or no user nobody');
  skip(
    spawnSync(command[0]!, [...command.slice(1), 'test', '-r', join(bundle, 'bundle.json')]).status !== 0,
    `the user nobody cannot read ${bundle}: build below a directory that everybody may enter`,
  );
  return { name: 'nobody', command, ids: [uid!, gid!] };
}
