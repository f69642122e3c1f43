import { join } from 'node:path';
import { sha256File } from '../base/digest.ts';
import { DkmError } from '../base/errors.ts';
import { runOrThrow } from '../base/exec.ts';
import { currentPlatform, type Platform } from '../base/platform.ts';
import type { VerificationLevel } from '../contract/verification.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { FetchContext } from '../sources/api.ts';
import { fetchComponent } from '../sources/fetch-component.ts';
import type { BuildPlace } from './build-place.ts';
import { platformOfFile, type NodeBinary } from './executable.ts';
import type { Obtained } from './obtain.ts';
import { stageComponent, type StagedComponent } from './stage.ts';

/** The version of Node that a platform gets: npm's packages of one platform may lag behind. */
export function nodeVersion({ manifest, spec }: Pick<Obtained, 'manifest' | 'spec'>, platform: Platform): string {
  return (spec.kind === 'npm' ? spec.version[platform] : undefined) ?? manifest.version;
}

/** The Node program of a staged component. A given one (`--with`) is asked for its version where this machine can run it. */
export async function nodeBinary(staged: StagedComponent, platform: Platform): Promise<NodeBinary> {
  const path = join(staged.files, 'bin', 'node');
  const isRunnable = staged.spec.kind === 'local' && (await platformOfFile(path)) === currentPlatform();
  const version = isRunnable ? (await runOrThrow(path, ['--version'], { timeoutMs: 20_000 })).trim().replace(/^v/, '') : nodeVersion(staged, platform);
  return { path, version, sha256: await sha256File(path) };
}

/**
 * The manifest of the Node that prepares an executable for another platform: the same version, for this machine.
 * Undefined when the executable's own Node runs here.
 */
export function generatorManifest(node: Pick<Obtained, 'manifest' | 'spec'>, platform: Platform, host: Platform): Manifest | undefined {
  if (platform === host) return undefined;
  const version = nodeVersion(node, platform);
  const sources = node.manifest.sources.flatMap((source) => {
    if (source.kind !== 'npm') return [];
    const isPinned = (source.version[host] ?? node.manifest.version) === version;
    return [{ ...source, version: { [host]: version }, integrity: isPinned ? source.integrity : {} }];
  });
  return { ...node.manifest, version, sources };
}

/** Fetches the Node that prepares the executable; undefined when the executable's own will do. */
export async function obtainGenerator(
  node: Obtained,
  context: Omit<FetchContext, 'component'>,
  require: VerificationLevel | undefined,
): Promise<Obtained | undefined> {
  const host = currentPlatform();
  const manifest = generatorManifest(node, context.platform, host);
  if (manifest === undefined) return undefined;
  const outcome = await fetchComponent(manifest, { ...context, platform: host }, require === undefined ? {} : { require });
  if (outcome.ok) return { manifest, spec: outcome.spec, artifacts: outcome.artifacts, verified: outcome.verified };
  const reasons = outcome.reasons.map(({ source, message }) => `${source}: ${message}`).join('\n');
  throw new DkmError(
    outcome.code,
    `The executable for ${context.platform} is prepared by Node ${manifest.version} for ${host}, which cannot be had:\n${reasons}`,
    {
      hint: `Build for ${context.platform} on a machine of that kind, or give a Node of another version with --with ${manifest.name}=PATH.`,
    },
  );
}

/** The program of the Node that prepares the executable. */
export async function stageGenerator(
  generator: Obtained | undefined,
  own: NodeBinary,
  place: BuildPlace,
  context: Omit<FetchContext, 'component'>,
): Promise<NodeBinary> {
  if (generator === undefined) return own;
  const host = currentPlatform();
  return nodeBinary(await stageComponent(generator, place, { ...context, platform: host }), host);
}
