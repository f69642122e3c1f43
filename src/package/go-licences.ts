import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { listTree } from '../base/files.ts';
import type { Artifact } from '../sources/api.ts';
import type { EntryWriter } from './entry-writer.ts';
import { isLicenceName } from './licences.ts';
import { readZipFile } from './readers/zip.ts';
import { unpack } from './unpack.ts';

/**
 * Takes the licence texts out of what a Go program was compiled from: its own module and every other one that was
 * fetched for it, each below `<module>@<version>/`. The files of a module lie in a zip as a Go proxy gives it out
 * (https://go.dev/ref/mod#zip-files).
 */
export async function moduleLicences(artifacts: readonly Artifact[], scratch: string, destination: string): Promise<void> {
  const closure = join(scratch, 'closure');
  for (const artifact of artifacts) await unpack(artifact, closure);
  for (const path of await listTree(closure)) if (path.endsWith('.zip')) await readZipFile(join(closure, path), licenceWriter(destination));
}

/** Writes licence texts and passes over the rest; names come from zips whose digests Go checked. */
function licenceWriter(destination: string): EntryWriter {
  return {
    write: async ({ path, kind }, content) => {
      if (kind !== 'file' || !isLicenceText(path)) return;
      const target = join(destination, path);
      await mkdir(dirname(target), { recursive: true });
      await pipeline(await content(), createWriteStream(target));
    },
  };
}

/** True for the licence at the top of a module: `example.org/module@v1.2.3/LICENSE`. */
function isLicenceText(path: string): boolean {
  const [, inModule = ''] = /@v[^/]+\/(.+)$/.exec(path) ?? [];
  return !inModule.includes('/') && isLicenceName(inModule) && !path.split('/').includes('..');
}
