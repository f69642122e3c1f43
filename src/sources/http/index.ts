import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../../base/digest.ts';
import { DkmError } from '../../base/errors.ts';
import { shownUrl } from '../../base/http-policy.ts';
import { download, fetchText } from '../../base/http.ts';
import type { Artifact, FetchContext, Source, SpecFor } from '../source.ts';
import { notVendored } from '../client.ts';
import type { StoredFile } from '../vendor-store.ts';
import { checksumUrl, fileNameOf, fileUrl } from './address.ts';
import { checksumFor } from './checksum.ts';

type Spec = SpecFor<'http'>;

/** A file at an address: an archive or a program, pinned in the manifest or checked against its publisher's checksum. */
export const httpSource: Source<'http'> = {
  kind: 'http',
  describe: (spec, component, platform) => shownUrl(fileUrl(spec, component, platform)),
  level: (spec, platform) => (spec.sha256[platform] === undefined ? 'publisher-checksum' : 'pinned'),
  fetch: async (spec, context) => {
    const url = fileUrl(spec, context.component, context.platform);
    const pinned = spec.sha256[context.platform];
    const stored = pinned === undefined ? await checkedByPublisher(spec, url, context) : await exactly(pinned, url, 'the manifest', context);
    return [artifactOf(spec, url, stored, context)];
  },
};

function artifactOf(spec: Spec, url: string, stored: StoredFile, { platform }: FetchContext): Artifact {
  return { ...stored, file: fileNameOf(url), archive: spec.archive, into: '', origin: shownUrl(url), verified: httpSource.level(spec, platform) };
}

/** A file whose digest is only known from a checksum file beside it. */
async function checkedByPublisher(spec: Spec, url: string, context: FetchContext): Promise<StoredFile> {
  const beside = checksumUrl(spec, context.component, context.platform);
  if (beside === undefined) throw unverifiable(url, context);
  const request = JSON.stringify(['http', url, beside]);
  const recalled = (await context.vendor.recall(request))?.[0];
  if (recalled !== undefined) return recalled;
  if (context.offline) throw notVendored(shownUrl(url), context);
  const digest = await publisherDigest(beside, fileNameOf(url), context);
  const stored = await exactly(digest, url, shownUrl(beside), context);
  await context.vendor.remember(request, [artifactOf(spec, url, stored, context)]);
  return stored;
}

function unverifiable(url: string, { component, platform }: FetchContext): DkmError {
  return new DkmError(
    'source-unavailable',
    `${shownUrl(url)} cannot be verified: ${component.name}.toml has neither sha256.${platform} nor checksum_url for it.`,
    {
      hint: `Add checksum_url to ${component.name}.toml and run "npm run make-package -- pin ${component.name}", or write the publisher's digest to sha256.${platform} by hand.`,
    },
  );
}

/** The digest that a publisher's checksum file tells for a file. Throws `source-unavailable` when it tells none. */
export async function publisherDigest(checksumFile: string, fileName: string, context: Pick<FetchContext, 'signal' | 'http'>): Promise<string> {
  const text = await fetchText(checksumFile, { ...context.http, signal: context.signal });
  const digest = checksumFor(text, fileName);
  if (digest !== undefined) return digest;
  throw new DkmError('source-unavailable', `${shownUrl(checksumFile)} tells no SHA-256 for ${fileName}.`, {
    hint: 'Expected 64 hexadecimal digits, or lines of "digest  file name". Correct checksum_url in the manifest.',
  });
}

/** The file with this digest: from the store, or fetched and checked. `toldBy` says in an error who expects the digest. */
async function exactly(digest: string, url: string, toldBy: string, context: FetchContext): Promise<StoredFile> {
  const stored = await context.vendor.find(digest);
  if (stored !== undefined) return stored;
  if (context.offline) throw notVendored(shownUrl(url), context);
  return fetchExactly(digest, url, toldBy, context);
}

/** Fetches a file and takes it into the store when it has this digest; else throws `verification-failed` and leaves nothing. */
export async function fetchExactly(
  digest: string,
  url: string,
  toldBy: string,
  context: Omit<FetchContext, 'platform' | 'offline' | 'component'>,
): Promise<StoredFile> {
  const file = fileNameOf(url);
  // The digest is part of the key: what was begun for another content is not continued.
  const folder = await context.vendor.claim(`${digest} ${url}`);
  try {
    const path = join(folder, 'content');
    await download(url, path, {
      ...context.http,
      signal: context.signal,
      onProgress: (done, total) => context.onProgress(file, done, total),
      onRetry: (message) => context.onOutput(`${message}\n`),
    });
    const found = await sha256File(path);
    if (found === digest) return await context.vendor.adopt(path);
    throw new DkmError('verification-failed', `${shownUrl(url)}: expected SHA-256 ${digest} (from ${toldBy}), found ${found}.`, {
      hint: 'The file was altered, cut short on the way, or published anew. Do not use it; ask its publisher, or pin the new digest after checking it.',
    });
  } finally {
    // What an interrupted run leaves is continued by the next one.
    if (!context.signal.aborted) await rm(folder, { recursive: true, force: true });
  }
}
