import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DkmError, messageOf } from '../base/errors.ts';
import { lastLines, runOrThrow } from '../base/exec.ts';
import { sha256 } from '../base/digest.ts';
import type { Platform } from '../base/platform.ts';
import { platformOfBinary } from './binary-header.ts';
import { adHocSigned } from './macho-signature.ts';
import type { Program } from './program.ts';

/** A Node program, as its publisher made it. */
export interface NodeBinary {
  path: string;
  /** Such as 24.21.0. */
  version: string;
  sha256: string;
}

export interface ExecutableJob {
  program: Program;
  platform: Platform;
  /** The Node that becomes the executable. */
  node: NodeBinary;
  /** A Node of the very same version that runs on this machine: it prepares what is put into the other. */
  generator: NodeBinary;
  /** An empty directory to work in. */
  scratch: string;
  /** Where the executable is written. */
  output: string;
  onOutput: (text: string) => void;
  signal: AbortSignal;
}

/** Settings of the single executable; see https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html */
const SEA_SETTINGS = {
  disableExperimentalSEAWarning: true,
  // A code cache starts no quicker than chunks that are not read at all, holds a random seed (no two builds are the
  // same) and cannot be made for another CPU.
  useCodeCache: false,
  useSnapshot: false,
};

/** Two jobs with the same key give the same executable. */
export function executableKey(job: Pick<ExecutableJob, 'program' | 'platform' | 'node'>): string {
  const { main, chunks } = job.program;
  return sha256(JSON.stringify([main, chunks, job.platform, job.node.version, job.node.sha256, SEA_SETTINGS]));
}

/** Puts the program into the Node of the platform. Throws `build-failed` with the end of what the tools said. */
export async function buildExecutable(job: ExecutableJob): Promise<void> {
  if (job.generator.version !== job.node.version) {
    throw new DkmError(
      'build-failed',
      `The executable for ${job.platform} is made of Node ${job.node.version}; what goes into it must be prepared by the same version, found ${job.generator.version}.`,
    );
  }
  await expectPlatform(job.node.path, job.platform);
  await writeProgram(job);
  await layOutNode(job);
  const baked = join(job.scratch, 'baked');
  await bake(job, baked);
  await expectPlatform(baked, job.platform);
  // Written in small pieces: the kernel keeps a file that was written in one go in large blocks of memory, and every
  // process started from it is then counted with 15 MiB more.
  const source = job.platform.startsWith('darwin') ? Readable.from(piecesOf(adHocSigned(await readFile(baked), 'dkm'))) : createReadStream(baked);
  await pipeline(source, createWriteStream(job.output, { mode: 0o755 }));
}

function* piecesOf(content: Buffer): Generator<Buffer> {
  const pieceBytes = 1 << 16;
  for (let at = 0; at < content.length; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
}

async function writeProgram({ program, scratch }: ExecutableJob): Promise<void> {
  await writeFile(join(scratch, 'dkm.js'), program.main);
  await mkdir(join(scratch, 'chunks'));
  for (const [name, text] of Object.entries(program.chunks)) await writeFile(join(scratch, 'chunks', name), text);
}

/** Puts Node where pkg keeps the ones that it has fetched before, so that it fetches nothing. */
async function layOutNode({ node, platform, scratch }: ExecutableJob): Promise<void> {
  const name = `node-v${node.version}-${platform}`;
  const cache = join(scratch, '.pkg-cache', 'sea');
  const folder = join(cache, name, 'bin');
  await mkdir(folder, { recursive: true });
  await symlink(node.path, join(folder, 'node'));
  for (const done of [join(folder, 'node.ok'), join(cache, `${name}.tar.gz`), join(cache, `${name}.tar.gz.ok`)]) await writeFile(done, '');
}

async function bake({ program, platform, node, generator, scratch, onOutput, signal }: ExecutableJob, output: string): Promise<void> {
  const request = join(scratch, 'request.json');
  // Relative to pkg's own working directory below the scratch directory: the path of the program is kept in the
  // executable, and must not tell where it was built.
  const assets = Object.fromEntries(Object.keys(program.chunks).map((name) => [name, `../chunks/${name}`]));
  await writeFile(
    request,
    JSON.stringify({ entry: join(scratch, 'dkm.js'), platform, nodeVersion: node.version, output, seaConfig: { ...SEA_SETTINGS, main: '../dkm.js', assets } }),
  );
  const worker = join(import.meta.dirname, 'executable-worker.ts');
  const printed: string[] = [];
  const onText = (text: string): void => {
    printed.push(text);
    onOutput(text);
  };
  try {
    await runOrThrow(generator.path, [worker, request], {
      env: { PATH: process.env['PATH'], HOME: scratch, TMPDIR: scratch, NO_COLOR: '1' },
      timeoutMs: 300_000,
      onOutput: onText,
      signal,
    });
  } catch (error) {
    if (error instanceof DkmError && error.code === 'interrupted') throw error;
    throw new DkmError(
      'build-failed',
      `The executable for ${platform} could not be made: ${messageOf(error).split('\n')[0]}\n${lastLines(printed.join(''), 12)}`,
      { cause: error },
    );
  }
}

async function expectPlatform(path: string, platform: Platform): Promise<void> {
  const found = await platformOfFile(path);
  if (found !== platform)
    throw new DkmError(
      'build-failed',
      `${path.split(sep).pop()}: expected a program for ${platform}, found ${found ?? 'no program for any platform dkm knows'}.`,
    );
}

/** The platform a program file runs on, by its header; undefined when it is none that dkm knows. */
export async function platformOfFile(path: string): Promise<Platform | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return platformOfBinary(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
