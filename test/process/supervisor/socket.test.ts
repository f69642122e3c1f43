import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { CONTROL_SOCKET } from '../../../src/base/layout.ts';
import { isSameProcess } from '../../../src/base/process-identity.ts';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

const NOBODY = 65_534;

const socketOf = (installation: FakeInstallation): string => join(installation.layout.run, CONTROL_SOCKET);
const open: Socket[] = [];
afterEach(() => open.splice(0).forEach((socket) => socket.destroy()));

async function connected(installation: FakeInstallation): Promise<Socket> {
  const socket = connect(socketOf(installation));
  socket.on('error', () => undefined); // the supervisor hangs up on some
  open.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Sends bytes and gives everything that comes back until the other side hangs up. */
async function answerTo(installation: FakeInstallation, bytes: string | Buffer): Promise<string> {
  const socket = await connected(installation);
  const answer = text(socket).catch(() => '');
  socket.end(bytes);
  return answer;
}

/** What connecting gives in a process of another user that stands in run/ already. */
async function connectingAs(user: number, installation: FakeInstallation): Promise<string> {
  const script = `use Socket; socket(my $s, PF_UNIX, SOCK_STREAM, 0); print connect($s, sockaddr_un('${CONTROL_SOCKET}')) ? 'connected' : "refused: $!";`;
  const child = spawn('perl', ['-e', script], { uid: user, gid: user, cwd: installation.layout.run });
  return text(child.stdout);
}

async function expectWell(installation: FakeInstallation): Promise<void> {
  expect(await installation.dkm('status')).toMatchObject({ code: 0 });
  expect(await installation.dkm('start')).toMatchObject({ code: 0 });
}

describe('the control socket', () => {
  it("is the owner's alone", async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root can become another user: run it as root');
    const installation = await fakeInstallation();
    await installation.dkm('start');
    expect(statSync(socketOf(installation)).mode & 0o777).toBe(0o600);
    // Even where every directory above is open to all.
    for (let directory = installation.layout.run; directory !== '/tmp' && directory !== '/'; directory = dirname(directory)) chmodSync(directory, 0o755);
    expect(await connectingAs(0, installation)).toBe('connected');
    expect(await connectingAs(NOBODY, installation)).toBe('refused: Permission denied');
  });

  it('lies in a directory that is closed to others when dkm makes it', async () => {
    const installation = await fakeInstallation();
    rmSync(installation.layout.run, { recursive: true });
    await installation.dkm('start');
    expect(statSync(installation.layout.run).mode & 0o777).toBe(0o700);
  });

  it.each<[string, (path: string) => void]>([
    ['a file', (path) => writeFileSync(path, 'precious')],
    ['a link to a file', (path) => symlinkSync(join(dirname(path), '..', 'precious'), path)],
    ['a link to nothing', (path) => symlinkSync('/nonexistent/a', path)],
  ])('%s in its place does not fool a supervisor that starts', async (_title, place) => {
    const installation = await fakeInstallation();
    const precious = join(installation.layout.root, 'precious');
    writeFileSync(precious, 'x');
    place(socketOf(installation));
    await expectStarts(installation);
    expect(lstatSync(socketOf(installation)).isSocket()).toBe(true);
    expect(readFileSync(precious, 'utf8')).toBe('x');
    expect(statSync(precious).mode & 0o777).not.toBe(0o600);
  });

  it.each<[string, (path: string) => void]>([
    ['removed', (path) => rmSync(path)],
    [
      'replaced by a file',
      (path) => {
        rmSync(path);
        writeFileSync(path, '');
      },
    ],
  ])('is made anew when it is %s', async (_title, harm) => {
    const installation = await fakeInstallation();
    await expectStarts(installation);
    const before = installation.status();
    harm(socketOf(installation));
    await expectStarts(installation);
    expect(installation.status()).toMatchObject({ pid: before.pid });
    expect(installation.status().services.map(({ pid }) => pid)).toEqual(before.services.map(({ pid }) => pid));
  });

  it('that a stranger serves is named in words', async () => {
    const installation = await fakeInstallation();
    const stranger = createServer((socket) => socket.on('error', () => undefined).end('nonsense\n'));
    stranger.listen(socketOf(installation));
    await once(stranger, 'listening');
    const result = await installation.dkm('start');
    stranger.close();
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('dkm.sock');
  });

  it('answers others while clients hang, dribble or sit idle', async () => {
    const installation = await fakeInstallation();
    await expectStarts(installation);
    const supervisor = installation.status().pid;
    for (let count = 0; count < 100; count += 1) await connected(installation);
    (await connected(installation)).write('{"operation":"start"');
    const dribble = await connected(installation);
    const timer = setInterval(() => dribble.write(' '), 5);
    await expectWell(installation);
    expect(await installation.dkm('stop')).toMatchObject({ code: 0 });
    // They do not keep it alive, either.
    await eventually('the supervisor has ended', () => !isSameProcess(supervisor, null));
    clearInterval(timer);
  });

  const spec = { name: 'store', command: ['/bin/true'], ready: {} };
  it.each<[string, string | Buffer, string]>([
    ['no line', '', ''],
    ['half a line', '{"operation":"sta', ''],
    ['an empty line', '\n', 'not one of this supervisor'],
    ['no JSON', 'GET / HTTP/1.1\r\n\r\n', 'not one of this supervisor'],
    ['bytes that are no text', Buffer.from([255, 254, 0, 10]), 'not one of this supervisor'],
    ['JSON a hundred thousand levels deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}\n`, 'not one of this supervisor'],
    [
      'deep JSON where a service should be',
      `{"operation":"start","services":[],"specs":${'['.repeat(50_000)}${']'.repeat(50_000)}}\n`,
      'not one of this supervisor',
    ],
    ['a line without end', 'x'.repeat(6 << 20), ''],
    ['an operation that every object has', '{"operation":"constructor","services":[],"specs":[]}\n', 'not one of this supervisor'],
    ['a service that is null', '{"operation":"start","services":[],"specs":[null]}\n', 'not one of this supervisor'],
    ['a service without most of it', `${JSON.stringify({ operation: 'start', services: [], specs: [spec] })}\n`, 'not one of this supervisor'],
    ['an unknown service', '{"operation":"start","services":["__proto__"],"specs":[]}\n', 'There is no service'],
    ['limits that are text', '{"operation":"reload","services":[],"specs":[],"logs":"all"}\n', 'not one of this supervisor'],
  ])('takes %s for what it is, and goes on', async (_title, bytes, words) => {
    const installation = await fakeInstallation();
    await expectStarts(installation);
    const before = installation.status();
    expect(await answerTo(installation, bytes)).toContain(words);
    await expectWell(installation);
    expect(installation.status().pid).toBe(before.pid);
    expect(installation.status().services.map(({ pid }) => pid)).toEqual(before.services.map(({ pid }) => pid));
  });

  async function expectStarts(installation: FakeInstallation): Promise<void> {
    const started = await installation.dkm('start');
    expect(started.code, started.stderr).toBe(0);
    expect(existsSync(socketOf(installation))).toBe(true);
  }

  it('is served from a directory whose name a socket could not have', async () => {
    const installation = await fakeInstallation({ root: join(temporaryDirectory(), 'y'.repeat(150)) });
    await installation.dkm('start');
    expect(statSync(socketOf(installation)).isSocket()).toBe(true);
  });
});
