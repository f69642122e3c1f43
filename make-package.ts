import { mkdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CommanderError } from 'commander';
import { DkmError, EXIT, messageOf } from './src/base/errors.ts';
import { runOrThrow } from './src/base/exec.ts';
import { existsAs, writeAtomic } from './src/base/files.ts';
import { coloured, hasColour, say, sayAside } from './src/base/terminal.ts';
import { VERSION } from './src/base/version.ts';
import type { Bundle } from './src/contract/bundle.ts';
import { loadManifests } from './src/manifest/load.ts';
import type { Manifest } from './src/manifest/schema.ts';
import { writeArchive } from './src/package/archive.ts';
import { archiveOrder, assembleBundle, SBOM_FILE, type AssembleInput, type BundleComponent } from './src/package/assemble.ts';
import { nodeBinary, obtainGenerator, stageGenerator } from './src/package/node-runtime.ts';
import { npmPackagesOf } from './src/package/npm-packages.ts';
import { inParallel, missingError, obtainComponents, type Obtained, type ObtainResult } from './src/package/obtain.ts';
import { packageCommand, type PackageOptions } from './src/package/options.ts';
import { readyExecutable, type ReadyExecutable } from './src/package/program-cache.ts';
import { jsonFailure, jsonResult, summaryOf, type PackageResult } from './src/package/report.ts';
import { selectComponents, type Choice } from './src/package/select.ts';
import { stageComponent } from './src/package/stage.ts';
import { inWorkshop, type Workshop } from './src/package/workshop.ts';
import { pinManifest } from './src/sources/pin.ts';
import { openWorkspace } from './src/sources/workspace.ts';

/*
 * Builds the bundle: `npm run make-package -- --help`.
 */

const PROJECT = import.meta.dirname;

type Fetched = ObtainResult & { runtime: Obtained; generator: Obtained | undefined };

interface Assembled {
  bundle: Bundle;
  folder: string;
  /** Holds the folder; removed in the end. */
  work: string;
}

async function makePackage(workshop: Workshop): Promise<PackageResult | undefined> {
  const { options } = workshop;
  const started = performance.now();
  const manifests = await loadManifests(options.manifests);
  const choices = selectComponents(manifests, { ...options, providers: options.provider, given: [...options.with.keys()] });
  const fetched = await fetchAll(workshop, manifests, choices);
  if (options.downloadOnly) return undefined;
  const components = await stageAll(workshop, fetched);
  const executable = await executableOf(workshop, fetched, components);
  const assembled = await assemble(workshop, executable, components, fetched, alongsideOf(manifests, choices, fetched));
  const result = await publish(workshop, assembled, executable);
  return { ...result, tookMs: performance.now() - started };
}

/** Fetches and verifies every component, and the Node that prepares the executable. Throws when a place stays empty. */
async function fetchAll({ options, context, progress }: Workshop, manifests: readonly Manifest[], choices: readonly Choice[]): Promise<Fetched> {
  const given = { given: options.with, jobs: options.jobs, ...(options.require !== undefined && { require: options.require }) };
  const result = await obtainComponents(choices, context, given);
  if (result.empty.length > 0) throw missingError(result, manifests, options.fallback);
  const runtime = result.obtained.find(({ manifest }) => manifest.role === 'runtime');
  if (runtime === undefined) throw new DkmError('manifest-invalid', 'No manifest has the role runtime; the executable is made of such a component.');
  const generator = await obtainGenerator(runtime, context, options.require);
  progress.note(`Fetched and verified: ${result.obtained.map(({ manifest }) => manifest.name).join(', ')}`);
  return { ...result, runtime, generator };
}

async function stageAll({ options, place, context, progress }: Workshop, { obtained }: Fetched): Promise<BundleComponent[]> {
  return inParallel(obtained, options.jobs, async (each) => {
    const staged = await stageComponent(each, place, context);
    progress.note(`Put together: ${each.manifest.name}`);
    return { ...staged, verified: each.verified };
  });
}

async function executableOf(
  { options, place, context, progress }: Workshop,
  { generator }: Fetched,
  components: readonly BundleComponent[],
): Promise<ReadyExecutable> {
  const runtime = components.find(({ manifest }) => manifest.role === 'runtime') as BundleComponent;
  const { platform, skipBuild } = options;
  const node = await nodeBinary(runtime, platform);
  const { onOutput, signal } = context;
  const prepared = (): ReturnType<typeof stageGenerator> => stageGenerator(generator, node, place, context);
  const executable = await readyExecutable({ project: PROJECT, place, platform, node, generator: prepared, skipBuild, onOutput, signal });
  if (skipBuild && executable.reused !== 'sources-unchanged')
    progress.note('--skip-build: the sources changed since the last executable was built, so it was built again.');
  progress.note(`Built the executable on Node ${node.version}`);
  return executable;
}

/** Manifests of components that are not bundled and that the target's own program may stand in for: --system-collectd. */
function alongsideOf(manifests: readonly Manifest[], choices: readonly Choice[], { obtained }: Fetched): Manifest[] {
  const isBundled = (role: string): boolean => obtained.some(({ manifest }) => manifest.role === role);
  const wanted = choices.find(({ role }) => role === 'collector')?.candidates ?? manifests.filter(({ role }) => role === 'collector');
  return isBundled('collector') ? [] : wanted.slice(0, 1);
}

/** Puts the bundle together beside its final place and returns its folder. */
async function assemble(
  workshop: Workshop,
  executable: ReadyExecutable,
  components: BundleComponent[],
  { missing }: Fetched,
  alongside: Manifest[],
): Promise<Assembled> {
  const { options, progress } = workshop;
  const packages = await npmPackagesOf([...executable.inputs, ...components.flatMap(({ inputs }) => inputs)]);
  const work = await (await openWorkspace(join(options.out, '.work'))).scratch();
  const folder = join(work, `dkm-${VERSION}-${options.platform}`);
  await mkdir(folder);
  const { platform, manifests: manifestsFolder, templates: templatesFolder } = options;
  const input: AssembleInput = {
    version: VERSION,
    platform,
    executable: executable.path,
    components,
    alongside,
    missing,
    packages,
    manifestsFolder,
    templatesFolder,
    manualPage: await runOrThrow(process.execPath, [join(PROJECT, 'src', 'main.ts'), 'dkm', 'man', '--source']),
    project: PROJECT,
  };
  try {
    const bundle = await assembleBundle(folder, input);
    progress.note('Assembled the bundle');
    return { work, folder, bundle };
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    throw error;
  }
}

/** Packs the bundle, or moves it into place as it is; the SBOM goes beside it. */
async function publish(
  { options, context }: Workshop,
  { work, folder, bundle }: Assembled,
  executable: ReadyExecutable,
): Promise<Omit<PackageResult, 'tookMs'>> {
  const target = join(options.out, basename(folder));
  try {
    context.signal.throwIfAborted();
    const sbom = `${target}.cdx.json`;
    const shared = { bundle, sbom, executableBytes: (await stat(executable.path)).size, ...(executable.reused && { reused: executable.reused }) };
    const archive = options.skipArchive ? undefined : await writeArchive(folder, archiveOrder(bundle), `${target}.tar.gz`, context.signal);
    await writeAtomic(sbom, await readFile(join(folder, SBOM_FILE)), 0o644);
    if (archive !== undefined) return { ...shared, archive };
    await replaceFolder(folder, target, work);
    return { ...shared, folder: target };
  } finally {
    await rm(work, { recursive: true, force: true });
    await rmdir(dirname(work)).catch(() => undefined); // another run may work there
  }
}

async function replaceFolder(folder: string, target: string, work: string): Promise<void> {
  if (existsAs(target)) await rename(target, join(work, 'replaced'));
  await rename(folder, target);
}

async function pinAll(names: readonly string[], { options, context }: Workshop): Promise<void> {
  const manifests = await loadManifests(options.manifests);
  const unknown = names.filter((name) => !manifests.some((manifest) => manifest.name === name));
  if (unknown.length > 0)
    throw new DkmError('usage', `pin: there is no component ${unknown.join(', ')}.`, {
      hint: `The components are ${manifests.map(({ name }) => name).join(', ')}.`,
    });
  const failures: string[] = [];
  for (const name of names) {
    for (const report of await pinManifest(join(options.manifests, `${name}.toml`), context)) {
      const what = `${name} ${report.platform} ${report.file}`;
      if ('failure' in report) failures.push(`${what}: ${report.failure.message}`);
      else say(`${what}: ${report.digest}${report.was === undefined ? ' (new)' : report.was === report.digest ? ' (as before)' : ` (was ${report.was})`}`);
    }
  }
  if (failures.length > 0)
    throw new DkmError('download-failed', `Not pinned:\n${failures.join('\n')}`, { hint: 'What could be had is recorded. Run it again for the rest.' });
}

function report(options: PackageOptions, result: PackageResult | undefined): void {
  if (options.json) say(JSON.stringify(result === undefined ? { ok: true, downloaded: options.vendorDir } : jsonResult(result), null, 1));
  if (result !== undefined) sayAside(summaryOf(result));
  else sayAside(`Everything is in ${options.vendorDir}. Build from it with: npm run make-package -- --offline --vendor-dir ${options.vendorDir}`);
}

function reportFailure(error: unknown): number {
  const colour = hasColour(process.stderr);
  if (process.argv.includes('--json')) say(JSON.stringify(jsonFailure(error), null, 1));
  sayAside(`${coloured('Error:', 'red', colour)} ${messageOf(error)}`);
  if (error instanceof DkmError && error.hint !== undefined) sayAside(`${coloured('Hint:', 'yellow', colour)} ${error.hint}`);
  if ((process.env['DKM_DEBUG'] === '1' || !(error instanceof DkmError)) && error instanceof Error) sayAside(error.stack ?? '');
  return error instanceof DkmError ? error.exitCode : EXIT.internal;
}

async function main(): Promise<number> {
  const command = packageCommand(PROJECT, {
    make: async (options) => report(options, await inWorkshop(options, makePackage)),
    pin: (names, options) => inWorkshop(options, (workshop) => pinAll(names, workshop)),
  });
  command.exitOverride();
  for (const each of command.commands) each.exitOverride();
  try {
    await command.parseAsync();
    return EXIT.fine;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    return reportFailure(error);
  }
}

process.exitCode = await main();
