import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '../base/digest.ts';
import { DkmError } from '../base/errors.ts';
import { existsAs, listTree } from '../base/files.ts';
import type { Platform } from '../base/platform.ts';
import { isAtLeast } from '../contract/verification.ts';
import type { Manifest } from '../manifest/schema.ts';
import { SOURCES, type AnySpec, type Artifact, type FetchContext, type Kind, type SpecFor } from '../sources/api.ts';
import { digestTree } from '../sources/local/tree.ts';
import { keepNewest, touch, type BuildPlace } from './build-place.ts';
import { buildConsolePage } from './console-page.ts';
import { moduleLicences } from './go-licences.ts';
import { licenceFilesOf } from './licences.ts';
import { pruneFiles, renameFiles, requireFiles } from './prune.ts';
import { unpack } from './unpack.ts';

/** What a component is put together from. */
export interface StageInput {
  manifest: Manifest;
  spec: AnySpec;
  artifacts: readonly Artifact[];
}

/** A component as it goes into the bundle. */
export interface StagedComponent extends StageInput {
  /** Its files. */
  files: string;
  /** Its licence texts. */
  licences: string;
  /** Files that a built-in part was made of just now, ours and those of npm packages. */
  inputs: string[];
}

/** Counts as part of every input: raised when what staging does with the same input changes. */
const STAGING = 1;

/** Two inputs with the same key give the same component. */
export function stageKey({ manifest, spec, artifacts }: StageInput, platform: Platform): string {
  const taken = artifacts.map(({ path: _path, origin: _origin, ...rest }) => rest);
  const own = spec.kind === 'local' ? 'local' : spec;
  return sha256(JSON.stringify([STAGING, manifest.name, manifest.version, manifest.files, manifest.licence_files, platform, own, taken])).slice(0, 32);
}

/** Puts a component together, or takes it from the cache where the same was put together before. */
export async function stageComponent(input: StageInput, place: BuildPlace, context: Omit<FetchContext, 'component'>): Promise<StagedComponent> {
  const known = input.spec.kind === 'built-in' ? undefined : cachePath(input.manifest, place, stageKey(input, context.platform));
  if (known !== undefined && existsAs(known)) return stagedAt(known, input);
  const work = await place.scratch();
  try {
    const inputs = await putTogether(input, work, context);
    await rm(join(work, 'scratch'), { recursive: true, force: true });
    // What is built in is made of our own sources: its key is what came out.
    const folder = known ?? cachePath(input.manifest, place, (await digestTree(join(work, 'files'))).sha256);
    if (!existsAs(folder)) await rename(work, folder).catch((error: unknown) => throwUnless(existsAs(folder), error)); // else another run was quicker
    await keepNewest(place.staged, KEPT_PER_COMPONENT, componentOf);
    return await stagedAt(folder, input, inputs);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** For each component, those of the platforms that one builds for in turn. */
const KEPT_PER_COMPONENT = 4;

function cachePath({ name }: Manifest, { staged }: BuildPlace, key: string): string {
  return join(staged, `${name}.${key.slice(0, 32)}`);
}

function componentOf(entry: string): string {
  return entry.split('.')[0] ?? entry;
}

async function stagedAt(folder: string, input: StageInput, inputs: string[] = []): Promise<StagedComponent> {
  await touch(folder);
  return { ...input, files: join(folder, 'files'), licences: join(folder, 'licences'), inputs };
}

function throwUnless(isFine: boolean, error: unknown): void {
  if (!isFine) throw error;
}

async function putTogether(input: StageInput, work: string, context: Omit<FetchContext, 'component'>): Promise<string[]> {
  const { manifest } = input;
  const [files, licences, scratch] = ['files', 'licences', 'scratch'].map((name) => join(work, name)) as [string, string, string];
  for (const folder of [files, licences, scratch]) await mkdir(folder);
  const inputs = await fill(input, files, licences, scratch, context);
  await renameFiles(files, manifest.files.rename);
  await copyLicences(manifest, input, files, licences);
  await pruneFiles(files, manifest.files);
  await requireFiles(manifest.name, files, manifest.files.require);
  return inputs;
}

/** Builds or unpacks; returns the files of our own that went in. */
async function fill(
  { manifest, spec, artifacts }: StageInput,
  files: string,
  licences: string,
  scratch: string,
  context: Omit<FetchContext, 'component'>,
): Promise<string[]> {
  if (spec.kind === 'built-in') return fillBuiltIn(manifest, files);
  const isBuilt = await build(spec, { manifest, artifacts, files, scratch, context });
  if (isBuilt) {
    await moduleLicences(artifacts, scratch, licences);
    return [];
  }
  for (const artifact of artifacts) {
    await unpack(artifact, join(files, artifact.into), {
      foldsCase: context.platform.startsWith('darwin'),
      stripSingleRoot: manifest.files.strip_single_root,
      binaryPath: programPath(manifest),
    });
  }
  return [];
}

interface BuildRequest {
  manifest: Manifest;
  artifacts: readonly Artifact[];
  files: string;
  scratch: string;
  context: Omit<FetchContext, 'component'>;
}

async function build<K extends Kind>(spec: SpecFor<K>, { manifest, artifacts, files, scratch, context }: BuildRequest): Promise<boolean> {
  const source = SOURCES[spec.kind];
  if (source.build === undefined) return false;
  await source.build(spec, { ...context, component: { name: manifest.name, version: manifest.version }, artifacts, scratch, destination: files });
  return true;
}

/** dkm's own parts lie in the executable; the console has a page beside it. */
async function fillBuiltIn(manifest: Manifest, files: string): Promise<string[]> {
  return manifest.role === 'dashboards' ? buildConsolePage(join(files, 'page')) : [];
}

/** Where a single program given in place of an archive belongs: where building it would put it, or the first file required. */
export function programPath({ name, sources, files }: Pick<Manifest, 'name' | 'sources' | 'files'>): string {
  const built = sources.find((source) => source.kind === 'go-module');
  return built?.output ?? files.require.find((path) => !/[*?{[]/.test(path)) ?? `bin/${name}`;
}

async function copyLicences(manifest: Manifest, { spec, artifacts }: StageInput, files: string, licences: string): Promise<void> {
  const found = licenceFilesOf(await listTree(files), manifest.licence_files);
  for (const path of found) {
    await mkdir(dirname(join(licences, path)), { recursive: true });
    await cp(join(files, path), join(licences, path), { dereference: true });
  }
  const isGiven = artifacts.some(({ verified }) => !isAtLeast(verified, 'publisher-checksum'));
  if (spec.kind === 'built-in' || isGiven || (await readdir(licences)).length > 0) return;
  throw new DkmError(
    'licence-unknown',
    `${manifest.name}: expected its licence text at ${manifest.licence_files.join(', ') || 'the top of what was unpacked'}; found none.`,
    {
      hint: `Correct licence_files in vendor-manifests/${manifest.name}.toml.`,
    },
  );
}
