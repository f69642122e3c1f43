import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestFile } from '../../base/digest.ts';
import { DkmError } from '../../base/errors.ts';
import { parseJson } from '../../base/structured.ts';
import type { Artifact, FetchContext, Source, SpecFor } from '../source.ts';
import { clientFailed, inScratch, notVendored, runClient, type Client } from '../client.ts';

const npm: Client = { command: 'npm', hint: 'Install Node.js with npm, for example: apt-get install nodejs npm' };

// Nothing of the package is run. A machine without Internet should find out in seconds, hence the short waits.
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=8000'];

/** A package of the npm registry, through the npm client; also one for another operating system or CPU. */
export const npmSource: Source<'npm'> = {
  kind: 'npm',
  describe: (spec, component, platform) => `npm package ${spec.package[platform] ?? `(none for ${platform})`}@${spec.version[platform] ?? component.version}`,
  level: (spec, platform) => (spec.integrity[platform] === undefined ? 'npm-integrity' : 'pinned'),
  fetch: async (spec, context) => {
    const name = packageOf(spec, context);
    const pinned = spec.integrity[context.platform];
    const request = JSON.stringify(['npm', name, pinned ?? '']);
    const recalled = await context.vendor.recall(request);
    if (recalled !== undefined) return recalled;
    if (context.offline) throw notVendored(`npm package ${name}`, context);
    const artifacts = [await inScratch(context.vendor, (scratch) => packed(name, pinned, scratch, context))];
    await context.vendor.remember(request, artifacts);
    return artifacts;
  },
};

/** `name@version` of the package for the platform. */
export function packageOf(spec: SpecFor<'npm'>, { component, platform }: Pick<FetchContext, 'component' | 'platform'>): string {
  const name = spec.package[platform];
  if (name !== undefined) return `${name}@${spec.version[platform] ?? component.version}`;
  throw new DkmError('source-unavailable', `${component.name}.toml names no npm package for ${platform}.`, {
    hint: `Add package.${platform} to its npm source.`,
  });
}

async function packed(name: string, pinned: string | undefined, scratch: string, context: FetchContext): Promise<Artifact> {
  const [integrity] = await Promise.all([
    pinned ?? publishedIntegrity(name, context, scratch),
    npmOrThrow(['pack', name, '--pack-destination', scratch], name, context, scratch),
  ]);
  const file = (await readdir(scratch)).find((entry) => entry.endsWith('.tgz'));
  if (file === undefined) throw new DkmError('source-unavailable', `npm pack ${name} left no file behind.`);
  const path = join(scratch, file);
  const found = `sha512-${(await digestFile(path, createHash('sha512'))).digest('base64')}`;
  if (found !== integrity) throw mismatch(name, integrity, found, pinned === undefined ? 'the registry' : 'the manifest');
  const stored = await context.vendor.adopt(path);
  context.onProgress(file, stored.size, stored.size);
  return { ...stored, file, archive: 'tar.gz', into: '', origin: `npm ${name}`, verified: pinned === undefined ? 'npm-integrity' : 'pinned' };
}

function mismatch(name: string, expected: string, found: string, toldBy: string): DkmError {
  return new DkmError('verification-failed', `npm package ${name}: expected integrity ${expected} (from ${toldBy}), found ${found}.`, {
    hint: 'The package was altered or published anew. Do not use it before its publisher explains why.',
  });
}

/** The SHA-512 that the registry holds for a package. Throws `source-unavailable` when it only has a weaker digest. */
export async function publishedIntegrity(name: string, context: FetchContext, scratch: string): Promise<string> {
  const answer = parseJson(await npmOrThrow(['view', name, 'dist.integrity', '--json'], name, context, scratch), `npm view ${name}`, 'source-unavailable');
  if (typeof answer === 'string' && answer.startsWith('sha512-')) return answer;
  throw new DkmError('source-unavailable', `The registry has no SHA-512 for the npm package ${name}, so it cannot be verified.`, {
    hint: 'Use another version of it.',
  });
}

async function npmOrThrow(args: readonly string[], name: string, context: FetchContext, cwd: string): Promise<string> {
  const finished = await runClient(npm, [...args, ...QUIET], context, { cwd });
  if (finished.code === 0) return finished.stdout;
  const isAltered = finished.stderr.includes('EINTEGRITY');
  throw clientFailed(isAltered ? 'verification-failed' : 'source-unavailable', `npm ${args[0]} ${name} failed`, finished);
}
