import { readFile, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { sha256, sha256File } from '../base/digest.ts';
import { existsAs, readIfPresent, writeAtomic } from '../base/files.ts';
import type { Platform } from '../base/platform.ts';
import { keepNewest, touch, type BuildPlace } from './build-place.ts';
import { buildExecutable, executableKey, type ExecutableJob, type NodeBinary } from './executable.ts';
import { bundleProgram } from './program.ts';

/** An executable that is ready, and the files its program was made of. */
export interface ReadyExecutable {
  path: string;
  inputs: string[];
  /** `sources-unchanged`: not even bundled again (`--skip-build`); `same-program`: bundled, and the same came out. */
  reused?: 'sources-unchanged' | 'same-program';
}

export interface ExecutableRequest {
  project: string;
  place: BuildPlace;
  platform: Platform;
  node: NodeBinary;
  generator: () => Promise<NodeBinary>;
  skipBuild: boolean;
  onOutput: (text: string) => void;
  signal: AbortSignal;
}

/** What the last executable for a platform was made of. */
interface LastBuild {
  key: string;
  node: string;
  /** Digest of every source file, by its path in the project. */
  sources: Record<string, string>;
}

/** One for each platform, and two that somebody may come back to; each has 130 MB. */
const KEPT = 6;

/** Files that decide on the program without being in it. */
const MADE_BY = ['package-lock.json', 'src/package/program.ts', 'src/package/chunk-loader.ts', 'src/package/executable.ts', 'src/package/executable-worker.ts'];

/** The executable for a platform: the last one, where nothing would differ, else a new one. */
export async function readyExecutable(request: ExecutableRequest): Promise<ReadyExecutable> {
  const { project, platform, node } = request;
  const cache = request.place.executables;
  const record = join(cache, `last-${platform}.json`);
  const last = request.skipBuild ? await unchangedBuild(record, request) : undefined;
  if (last !== undefined)
    return { path: join(cache, last.key), inputs: Object.keys(last.sources).map((path) => join(project, path)), reused: 'sources-unchanged' };
  const program = await bundleProgram(join(project, 'src', 'main.ts'), project);
  const key = executableKey({ program, platform, node });
  const path = join(cache, key);
  const isThere = existsAs(path);
  if (!isThere)
    await buildInto(path, { program, platform, node, generator: await request.generator(), onOutput: request.onOutput, signal: request.signal }, request.place);
  const names = [...program.inputs.map((input) => relative(project, input)), ...MADE_BY];
  const sources = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await sha256File(join(project, name))] as const)));
  await writeAtomic(record, JSON.stringify({ key, node: node.sha256, sources } satisfies LastBuild), 0o644);
  await touch(path);
  await keepNewest(cache, KEPT, (name) => (name.endsWith('.json') ? name : 'executable'));
  return { path, inputs: program.inputs, ...(isThere && { reused: 'same-program' as const }) };
}

async function unchangedBuild(record: string, { project, place, node }: ExecutableRequest): Promise<LastBuild | undefined> {
  const text = await readIfPresent(record);
  if (text === undefined) return undefined;
  const last = JSON.parse(text) as LastBuild;
  if (last.node !== node.sha256 || !existsAs(join(place.executables, last.key))) return undefined;
  for (const [name, digest] of Object.entries(last.sources)) {
    const content = await readFile(join(project, name)).catch(() => undefined);
    if (content === undefined || sha256(content) !== digest) return undefined;
  }
  return last;
}

async function buildInto(path: string, job: Omit<ExecutableJob, 'scratch' | 'output'>, place: BuildPlace): Promise<void> {
  const scratch = await place.scratch();
  try {
    const output = join(scratch, 'finished');
    await buildExecutable({ ...job, scratch, output });
    await rename(output, path);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
