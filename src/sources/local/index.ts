import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { sha256File } from '../../base/digest.ts';
import { DkmError, isNotFound } from '../../base/errors.ts';
import { fileKindOf, readHead, type FileKind } from '../../base/magic.ts';
import type { ArchiveKind } from '../../manifest/schema.ts';
import type { Artifact, FetchContext, Source } from '../source.ts';
import { digestTree } from './tree.ts';

/** A file or folder that the user gives with `--with NAME=PATH`. It stays where it is; its digest is recorded. */
export const localSource: Source<'local'> = {
  kind: 'local',
  describe: (spec) => resolve(spec.path),
  level: () => 'local',
  fetch: async ({ path }, context) => [await artifactAt(resolve(path), context)],
};

async function artifactAt(path: string, { component }: FetchContext): Promise<Artifact> {
  const status = await stat(path).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    throw new DkmError('file-missing', `${path}, given for ${component.name}, is not there.`, {
      hint: `Correct the path in --with ${component.name}=PATH.`,
      cause: error,
    });
  });
  const file = basename(path);
  // bundle.json holds no path of the machine that built it.
  const shared = { file, path, into: '', origin: file, verified: 'local' } as const;
  if (status.isDirectory()) return { ...shared, ...(await digestTree(path)), archive: 'tree' };
  return { ...shared, sha256: await sha256File(path), size: status.size, archive: archiveKindOf(await readHead(path), file, component.name) };
}

const ARCHIVE_OF: Record<Exclude<FileKind, 'html'>, ArchiveKind> = {
  gzip: 'tar.gz',
  xz: 'tar.xz',
  zip: 'zip',
  deb: 'deb',
  tar: 'tar',
  elf: 'binary',
  'mach-o': 'binary',
  script: 'binary',
};

/** How a file is packed, by its first bytes; its name only tells a wheel from another zip. Throws `archive-refused`. */
export function archiveKindOf(head: Buffer, file: string, component: string): ArchiveKind {
  const kind = fileKindOf(head);
  if (kind === 'zip' && file.endsWith('.whl')) return 'wheel';
  if (kind !== undefined && kind !== 'html') return ARCHIVE_OF[kind];
  const found = kind === 'html' ? 'a web page' : head.length === 0 ? 'an empty file' : `a file that begins with ${head.toString('hex', 0, 8)}`;
  throw new DkmError(
    'archive-refused',
    `${file}, given for ${component}: expected a folder, a program, or a tar (plain, gzip, xz), zip, wheel or deb archive; found ${found}.`,
    {
      hint: `Give another file with --with ${component}=PATH.`,
    },
  );
}
