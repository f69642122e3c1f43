import { appendFileSync, chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runOrThrow } from '../../src/base/exec.ts';
import { say } from '../../src/base/terminal.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { freePorts } from '../helpers/ports.ts';
import { slaposToolbox, WHY_NO_TOOLBOX } from '../helpers/slapos-toolbox.ts';
import { eventually } from '../helpers/wait.ts';
import { cpuSeconds, median, residentMib, seconds } from './measure.ts';

/*
 * What watching costs, in one installation of a real bundle: 200 promises every minute beside SlapOS's own runner with the
 * same 200 executables, 100,000 names in the console beside the query service asked directly, and 50 instances of which
 * 10 are dead beside the same page when all live.
 */

export const PROMISES = 200;
const FOLDERS = 1_000;
const NAMES_PER_FOLDER = 100;
export const NAMES = FOLDERS * NAMES_PER_FOLDER;
export const INSTANCES = 50;
const DEAD = 10;
const REST_S = 120;
const PAGE_TRIES = 15;

/** What was measured; times in seconds, memory in MiB. */
export interface WatchingFigures {
  promises: { checkSeconds: number; slaposSeconds: number | undefined; cpuPercent: number; ownCpuPercent: number; memoryMib: number };
  names: { levelSeconds: number; directSeconds: number; searchSeconds: number; consoleMib: number };
  instances: { liveSeconds: number; withDeadSeconds: number };
  firstPage: { seconds: number; transferredBytes: number };
}

/** Measures all of it with the bundle in this folder. */
export async function measureWatching(bundle: string): Promise<WatchingFigures> {
  const work = realpathSync(mkdtempSync(join(tmpdir(), 'dkm-bench-watching-')));
  const instances = await someInstances();
  let installed: Installation | undefined;
  try {
    installed = await install(bundle, join(work, 'install'), '--hostname', 'bench.example.org');
    writePromises(installed.layout.promises);
    await writeNames(join(installed.layout.storage, 'whisper', 'bench'), work);
    await startAll(installed);
    const page = await pageAsker(installed);
    return {
      names: await measureNames(installed, page),
      firstPage: await measureFirstPage(page),
      instances: await measureInstances(installed, page, instances),
      promises: await measurePromises(installed, work),
    };
  } finally {
    await installed?.stop();
    await instances.close();
    rmSync(work, { recursive: true, force: true });
  }
}

const SCRIPT = '#!/bin/sh\necho fine\n';

function writePromises(directory: string): void {
  for (let index = 0; index < PROMISES; index += 1) {
    const path = join(directory, `bench-${index}`);
    writeFileSync(path, SCRIPT);
    chmodSync(path, 0o755);
  }
}

async function measurePromises(installed: Installation, work: string): Promise<WatchingFigures['promises']> {
  const ids = Array.from({ length: PROMISES }, (_, index) => `bench-${index}`);
  const check = async (): Promise<void> => {
    const finished = await installed.dkm('check', ...ids, '--json');
    if (finished.code !== 0) throw new Error(`dkm check: ${finished.stdout.slice(-500)}${finished.stderr}`);
  };
  const checks: number[] = [];
  for (let round = 0; round < 3; round += 1) checks.push(await seconds(check));
  const { pid } = JSON.parse(readFileSync(installed.layout.status, 'utf8')) as { pid: number };
  const before = { own: cpuSeconds(pid), all: cpuSeconds(pid, 'with children') };
  await pause(REST_S * 1000);
  return {
    checkSeconds: median(checks),
    slaposSeconds: await slaposSeconds(work),
    cpuPercent: ((cpuSeconds(pid, 'with children') - before.all) / REST_S) * 100,
    ownCpuPercent: ((cpuSeconds(pid) - before.own) / REST_S) * 100,
    memoryMib: residentMib(pid),
  };
}

/** How long the real monitor.runpromise takes for the same executables; undefined where it cannot be had. */
async function slaposSeconds(work: string): Promise<number | undefined> {
  const toolbox = await slaposToolbox();
  if (toolbox === undefined) {
    say(WHY_NO_TOOLBOX);
    return undefined;
  }
  const partition = join(work, 'partition');
  const folder = (name: string): string => join(partition, name);
  for (const name of ['etc/plugin', 'etc/promise', 'var/log']) mkdirSync(folder(name), { recursive: true });
  writePromises(folder('etc/promise'));
  const configuration = folder('promises.conf');
  const keys = { 'promise-folder': 'etc/plugin', 'legacy-promise-folder': 'etc/promise', 'log-folder': 'var/log', 'partition-folder': '.' };
  const lines = Object.entries(keys).map(([key, path]) => `${key} = ${folder(path)}`);
  writeFileSync(configuration, `[promises]\n${lines.join('\n')}\ncomputer-id = bench\npartition-id = bench\n`);
  return seconds(async () => {
    const { code, stderr } = await toolbox.tool('monitor.runpromise', ['-c', configuration, '-f']);
    if (code !== 0) throw new Error(`monitor.runpromise ended with ${code}: ${stderr.slice(-500)}`);
  });
}

/** Whisper files without a point, as a store makes them: one is made by the store's own library, the rest are copies. */
async function writeNames(directory: string, work: string): Promise<void> {
  const first = join(work, 'first.wsp');
  writeFileSync(first, emptyWhisper());
  const folder = join(work, 'folder');
  mkdirSync(folder);
  for (let name = 0; name < NAMES_PER_FOLDER; name += 1) cpSync(first, join(folder, `name${name}.wsp`));
  mkdirSync(directory, { recursive: true });
  await runOrThrow('sh', ['-c', 'n=0; while [ $n -lt "$3" ]; do cp -r "$1" "$2/folder$n"; n=$((n+1)); done', 'sh', folder, directory, String(FOLDERS)]);
}

/** One archive of a point a minute for an hour: https://graphite.readthedocs.io/en/latest/whisper.html#database-format */
function emptyWhisper(): Buffer {
  const [header, point, points, step] = [28, 12, 60, 60];
  const file = Buffer.alloc(header + points * point);
  file.writeUInt32BE(1, 0);
  file.writeUInt32BE(points * step, 4);
  file.writeFloatBE(0.5, 8);
  file.writeUInt32BE(1, 12);
  file.writeUInt32BE(header, 16);
  file.writeUInt32BE(step, 20);
  file.writeUInt32BE(points, 24);
  return file;
}

/** Asks the console for a path with a token; the answer's bytes as they were transferred, and its text. */
type AskPage = (path: string) => Promise<{ text: string; transferred: number }>;

async function pageAsker({ port, dkm }: Installation): Promise<AskPage> {
  const made = await dkm('console', 'token', 'add', 'bench', '--json');
  const { token } = JSON.parse(made.stdout) as { token: string };
  return async (path) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' } });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 200)}`);
    return { text, transferred: Number(response.headers.get('content-length') ?? Buffer.byteLength(text)) };
  };
}

const medianSeconds = async (job: () => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (let round = 0; round < PAGE_TRIES; round += 1) times.push(await seconds(job));
  return median(times.slice(1));
};

async function measureNames({ port, layout }: Installation, page: AskPage): Promise<WatchingFigures['names']> {
  const level = async (): Promise<void> => {
    if (!(await page('/api/find?parent=bench')).text.includes('folder')) throw new Error('the level is empty');
  };
  await eventually('the names are found', async () => (await page('/api/find?parent=bench')).text.includes('folder'), 120_000);
  const direct = async (): Promise<void> => {
    await (await fetch(`http://127.0.0.1:${port + 2}/metrics/find?query=bench.*&format=treejson`)).text();
  };
  const { services } = JSON.parse(readFileSync(layout.status, 'utf8')) as { services: { name: string; pid: number }[] };
  return {
    directSeconds: await medianSeconds(direct),
    levelSeconds: await medianSeconds(level),
    searchSeconds: await medianSeconds(() => page('/api/search?query=folder77%20name7')),
    consoleMib: residentMib(services.find(({ name }) => name === 'console')?.pid ?? 0),
  };
}

/** The page, and everything it loads, scripts that scripts import among it. */
async function measureFirstPage(page: AskPage): Promise<WatchingFigures['firstPage']> {
  const { text, transferred } = await page('/');
  const waiting = [...text.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg)[^"]*)"/g)].map((match) => match[1] ?? '');
  const loaded = new Set<string>();
  let transferredBytes = transferred;
  for (let asset = waiting.pop(); asset !== undefined; asset = waiting.pop()) {
    if (loaded.has(asset)) continue;
    loaded.add(asset);
    const answer = await page(asset);
    transferredBytes += answer.transferred;
    waiting.push(...[...answer.text.matchAll(/(?:from|import)"\.(\/shared-[^"]+\.js)"/g)].map((match) => match[1] ?? ''));
  }
  return { transferredBytes, seconds: await medianSeconds(() => page('/')) };
}

/** Monitors that answer, ports where nobody listens, and servers that take a connection and say nothing. */
interface Instances {
  live: string[];
  dead: string[];
  close: () => Promise<void>;
}

async function someInstances(): Promise<Instances> {
  const state = (index: number): string =>
    JSON.stringify({ status: 'OK', title: `instance ${index}`, specialise_title: 'bench', date: new Date().toISOString(), _links: { monitor: { href: '' } } });
  const servers: (Server | TcpServer)[] = [];
  const listening = async (server: Server | TcpServer): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  };
  const live: string[] = [];
  for (let index = 0; index < INSTANCES; index += 1) {
    live.push(
      await listening(
        createServer((request, response) => {
          const isState = /monitor\.global\.json$/.test(request.url ?? '');
          response.writeHead(isState ? 200 : 404, { 'content-type': 'application/json' }).end(isState ? state(index) : '');
        }),
      ),
    );
  }
  const silent: string[] = [];
  for (let index = 0; index < DEAD / 2; index += 1) silent.push(await listening(createTcpServer(() => undefined)));
  const nobody = await freePorts(DEAD / 2);
  const refused = Array.from({ length: DEAD / 2 }, (_, index) => `http://127.0.0.1:${nobody + index}`);
  return {
    live,
    dead: [...silent, ...refused],
    close: async () => {
      for (const server of servers) {
        if ('closeAllConnections' in server) server.closeAllConnections();
        server.close();
      }
      return Promise.resolve();
    },
  };
}

async function measureInstances({ layout }: Installation, page: AskPage, { live, dead }: Instances): Promise<WatchingFigures['instances']> {
  const settings = readFileSync(layout.settings, 'utf8');
  const timeWith = async (urls: readonly string[], title: string): Promise<number> => {
    writeFileSync(layout.settings, settings);
    appendFileSync(layout.settings, `\n[monitor]\ninstances = ${JSON.stringify(urls)}\n`);
    await eventually(`the console knows of ${title}`, async () => (await page('/instances')).text.includes(title), 90_000);
    return medianSeconds(() => page('/instances'));
  };
  const liveSeconds = await timeWith(live, `instance ${INSTANCES - 1}`);
  const withDeadSeconds = await timeWith([...live.slice(0, INSTANCES - DEAD), ...dead], dead[0]?.replace('http://', '') ?? '');
  writeFileSync(layout.settings, settings);
  return { liveSeconds, withDeadSeconds };
}
