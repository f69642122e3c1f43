import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sha256 } from '../../src/base/digest.ts';
import { run, runOrThrow } from '../../src/base/exec.ts';
import { BUNDLE_FILE, formatBundle, readBundle } from '../../src/contract/bundle.ts';
import { makeFakeBundle, type FakeComponent } from '../helpers/fake-bundle.ts';
import { AS_WHO_I_AM } from '../helpers/installation.ts';
import { freePorts } from '../helpers/ports.ts';
import { cpuSeconds, median, residentMib } from './measure.ts';
import { supervisordPeer } from './supervisord.ts';

/*
 * The supervisor beside supervisord with the same eight services: what each costs at rest, and how long it takes from a
 * killed service to one that answers again. dkm also asks each service every ten seconds whether it answers, and looks at
 * logs and disks; supervisord only waits for its children.
 */

const SERVICES = 8;
const REST_S = 60;

/** Tells its process id to who connects; starts within some 20 ms. */
const SERVER =
  'import os,socket,sys\ns=socket.socket()\ns.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\ns.bind(("127.0.0.1",int(sys.argv[1])))\ns.listen(8)\nwhile True:\n c=s.accept()[0]\n c.send(str(os.getpid()).encode())\n c.close()\n';

interface Figures {
  cpuPercent: number;
  memoryMib: number;
  crashToReadySeconds: number;
}

/** What supervising eight services costs dkm and supervisord; `executable` is a bundle's. */
export async function measureSupervision(executable: string, work: string): Promise<{ dkm: Figures; supervisord: Figures }> {
  const server = join(work, 'server.py');
  writeFileSync(server, SERVER);
  const python = (await runOrThrow('python3', ['-c', 'import sys; print(sys.executable)'])).trim();
  const ports = await freePorts();
  const dkm = await installEight(executable, work, ports, [python, '-S', server]);
  try {
    await runOrThrow(join(dkm, 'bin', 'dkm'), ['start'], { timeoutMs: 60_000 });
    const { supervisor } = JSON.parse((await run(join(dkm, 'bin', 'dkm'), ['status', '--json'])).stdout) as { supervisor: { pid: number } };
    const peerPorts = await freePorts();
    const commands = Array.from({ length: SERVICES }, (_, index) => `${python} -S ${server} ${peerPorts + index}`);
    const peer = await supervisordPeer(work, commands);
    try {
      return { dkm: await figuresOf(supervisor.pid, ports), supervisord: await figuresOf(peer.pid, peerPorts) };
    } finally {
      await peer.stop();
    }
  } finally {
    await run(join(dkm, 'bin', 'dkm'), ['stop']);
  }
}

const PORT_NAMES = ['dashboards', 'carbon', 'query', 'storeHttp', 'pickle', 'console', 'telemetry', 'carbonlink'];

async function installEight(executable: string, work: string, ports: number, command: string[]): Promise<string> {
  const bundle = join(work, 'eight');
  await makeFakeBundle(bundle, { components: PORT_NAMES.map((port, index) => component(`service${index}`, port, command)) });
  copyFileSync(executable, join(bundle, 'installer'));
  const described = await readBundle(bundle);
  const content = readFileSync(executable);
  described.files['installer'] = { sha256: sha256(content), size: content.length, executable: true };
  writeFileSync(join(bundle, BUNDLE_FILE), formatBundle(described));
  const root = join(work, 'eight-installed');
  const flags = ['-d', root, '-p', String(ports), '-t', 'frontend', '--carbon-server', 'monitor', '--hostname', 'bench.example.org'];
  await runOrThrow(join(bundle, 'installer'), [...flags, ...AS_WHO_I_AM]);
  return root;
}

function component(name: string, port: string, command: readonly string[]): FakeComponent {
  const role = port === 'dashboards' ? 'dashboards' : 'extra';
  return {
    manifest: `name = "${name}"\ntitle = "${name}"\ndescription = "Accepts connections."\nhomepage = "https://example.org"\nversion = "1"\nlicence = "MIT"
role = "${role}"\npreference = 1\n[[sources]]\nkind = "built-in"\n[[ports]]\nname = "${port}"\nlisten = "loopback"\ntitle = "answers"
[service]\ncommand = ${JSON.stringify([...command, `{{port.${port}}}`])}\nready = { kind = "tcp", port = "${port}" }\n`,
  };
}

async function figuresOf(supervisor: number, port: number): Promise<Figures> {
  await pause(5_000); // until what starting allocated is given back
  const before = cpuSeconds(supervisor);
  await pause(REST_S * 1000);
  const cpuPercent = ((cpuSeconds(supervisor) - before) / REST_S) * 100;
  const memoryMib = residentMib(supervisor);
  const times: number[] = [];
  for (let service = 0; service < SERVICES; service += 1) times.push(await crashToReady(port + service));
  return { cpuPercent, memoryMib, crashToReadySeconds: median(times) };
}

const WITHIN_MS = 30_000;
const POLL_MS = 2;

/** Kills the service on a port; seconds until another process answers there. */
async function crashToReady(port: number): Promise<number> {
  const pid = await answerOf(port);
  const start = performance.now();
  process.kill(Number(pid), 'SIGKILL');
  for (;;) {
    const answer = await answerOf(port);
    if (answer !== '' && answer !== pid) return (performance.now() - start) / 1000;
    if (performance.now() - start > WITHIN_MS) throw new Error(`nothing answers on port ${port} again`);
    await pause(POLL_MS);
  }
}

/** What the service on a port says; empty when there is none. */
function answerOf(port: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port }).setEncoding('utf8');
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk)).once('error', () => resolve(''));
  socket.once('close', () => resolve(text));
  return promise.finally(() => socket.destroy());
}
