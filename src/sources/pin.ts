import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { digestFile } from '../base/digest.ts';
import { DkmError, messageOf } from '../base/errors.ts';
import { writeAtomic } from '../base/files.ts';
import { shownUrl } from '../base/http-policy.ts';
import type { Platform } from '../base/platform.ts';
import { parseManifest } from '../manifest/load.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { FetchContext, SpecFor } from './source.ts';
import { checksumUrl, fileNameOf, fileUrl } from './http/address.ts';
import { fetchExactly, publisherDigest } from './http/index.ts';
import { npmSource, packageOf } from './npm/index.ts';
import { withPins, type PinKey, type Pins } from './pin-text.ts';

/** One file, for one platform, and what came of pinning it. */
export type PinReport = { platform: Platform; file: string } & ({ digest: string; was: string | undefined } | { failure: DkmError });

type PinContext = Omit<FetchContext, 'component' | 'platform' | 'offline'>;

/**
 * Records digests in a manifest file: for every http source and platform the publisher's checksum, after fetching the
 * file and checking it against that; for every npm source the registry's integrity, after checking the package against
 * it. What could not be had is reported, and the rest is written.
 */
export async function pinManifest(path: string, context: PinContext): Promise<PinReport[]> {
  let text = await readFile(path, 'utf8');
  const manifest = parseManifest(text, basename(path));
  const reports: PinReport[] = [];
  for (const [index, spec] of manifest.sources.entries()) {
    if (spec.kind !== 'http' && spec.kind !== 'npm') continue;
    const own = await Promise.all(
      spec.platforms.map((platform) => (spec.kind === 'http' ? pinFile(spec, platform, manifest, context) : pinPackage(spec, platform, manifest, context))),
    );
    reports.push(...own);
    text = withReports(text, index, spec.kind === 'http' ? 'sha256' : 'integrity', own);
  }
  if (reports.length === 0) throw new DkmError('usage', `${manifest.name} has no http or npm source: there is nothing to pin.`);
  await writeAtomic(path, text, 0o644);
  return reports;
}

function withReports(text: string, index: number, key: PinKey, reports: readonly PinReport[]): string {
  const pins: Pins = Object.fromEntries(reports.flatMap((report) => ('digest' in report ? [[report.platform, report.digest]] : [])));
  return Object.keys(pins).length === 0 ? text : withPins(text, index, key, pins);
}

async function pinFile(spec: SpecFor<'http'>, platform: Platform, manifest: Manifest, context: PinContext): Promise<PinReport> {
  const url = fileUrl(spec, manifest, platform);
  const file = fileNameOf(url);
  return reported(platform, file, spec.sha256[platform], async () => {
    const beside = checksumUrl(spec, manifest, platform);
    if (beside === undefined) {
      throw new DkmError('source-unavailable', `${shownUrl(url)}: ${manifest.name}.toml has no checksum_url for it.`, {
        hint: `Add checksum_url, or write the publisher's digest to sha256.${platform} by hand.`,
      });
    }
    const digest = await publisherDigest(beside, file, context);
    return (await fetchExactly(digest, url, shownUrl(beside), context)).sha256;
  });
}

async function pinPackage(spec: SpecFor<'npm'>, platform: Platform, manifest: Manifest, context: PinContext): Promise<PinReport> {
  const own: FetchContext = { ...context, component: manifest, platform, offline: false };
  return reported(platform, spec.package[platform] ?? 'npm package', spec.integrity[platform], async () => {
    packageOf(spec, own);
    const [artifact] = await npmSource.fetch({ ...spec, integrity: {} }, own);
    return `sha512-${(await digestFile(artifact?.path ?? '', createHash('sha512'))).digest('base64')}`;
  });
}

async function reported(platform: Platform, file: string, was: string | undefined, find: () => Promise<string>): Promise<PinReport> {
  try {
    return { platform, file, was, digest: await find() };
  } catch (error) {
    if (error instanceof DkmError && error.code === 'interrupted') throw error;
    return { platform, file, failure: error instanceof DkmError ? error : new DkmError('download-failed', messageOf(error), { cause: error }) };
  }
}
