import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact, FetchContext } from '../../src/sources/api.ts';
import { openVendorStore } from '../../src/sources/vendor-store.ts';
import { temporaryDirectory } from './temporary.ts';

/** A context for fetching into a vendor directory of the test's own, quick to give up. What clients print is kept. */
export async function fetchContext(changes: Partial<FetchContext> = {}): Promise<FetchContext & { printed: () => string }> {
  let printed = '';
  return {
    component: { name: 'thing', version: '1.2.3' },
    platform: 'linux-x64',
    vendor: changes.vendor ?? (await openVendorStore(join(temporaryDirectory(), 'vendor'))),
    offline: false,
    onProgress: () => undefined,
    onOutput: (text) => {
      printed += text;
    },
    signal: new AbortController().signal,
    http: { backoffBaseMs: 1, timeouts: { connectMs: 5_000, stallMs: 1_000 } },
    printed: () => printed,
    ...changes,
  };
}

/** What work under way left behind in a vendor directory; nothing, after success and after failure. */
export async function leftovers(context: Pick<FetchContext, 'vendor'>): Promise<string[]> {
  return (await readdir(join(context.vendor.root, 'partial'))).sort();
}

/** Every file that a vendor directory holds, by digest. */
export async function storedDigests(context: Pick<FetchContext, 'vendor'>): Promise<string[]> {
  return (await readdir(join(context.vendor.root, 'sha256'))).sort();
}

/** Changes one byte in the middle of a file. */
export async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

/** What an artifact says of itself, without what differs between runs. */
export function gist({ file, archive, into, origin, verified }: Artifact): object {
  return { file, archive, into, origin, verified };
}
